from __future__ import annotations

import pytest
from PIL import ImageCms

from .pictures import icc_profile


@pytest.fixture(scope="session")
def wide_profile() -> bytes:
    """Adobe RGB (1998), adapted to D50."""
    return icc_profile(
        [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)], 2.19921875
    )


@pytest.fixture(scope="session")
def gray_profile() -> bytes:
    """Grey with gamma 1: half the light is half the number."""
    return icc_profile([], 1.0)


@pytest.fixture(scope="session")
def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
