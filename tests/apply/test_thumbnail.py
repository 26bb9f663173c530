import numpy as np
import pytest

from impasto.apply.thumbnail import area_thumbnail, planar_thumbnail
from impasto.media.frame import Color, Frame
from impasto.media.planar import PlanarFrame

from .planar_frames import noise_frame


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


@pytest.mark.parametrize("bits", [8, 10, 16])
@pytest.mark.parametrize("subsampling", [(2, 2), (2, 1), (1, 1)])
@pytest.mark.parametrize("is_full", [False, True])
def test_the_thumbnail_of_a_film_is_that_of_its_rgb(bits, subsampling, is_full):
    height, width = 90, 161
    colors = np.random.default_rng(1).random((6, 7, 3)) * 0.6 + 0.2
    rows, columns = np.arange(height) * 6 // height, np.arange(width) * 7 // width
    pixels = (colors[np.ix_(rows, columns)] * 65535).astype(np.uint16)
    color = Color(full_range=is_full, matrix="bt601")
    blank = noise_frame((height, width), bits, subsampling, color)
    frame = PlanarFrame.from_rgb(Frame(pixels), blank)
    difference = planar_thumbnail(frame, 16) - area_thumbnail(frame.to_rgb().pixels, 16)
    assert np.abs(difference).mean() < 0.006
    assert np.abs(planar_thumbnail(frame, 1) - area_thumbnail(frame.to_rgb().pixels, 1)).max() < 0.004


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 500)])
def test_a_film_smaller_than_its_thumbnail(size):
    thumbnail = planar_thumbnail(noise_frame(size), 8)
    assert thumbnail.shape == (8, 8, 3)
    assert 0 <= thumbnail.min() <= thumbnail.max() <= 1


def test_the_green_blue_and_red_of_a_film_are_red_green_and_blue():
    levels = (10, 200, 90)
    planes = tuple(np.full((4, 4), level, np.uint8) for level in levels)
    frame = PlanarFrame(planes, 8, (1, 1), Color(matrix="identity"))
    assert planar_thumbnail(frame, 2)[0, 0].tolist() == pytest.approx([90 / 255, 10 / 255, 200 / 255])
