"""Content credentials (C2PA): a signed note within a photo that says that it was AI-edited, and in which style.

It follows the C2PA specification, https://spec.c2pa.org; the extra `sign` brings the library that writes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from impasto.errors import MissingExtraError, OutputError, UsageError
from impasto.version import __version__

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_PEM_END: Final = "-----END CERTIFICATE-----"
_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate and its key, with which photos are signed; see `load_credentials`.

    Attributes
    ----------
    issued_to
        Whom the certificate names.
    """

    path: Path
    issued_to: str
    _chain: str = field(repr=False)
    _key: str = field(repr=False)
    _algorithm: str = field(repr=False)

    def write(self, source: Path, target: Path, style: str) -> None:
        """Write a photo with a signed note that it was AI-edited in a style; whole or not at all.

        Parameters
        ----------
        source
            A JPEG, PNG, WebP or TIFF, which stays as it is.

        Raises
        ------
        OutputError
            It cannot be signed so.
        """
        import c2pa  # noqa: PLC0415  an extra

        beside = target.with_name(f".{target.stem}.signing{target.suffix}")
        info = c2pa.C2paSignerInfo(self._algorithm, self._chain.encode(), self._key.encode(), None)
        try:
            with c2pa.Signer.from_info(info) as signer, c2pa.Builder(_statement(style)) as builder:
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
                builder.sign_file(source, beside, signer)
            beside.replace(target)
        except (c2pa.C2paError, OSError) as error:
            reason = " ".join(str(error).split())[:200]
            raise OutputError(f"{target} cannot be signed with {self.path}: {reason}. Check --sign.") from error
        finally:
            beside.unlink(missing_ok=True)


def load_credentials(path: Path) -> Credentials:
    """Read a PEM file that holds a certificate, those that vouch for it, and the private key.

    Raises
    ------
    MissingExtraError
        The extra `sign` is not installed.
    UsageError
        The file holds no such pair, or one that cannot sign.
    """
    try:
        import c2pa  # noqa: F401, PLC0415  an extra
        from cryptography import x509  # noqa: PLC0415
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("Signing needs more to be installed: pip install 'impasto[sign]'") from error
    try:
        data = path.read_bytes()
        certificates = x509.load_pem_x509_certificates(data)
        key = serialization.load_pem_private_key(_key_part(data), None)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} must hold a certificate and its private key, as PEM without a passphrase.") from error
    leaf = certificates[0]
    if _public(leaf.public_key()) != _public(key.public_key()):
        raise UsageError(f"The private key in {path} is not that of its first certificate.")
    names = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    chain = "".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in certificates)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    issued_to = str(names[0].value) if names else leaf.subject.rfc4514_string()
    return Credentials(path, issued_to, chain, private.decode(), _algorithm_of(key, path))


def _key_part(data: bytes) -> bytes:
    """Return what stands outside the certificates, wherever the key is among them."""
    kept, inside = [], False
    for line in data.decode("ascii", "replace").splitlines():
        inside = inside or line.strip() == "-----BEGIN CERTIFICATE-----"
        if not inside:
            kept.append(line)
        inside = inside and line.strip() != _PEM_END
    return "\n".join(kept).encode()


def _public(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    said: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return said


def _algorithm_of(key: PrivateKeyTypes, path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415

    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    raise UsageError(f"The key in {path} is of a kind that photos are not signed with: take P-256, P-384 or Ed25519.")


def _statement(style: str) -> dict[str, Any]:
    edited = {
        "action": "c2pa.edited",
        "description": f"AI-edited: style {style!r}, by Impasto",
        "digitalSourceType": _SOURCE_TYPE,
        "softwareAgent": {"name": "Impasto", "version": __version__},
        "parameters": {"style": style},
    }
    return {
        "claim_generator_info": [{"name": "Impasto", "version": __version__}],
        "title": f"AI-edited in the style {style}",
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [edited]}}],
    }
