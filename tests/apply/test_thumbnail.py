import numpy as np
import pytest

from impasto.apply.thumbnail import area_thumbnail


def smooth_picture(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    y, x = (y + 0.5) / height, (x + 0.5) / width
    return np.stack([x, y, 0.5 + 0.5 * np.sin(7 * x * y)], axis=-1).astype(np.float32)


@pytest.mark.parametrize("shape", [(480, 640), (333, 517), (64, 64), (1, 1), (63, 65), (10, 2000), (5000, 50)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_is_what_training_computes(shape, dtype):
    torch = pytest.importorskip("torch")
    pixels = np.random.default_rng(2).random((*shape, 3), np.float32)
    if dtype != "float32":
        pixels = (pixels * np.iinfo(dtype).max).astype(dtype)
    scaled = pixels / np.float32(1 if dtype == "float32" else np.iinfo(dtype).max)
    batch = torch.from_numpy(scaled.transpose(2, 0, 1)[None].copy())
    expected = torch.nn.functional.interpolate(batch, size=(64, 64), mode="area")[0].permute(1, 2, 0).numpy()
    assert np.abs(area_thumbnail(pixels, 64) - expected).max() < 2e-6


def test_is_the_plain_mean_where_the_size_divides():
    pixels = np.random.default_rng(3).integers(0, 256, (60, 90, 3), np.uint8)
    expected = pixels.reshape(6, 10, 6, 15, 3).mean(axis=(1, 3)) / 255
    assert np.allclose(area_thumbnail(pixels, 6), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(480, 640), (700, 400), (1001, 777), (2160, 3840)])
def test_is_the_same_for_any_size_of_a_picture(shape):
    reference = area_thumbnail(smooth_picture(640, 640), 64)
    assert np.abs(area_thumbnail(smooth_picture(*shape), 64) - reference).max() < 0.02


def test_depth_does_not_matter():
    pixels = np.random.default_rng(4).integers(0, 256, (300, 200, 3), np.uint8)
    shallow = area_thumbnail(pixels, 32)
    assert np.allclose(area_thumbnail(pixels.astype(np.uint16) * 257, 32), shallow, atol=1e-6)
    assert np.allclose(area_thumbnail((pixels / np.float32(255)).astype(np.float32), 32), shallow, atol=1e-6)


def test_white_stays_white_in_a_very_tall_16bit_picture():
    pixels = np.full((50_000, 50, 3), 65535, np.uint16)
    assert np.allclose(area_thumbnail(pixels, 64), 1, atol=1e-6)


def test_memory_layout_and_threads_do_not_matter():
    pixels = np.random.default_rng(5).integers(0, 256, (200, 300, 3), np.uint8)
    turned = np.ascontiguousarray(pixels.swapaxes(0, 1)).swapaxes(0, 1)
    expected = area_thumbnail(pixels, 16, num_threads=1)
    assert np.array_equal(area_thumbnail(turned, 16, num_threads=2), expected)


def test_the_fourth_byte_of_padded_pixels_is_not_seen():
    pixels = np.random.default_rng(6).integers(0, 256, (130, 90, 3), np.uint8)
    padded = np.full((130, 90, 4), 255, np.uint8)
    padded[..., :3] = pixels
    assert np.array_equal(area_thumbnail(padded[..., :3], 16), area_thumbnail(pixels, 16))
    assert np.array_equal(area_thumbnail(padded[::-1, :, :3], 16), area_thumbnail(pixels[::-1], 16))
