import numpy as np
import pytest

from impasto.apply.lut import BakedLut, Lut3D


@pytest.fixture(scope="session")
def film_lut() -> Lut3D:
    """A smooth look with crosstalk, lifted blacks and compressed whites."""
    grid = Lut3D.identity(33).table
    mixed = 0.85 * grid + 0.1 * grid[..., ::-1] ** 2 + 0.05 * grid.mean(axis=-1, keepdims=True)
    return Lut3D(0.04 + 0.9 * mixed**1.2)


@pytest.fixture(scope="session")
def steep_lut() -> Lut3D:
    """A table of random values: the hardest case for interpolation."""
    return Lut3D(np.random.default_rng(1).random((17, 17, 17, 3), np.float32))


@pytest.fixture(scope="session")
def baked_film(film_lut) -> BakedLut:
    return film_lut.baked(num_threads=1)
