"""What red, green and blue weigh in luma."""

from __future__ import annotations

from typing import Final

LUMA_WEIGHTS: Final = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
    "fcc": (0.30, 0.11),
    "smpte240m": (0.212, 0.087),
}
"""What red and blue weigh in luma, of each matrix (ITU-R BT.601, BT.709, BT.2020; FCC; SMPTE 240M)."""
LUMA: Final = (0.299, 0.587, 0.114)
"""What red, green and blue weigh in the luma of BT.601, which stands for brightness wherever no film says otherwise."""
