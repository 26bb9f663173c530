import sys
from itertools import pairwise

import numpy as np
import pytest
from paint_styles import paint_model

from impasto.apply import riding_kernels
from impasto.apply.noise_field import noise_field
from impasto.apply.paint import Brush, PaintStylizer
from impasto.apply.riding_noise import Ride, riding_noise
from impasto.apply.stylizer import State
from impasto.apply.working_picture import WorkingSize, working_picture, working_size
from impasto.media.frame import Frame
from impasto.style.runtime import OnnxRuntime

cv2 = pytest.importorskip("cv2")

HEIGHT, WIDTH = 120, 160
SIZE = working_size(HEIGHT, WIDTH, HEIGHT)


def scene() -> np.ndarray:
    """Return a picture with shapes of all sizes, larger than the frames that are cut out of it."""
    random = np.random.default_rng(7)
    layers = [
        cv2.resize(random.random((side, side, 3)).astype(np.float32), (400, 400), interpolation=cv2.INTER_CUBIC)
        for side in (12, 30, 70)
    ]
    return np.clip((layers[0] + 0.6 * layers[1] + 0.4 * layers[2]) / 2, 0.25, 0.75)


SCENE = scene()


def window(left: float, top: float, scale: float = 1.0) -> np.ndarray:
    matrix = np.array([[1 / scale, 0, left], [0, 1 / scale, top]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.rint(cv2.warpAffine(SCENE, matrix, (WIDTH, HEIGHT), flags=flags) * 255).astype(np.uint8)


def pan(across: float, down: float, num_frames: int) -> list[np.ndarray]:
    return [window(60 + across * index, 60 + down * index) for index in range(num_frames)]


def zoom(factor: float, num_frames: int) -> list[np.ndarray]:
    scales = [factor ** (index / (num_frames - 1)) for index in range(num_frames)]
    return [window(200 - WIDTH / 2 / scale, 200 - HEIGHT / 2 / scale, scale) for scale in scales]


def noises(frames: list[np.ndarray], size: WorkingSize = SIZE, **options: int) -> list[np.ndarray]:
    """Return the noise for each frame of one shot, H×W."""
    ride, found = None, []
    for pixels in frames:
        noise, ride = riding_noise(working_picture(pixels, size, num_threads=1), size, 0, ride, **options)
        found.append(noise[0, 0])
    return found


def painted(frames: list[np.ndarray], *, follows: bool = True, shots: list[int] | None = None) -> list[np.ndarray]:
    brush = Brush(working_side=HEIGHT, follows=follows)
    stylizer, state, found = PaintStylizer(OnnxRuntime(paint_model("grain")), brush), State(), []
    for index, pixels in enumerate(frames):
        frame, state = stylizer(Frame(pixels, index=index, shot=0 if shots is None else shots[index]), state)
        found.append(frame.pixels.astype(np.float32) - pixels)
    return found


def error_along(grains: list[np.ndarray], across: float, down: float, gap: int) -> float:
    """Return how much grain changes along a pan, from a frame to one `gap` later, over how much there is."""
    errors = []
    for first, second in zip(grains, grains[gap:], strict=False):
        matrix = np.array([[1, 0, -across * gap], [0, 1, -down * gap]], np.float32)
        moved = cv2.warpAffine(second, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        inner = (slice(24, HEIGHT - 24), slice(24, WIDTH - 24))
        errors.append(np.abs(moved[inner] - first[inner]).mean() / np.abs(first[inner]).mean())
    return float(np.mean(errors))


# --- what moves, and what does not ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("across", "down", "gap"), [(3, 0, 1), (-2, 1, 1), (4, -3, 2)])
def test_grain_stays_on_what_a_pan_goes_over(across, down, gap):
    frames = pan(across, down, 14)
    riding, fixed = (error_along(painted(frames, follows=follows), across, down, gap) for follows in (True, False))
    assert fixed > 1
    assert riding < 0.5 * fixed


@pytest.mark.parametrize(("across", "down"), [(0.5, 0), (0.25, 0.5), (-0.7, 0.3)])
def test_slow_motion_is_not_lost(across, down):
    frames = pan(across, down, 24)
    # Smoothed by as much as noise may lag behind.
    riding, fixed = (
        error_along(
            [cv2.GaussianBlur(grain, (0, 0), 1.5) for grain in painted(frames, follows=follows)], across, down, 16
        )
        for follows in (True, False)
    )
    assert fixed > 1
    assert riding < 0.65 * fixed


def test_whole_pixels_carry_the_field_as_it_is():
    first, *_, last = noises(pan(3, -2, 6))
    inner = last[30:-30, 30:-30]
    assert (inner == first[20:-40, 45:-15]).mean() > 0.9


def test_grain_grows_with_what_comes_nearer_but_not_without_end():
    found = noises(zoom(3.0, 60))
    for noise in found[-5:]:
        likeness = [np.corrcoef(noise[1:].ravel(), noise[:-1].ravel())[0, 1]]
        likeness.append(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1])
        # Noise that is fetched with a zoom of 3 would be alike from pixel to pixel at 2 of 3.
        assert max(likeness) < 0.4
        assert noise.std() == pytest.approx(1, abs=0.05)


def test_a_zoom_changes_the_noise_bit_by_bit():
    found = noises(zoom(1.5, 40))
    changed = [(before != after).mean() for before, after in pairwise(found)]
    assert max(changed[1:]) < 0.8


def test_what_stands_still_keeps_its_noise_exactly():
    field = noise_field(SIZE.padded_height, SIZE.padded_width)[0, 0]
    for noise in noises([window(60, 60)] * 30):
        np.testing.assert_array_equal(noise, field)


def test_the_grain_of_a_camera_does_not_move_the_noise():
    random = np.random.default_rng(3)
    frames = [np.clip(window(60, 60) + random.normal(0, 2, (HEIGHT, WIDTH, 3)), 0, 255) for _ in range(30)]
    first, *rest = noises([pixels.astype(np.uint8) for pixels in frames])
    assert min((noise == first).mean() for noise in rest) > 0.98


def test_only_what_moves_takes_its_noise_along():
    frames = [window(60, 60) for _ in range(8)]
    for index, pixels in enumerate(frames):
        pixels[40:90, 30 + 4 * index : 80 + 4 * index] = (255 * SCENE[300:350, 300:350]).astype(np.uint8)
    first, *_, last = noises(frames)
    top, left = 40 + SIZE.margin, 30 + SIZE.margin
    moved, still = last[top + 12 : top + 38, left + 40 : left + 66], last[:24]
    assert (moved == first[top + 12 : top + 38, left + 12 : left + 38]).mean() > 0.7
    assert (still == first[:24]).mean() > 0.95


# --- beginnings -----------------------------------------------------------------------------------------------------


def test_a_still_and_the_first_frame_get_the_field_of_the_canvas():
    (noise,) = noises([window(60, 60)])
    np.testing.assert_array_equal(noise, noise_field(SIZE.padded_height, SIZE.padded_width)[0, 0])


def test_a_cut_starts_anew():
    frames = [*pan(4, 0, 4), *pan(4, 0, 4)]
    found = painted(frames, shots=[0] * 4 + [1] * 4)
    for before, after in zip(found[:4], found[4:], strict=True):
        np.testing.assert_array_equal(before, after)
    assert (found[3] != found[0]).mean() > 0.5


def test_a_shot_comes_out_the_same_every_time_on_any_number_of_threads():
    frames = [*pan(2.3, 0.7, 8), *zoom(1.6, 8)]
    before = cv2.getNumThreads()
    try:
        results = []
        for num_threads in (1, 3):
            cv2.setNumThreads(num_threads)
            results.append(noises(frames, num_threads=num_threads))
    finally:
        cv2.setNumThreads(before)
    np.testing.assert_array_equal(*results)


def test_noise_stays_where_it_is_without_opencv(monkeypatch):
    frames = pan(3, 0, 4)
    expected = painted(frames, follows=False)
    monkeypatch.setitem(sys.modules, "cv2", None)
    np.testing.assert_array_equal(painted(frames), expected)


def test_a_brush_that_does_not_follow_looks_for_no_motion(monkeypatch):
    monkeypatch.setattr("impasto.apply.riding_noise.estimate_flow", lambda *_: pytest.fail("motion was looked for"))
    assert len(painted(pan(3, 0, 4), follows=False)) == 4


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (17, 16), (500, 700)])
def test_frames_of_any_size(shape):
    random = np.random.default_rng(2)
    frames = [random.integers(0, 256, (*shape, 3), np.uint8) for _ in range(3)]
    size = working_size(*shape, 448)
    for noise in noises(frames, size):
        assert noise.shape == (size.padded_height, size.padded_width)
        assert np.isfinite(noise).all()


# --- kernels --------------------------------------------------------------------------------------------------------


def test_luma_of_cells():
    planes = np.zeros((3, 5, 7), np.float32)
    planes[:, :4, 4:] = 1
    target = np.empty((2, 2), np.uint8)
    riding_kernels.shrink_luma(planes, 4, target)
    np.testing.assert_array_equal(target, [[0, 255], [0, 0]])


def test_drifts_are_mixed_but_not_across_a_tear():
    drift = np.zeros((3, 3, 2), np.float32)
    drift[:, 1], drift[:, 2] = (2, 1), (90, 1)
    assert riding_kernels.drift_between(drift, 1.0, 0.25, 3.0) == pytest.approx((0.5, 0.25))
    assert riding_kernels.drift_between(drift, 1.0, 1.4, 3.0) == pytest.approx((2, 1))
    assert riding_kernels.drift_between(drift, 1.0, 1.6, 3.0) == pytest.approx((90, 1))
    assert riding_kernels.drift_between(drift, -5.0, 7.0, 3.0) == pytest.approx((90, 1))


@pytest.mark.parametrize(
    ("matrix", "stretch"),
    [
        ([[1, 0], [0, 1]], (1, 1)),
        ([[0.5, 0], [0, 1]], (0.5, 1)),
        ([[1.5, 0], [0, 0.75]], (0.75, 1.5)),
        ([[0.8, -0.6], [0.6, 0.8]], (1, 1)),
    ],
)
def test_stretch_of_a_block(matrix, stretch):
    rows, columns = np.mgrid[:6, :6] * 4.0
    places = np.stack([columns, rows], axis=-1)
    drift = (places @ np.transpose(matrix) - places).astype(np.float32)
    assert riding_kernels.block_stretch(drift, 4, 3.2, (0, 6, 0, 6)) == pytest.approx(stretch, abs=1e-4)


def test_blocks_that_stretch_too_much_are_renewed():
    drift = np.zeros((12, 15, 2), np.float32)
    drift[:6, 6:12, 0] = -0.5 * np.arange(6)
    drift[6:, :6] = np.random.default_rng(1).uniform(0, 99, (6, 6, 2))
    before, fresh = drift.copy(), np.full((2, 3, 2), 77, np.float32)
    assert riding_kernels.renew_blocks(drift, 1, 0.8, 6, np.full((2, 3), 1.5), fresh) == 2
    renewed = np.zeros((12, 15), bool)
    renewed[:6, 6:12] = renewed[6:, :6] = True
    assert (drift[renewed] == 77).all()
    np.testing.assert_array_equal(drift[~renewed], before[~renewed])


def test_a_ride_of_another_seed_is_another_field():
    first, second = (riding_noise(np.zeros((1, 3, 136, 176), np.float32), SIZE, seed, None) for seed in (0, 1))
    assert isinstance(first[1], Ride)
    assert (first[0] != second[0]).mean() > 0.9


def looked_up(drift: np.ndarray, held: np.ndarray, cell: int = 2, margin: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Look up a small canvas in a field whose values are their places: 100 times the row, and the column."""
    field = (100 * np.arange(16)[:, None] + np.arange(32)).astype(np.float32)
    target, steps = np.zeros(held.shape[:2], np.float32), np.empty_like(held)
    riding_kernels.look_up_rows(field, drift, (cell, margin, 1.6), (held, steps), target, np.arange(held.shape[0]))
    return target, steps


@pytest.mark.parametrize("offset", [(0, 0), (3, 2), (-5, 0), (0, -7), (40, 35), (-300, 123)])
def test_noise_is_looked_up_a_drift_away_in_a_field_without_end(offset):
    across, down = offset
    target, steps = looked_up(np.full((4, 6, 2), offset, np.float32), np.zeros((10, 14, 2), np.int32))
    rows, columns = np.mgrid[:10, :14]
    np.testing.assert_array_equal(target, 100 * ((rows + down) % 16) + (columns + across) % 32)
    assert (steps == offset).all()


@pytest.mark.parametrize(
    ("before", "drift", "after"), [(0, 0.4, 0), (0, 1.4, 0), (0, 1.6, 2), (3, 1.6, 3), (-2, 1.2, 1)]
)
def test_noise_holds_its_place_while_the_drift_is_little(before, drift, after):
    held = np.full((10, 14, 2), before, np.int32)
    _, steps = looked_up(np.full((4, 6, 2), drift, np.float32), held)
    assert (steps == after).all()
    assert (held == before).all()


def test_a_tear_runs_between_cells():
    drift = np.zeros((4, 6, 2), np.float32)
    drift[:, 3:] = 20
    _, steps = looked_up(drift, np.zeros((10, 14, 2), np.int32))
    # The margin is 1 and a cell 2, so that the fourth cell begins at column 7.
    np.testing.assert_array_equal(steps[..., 0], np.broadcast_to(np.where(np.arange(14) < 7, 0, 20), (10, 14)))


def test_drifts_are_carried_from_where_the_flow_leads():
    drift = np.zeros((5, 6, 2), np.float32)
    drift[..., 0] = np.arange(6)
    flow, carried = np.zeros((5, 6, 2), np.float32), np.empty((5, 6, 2), np.float32)
    flow[..., 0], flow[..., 1] = -1.5, 0.25
    riding_kernels.carry_drift(drift, flow, 4, 3.2, carried)
    np.testing.assert_allclose(carried[..., 0], np.broadcast_to([-6, -6, -5.5, -4.5, -3.5, -2.5], (5, 6)))
    np.testing.assert_allclose(carried[..., 1], 1)


@pytest.mark.parametrize(("step", "most"), [(0, 2), (0.25, 2), (4, 8)])
def test_frames_are_held_against_an_earlier_one_until_much_has_moved(step, most):
    ride = None
    for pixels in pan(step, 0, 16):
        _, ride = riding_noise(working_picture(pixels, SIZE, num_threads=1), SIZE, 0, ride)
    assert 1 <= ride.num_renewals <= most
    assert ride.num_renewals >= 4 or step < 1


def test_a_ride_that_was_begun_can_be_taken_on_twice():
    frames = [working_picture(pixels, SIZE, num_threads=1) for pixels in pan(3, 0, 4)]
    _, ride = riding_noise(frames[0], SIZE, 0, None)
    _, ride = riding_noise(frames[1], SIZE, 0, ride)
    (first, _), (other, _) = (riding_noise(frames[index], SIZE, 0, ride) for index in (2, 3))
    again, _ = riding_noise(frames[2], SIZE, 0, ride)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
