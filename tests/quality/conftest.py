from __future__ import annotations

import numpy as np
import pytest

from .pictures import Image


@pytest.fixture(scope="session")
def astronaut() -> Image:
    data = pytest.importorskip("skimage.data")
    return (data.astronaut()[:320, 60:380] / np.float32(255)).astype(np.float32)
