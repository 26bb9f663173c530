"""Certificates made on the fly, by an authority that nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any


def make_certificate(path: Path, name: str = "A photographer", key: str = "P-256", days: int = 30) -> Path:
    """Write a certificate, its authority's, and its private key into a PEM file; return where it is."""
    from cryptography.hazmat.primitives import serialization

    authority, own = _key("P-256"), _key(key)
    root = _certificate("A test authority", "A test authority", authority, authority, days=60)
    leaf = _certificate(name, "A test authority", own, authority, days=days)
    private = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    parts = [each.public_bytes(serialization.Encoding.PEM) for each in (leaf, root)]
    path.write_bytes(b"".join([*parts, private]))
    return path


def _key(kind: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if kind == "RSA":
        return rsa.generate_private_key(65537, 2048)
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key({"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "secp256k1": ec.SECP256K1}[kind]())


def _certificate(subject: str, issuer: str, key: Any, issuer_key: Any, days: int) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    def named(name: str) -> x509.Name:
        organization = x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Impasto's tests")
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name), organization])

    is_authority, now = key is issuer_key, datetime.now(UTC)
    purposes = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=is_authority, crl_sign=is_authority, decipher_only=False, **purposes
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
    if not is_authority:
        mail = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(mail, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
