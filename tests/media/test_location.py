"""Where a picture was taken goes, and all else stays, byte for byte where it can."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from impasto.media.exif import PREFIX, first_directory
from impasto.media.frame import Metadata
from impasto.media.location import has_location, without_location

GPS, MAKE, ORIENTATION = 0x8825, 0x010F, 0x0112
LATITUDE = (51.0, 30.0, 26.463)


def exif_block(*, located: bool = True, make: str = "Camera of mine") -> bytes:
    exif = Image.Exif()
    exif[MAKE], exif[ORIENTATION] = make, 1
    if located:
        exif.get_ifd(GPS).update({1: "N", 2: LATITUDE, 3: "W", 4: (0.0, 7.0, 39.93)})
    return PREFIX + exif.tobytes().removeprefix(PREFIX)


def xmp_of(inside: str, attributes: str = "") -> bytes:
    return (
        f'<x:xmpmeta><rdf:Description tiff:Make="Camera" {attributes}>{inside}</rdf:Description></x:xmpmeta>'.encode()
    )


def read_back(exif: bytes) -> Image.Exif:
    """Return what a reader finds in it, in a file as it is in real life."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG", exif=exif)
    return Image.open(stream).getexif()


def test_coordinates_go_and_the_rest_stays() -> None:
    before = Metadata(exif=exif_block(), dpi=(72.0, 72.0))
    assert has_location(before)
    after = without_location(before)
    assert not has_location(after)
    assert after.dpi == before.dpi
    assert after.exif is not None
    found = read_back(after.exif)
    assert (found[MAKE], found[ORIENTATION]) == ("Camera of mine", 1)
    assert GPS not in found
    assert dict(found.get_ifd(GPS)) == {}


def test_no_byte_of_the_coordinates_is_left() -> None:
    exif = exif_block()
    numbers = b"".join(struct.pack("<II", *pair) for pair in ((51, 1), (30, 1)))
    turned = b"".join(struct.pack(">II", *pair) for pair in ((51, 1), (30, 1)))
    assert numbers in exif or turned in exif
    cleaned = without_location(Metadata(exif=exif)).exif
    assert cleaned is not None
    assert numbers not in cleaned
    assert turned not in cleaned


def test_offsets_stay_true() -> None:
    """What lies behind the coordinates, maker notes among it, is found by where it lies in the block."""
    exif = exif_block(make="A name that is too long to lie in its entry")
    cleaned = without_location(Metadata(exif=exif)).exif
    assert cleaned is not None
    assert len(cleaned) == len(exif)
    before, after = (first_directory(each.removeprefix(PREFIX)) for each in (exif, cleaned))
    assert before is not None
    assert after is not None
    assert set(before.entries) - set(after.entries) == {GPS}
    assert read_back(cleaned)[MAKE] == "A name that is too long to lie in its entry"


def test_a_picture_that_says_nothing_stays_as_it_is() -> None:
    plain = Metadata(exif=exif_block(located=False), xmp=xmp_of("<dc:title>At home</dc:title>"))
    assert not has_location(plain)
    assert without_location(plain) == plain
    assert without_location(Metadata()) == Metadata()


@pytest.mark.parametrize(
    ("inside", "attributes"),
    [
        ("", 'exif:GPSLatitude="51,30.4N" exif:GPSLongitude="0,7.6W"'),
        ("", "photoshop:City='London'"),
        ("<photoshop:City>London</photoshop:City>", ""),
        ("<photoshop:Country>UK</photoshop:Country><photoshop:State>London</photoshop:State>", ""),
        ("<exif:GPSAltitude>12/1</exif:GPSAltitude>", ""),
        ("<Iptc4xmpCore:Location>Tower Bridge</Iptc4xmpCore:Location>", ""),
        ("<Iptc4xmpCore:CountryCode/>", ""),
        (
            "<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li Iptc4xmpExt:City='London'/></rdf:Bag>"
            "</Iptc4xmpExt:LocationCreated>",
            "",
        ),
    ],
)
def test_places_go_from_xmp(inside: str, attributes: str) -> None:
    before = Metadata(xmp=xmp_of(f"<dc:title>Kept</dc:title>{inside}", attributes))
    assert has_location(before)
    after = without_location(before).xmp
    assert after is not None
    assert not has_location(Metadata(xmp=after))
    assert b"<dc:title>Kept</dc:title>" in after
    assert b'tiff:Make="Camera"' in after
    for word in (b"London", b"51,30", b"12/1", b"Tower", b"UK"):
        assert word not in after


def test_xmp_that_cannot_be_cleaned_is_left_out() -> None:
    broken = xmp_of("<photoshop:City>London")
    assert has_location(Metadata(xmp=broken))
    assert without_location(Metadata(xmp=broken)).xmp is None


def test_exif_that_cannot_be_read_is_left_out() -> None:
    assert without_location(Metadata(exif=PREFIX + b"no TIFF at all")).exif is None
    pointed = bytearray(exif_block())
    directory = first_directory(bytes(pointed).removeprefix(PREFIX))
    assert directory is not None
    struct.pack_into(directory.byte_order + "I", pointed, len(PREFIX) + directory.entries[GPS] + 8, 0x7FFFFFFF)
    assert without_location(Metadata(exif=bytes(pointed))).exif is None


@given(st.integers(0, 400), st.binary(min_size=1, max_size=6))
def test_damaged_blocks_are_cleaned_or_left_out(place: int, damage: bytes) -> None:
    exif = exif_block()
    place %= len(exif) - len(damage)
    exif = exif[:place] + damage + exif[place + len(damage) :]
    assert not has_location(without_location(Metadata(exif=exif)))
