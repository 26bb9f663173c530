"""The numbers by which films say how their colours are to be read (ITU-T H.273), and what they mean."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.media.frame import Color

UNSPECIFIED = 2
LIMITED, FULL = 1, 2
_HD_WIDTH, _SD_HEIGHT = 1280, 576
_PRIMARIES = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "ebu3213",
}
_TRANSFERS = {
    1: "bt709",
    4: "gamma22",
    5: "gamma28",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log100",
    10: "log316",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "srgb",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    17: "smpte428",
    18: "arib-std-b67",
}
_MATRICES = {0: "identity", 1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020"}
_OTHER_MATRICES = {8: "ycgco", 10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c"}
_OTHER_MATRICES |= {14: "ictcp", 15: "ipt-c2", 16: "ycgco-re", 17: "ycgco-ro"}


@dataclass(frozen=True, slots=True)
class ColorTags:
    """What a film says of its colours, as it says it: an output repeats it, gaps and all.

    Attributes
    ----------
    primaries, transfer, matrix
        Code points of H.273; 2 where nothing is said.
    range
        1 limited, 2 full, 0 where nothing is said.
    """

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    range: int = 0

    @property
    def is_hdr(self) -> bool:
        """Whether values stand for light beyond white: PQ or HLG."""
        return self.transfer in {16, 18}


def read_color(tags: ColorTags, pixel_format: str, size: tuple[int, int], is_rgb: bool, depth: int) -> Color:
    """Return what tags mean, and where nothing is said what players take it for: BT.601 below HD, else BT.709.

    Parameters
    ----------
    size
        Width and height of what is coded.
    """
    guess = "bt709" if size[0] >= _HD_WIDTH or size[1] > _SD_HEIGHT else "bt601"
    named = _MATRICES.get(tags.matrix) or _OTHER_MATRICES.get(tags.matrix, guess)
    matrix = guess if named == "identity" and not is_rgb else named
    is_grey = pixel_format.startswith(("gray", "ya", "mono"))
    is_full = is_rgb or pixel_format.startswith("yuvj") or tags.range == FULL or (is_grey and tags.range != LIMITED)
    return Color(
        primaries=_PRIMARIES.get(tags.primaries, "bt709"),
        transfer=_TRANSFERS.get(tags.transfer, "bt709"),
        full_range=is_full,
        bit_depth=depth,
        matrix="identity" if is_rgb else matrix,
    )
