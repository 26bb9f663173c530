import numpy as np
import pytest

from impasto.apply.lut import Lut3D
from impasto.errors import OutputError, UnreadableMediaError
from impasto.export.cube import read_cube, write_cube


@pytest.fixture(scope="module")
def lut() -> Lut3D:
    """Steep and asymmetric, so that swapped axes or another interpolation cannot pass."""
    grid = Lut3D.identity(17).table
    red, green, blue = grid[..., 0], grid[..., 1], grid[..., 2]
    curved = [red**2, 0.2 + 0.7 * np.sin(3 * green) * (1 - 0.5 * red), 0.9 * blue**0.5 * (0.3 + 0.7 * green)]
    return Lut3D(np.stack(curved, axis=-1).clip(0, 1))


@pytest.fixture(scope="module")
def colors() -> np.ndarray:
    return np.random.default_rng(0).random((64, 96, 3), np.float32)


def graded_by_opencolorio(path, colors: np.ndarray) -> np.ndarray:
    ocio = pytest.importorskip("PyOpenColorIO")
    transform = ocio.FileTransform(str(path), interpolation=ocio.INTERP_TETRAHEDRAL)
    processor = ocio.Config.CreateRaw().getProcessor(transform).getDefaultCPUProcessor()
    graded = colors.reshape(-1, 3).copy()
    processor.applyRGB(graded)
    return graded.reshape(colors.shape)


def graded_by_ffmpeg(path, colors: np.ndarray) -> np.ndarray:
    av = pytest.importorskip("av")
    graph = av.filter.Graph()
    height, width = colors.shape[:2]
    source = graph.add_buffer(width=width, height=height, format="gbrpf32le", time_base="1/25")
    grade = graph.add("lut3d", f"file={path}:interp=tetrahedral")
    sink = graph.add("buffersink")
    source.link_to(grade)
    grade.link_to(sink)
    graph.configure()
    frame = av.VideoFrame.from_ndarray(colors, "gbrpf32le")
    frame.pts = 0
    source.push(frame)
    return sink.pull().to_ndarray()


@pytest.mark.parametrize("size", [33, 65])
@pytest.mark.parametrize("grade", [graded_by_opencolorio, graded_by_ffmpeg])
def test_other_programs_read_the_same_map(lut, colors, size, grade, tmp_path):
    """Measured: at most 1.8e-7 through OpenColorIO 2.6 and through FFmpeg (PyAV 18), at 33³ and 65³ alike."""
    path = tmp_path / "look.cube"
    write_cube(lut, path, "a look", size)
    error = np.abs(grade(path, colors) - lut.apply(colors)).max()
    assert error < 2e-6, f"{grade.__name__} differs by up to {error:.1e} at {size} steps"


@pytest.mark.parametrize("size", [17, 33, 65, None])
def test_read_back(lut, colors, size, tmp_path):
    path = tmp_path / "look.cube"
    write_cube(lut, path, size=size)
    back = read_cube(path)
    assert back.size == (size or lut.size)
    assert np.abs(back.apply(colors) - lut.apply(colors)).max() < 1e-6


def test_red_runs_fastest(tmp_path):
    path = tmp_path / "identity.cube"
    write_cube(Lut3D.identity(2), path, size=None)
    rows = [line for line in path.read_text().splitlines() if line[0].isdigit()]
    assert rows[1].split() == ["1.0000000", "0.0000000", "0.0000000"]
    assert rows[2].split() == ["0.0000000", "1.0000000", "0.0000000"]


def test_title_is_one_quoted_line(tmp_path):
    path = tmp_path / "look.cube"
    write_cube(Lut3D.identity(2), path, 'my "best"\nlook', None)
    assert path.read_text().splitlines()[0] == "TITLE \"my 'best' look\""


def test_values_are_written_within_range(tmp_path):
    path = tmp_path / "look.cube"
    write_cube(Lut3D(Lut3D.identity(3).table * 4 - 2), path, size=None)
    table = read_cube(path).table
    assert (table.min(), table.max()) == (0, 1)


IDENTITY_ROWS = "\n".join(f"{r} {g} {b}" for b in (0, 1) for g in (0, 1) for r in (0, 1))


@pytest.mark.parametrize(
    "text",
    [
        f"LUT_3D_SIZE 2\n{IDENTITY_ROWS}",
        f'# made by hand\n\nTITLE "x"\nLUT_3D_SIZE 2 # small\n\n{IDENTITY_ROWS}\n# end\n\n',
        f"\ufeffLUT_3D_SIZE 2\r\nDOMAIN_MIN 0.0 0.0 0.0\r\nDOMAIN_MAX 1.0 1.0 1.0\r\n{IDENTITY_ROWS}\r\n",
        f"lut_3d_size 2\nLUT_3D_INPUT_RANGE 0 1\n\t{IDENTITY_ROWS}",
    ],
)
def test_what_others_write_is_understood(text, tmp_path):
    path = tmp_path / "other.cube"
    path.write_bytes(text.encode())
    assert np.array_equal(read_cube(path).table, Lut3D.identity(2).table)


@pytest.mark.parametrize("domain", ["DOMAIN_MIN 0 0 0\nDOMAIN_MAX 2 2 2", "LUT_3D_INPUT_RANGE 0 2"])
def test_another_domain_is_resampled(domain, tmp_path):
    path = tmp_path / "wide.cube"
    path.write_text(f"LUT_3D_SIZE 2\n{domain}\n{IDENTITY_ROWS}")
    assert np.allclose(read_cube(path).table, Lut3D.identity(2).table / 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("LUT_1D_SIZE 2\n0 0 0\n1 1 1", "1D LUT"),
        ("", "LUT_3D_SIZE"),
        ("LUT_3D_SIZE two", "two"),
        ("LUT_3D_SIZE 1\n0 0 0", "from 2"),
        ("LUT_3D_SIZE 999999", "from 2"),
        (f"LUT_3D_SIZE 3\n{IDENTITY_ROWS}", "27 lines"),
        (f"LUT_3D_SIZE 2\n{IDENTITY_ROWS} 1", "three numbers"),
        (f"LUT_3D_SIZE 2\n{IDENTITY_ROWS[:-1]}x", "x"),
        (f"LUT_3D_SIZE 2\n{IDENTITY_ROWS[:-1]}nan", "finite"),
        (f"LUT_3D_SIZE 2\nDOMAIN_MAX 0 0 0\n{IDENTITY_ROWS}", "domain"),
        (f"LUT_3D_SIZE 2\nDOMAIN_MAX 1\n{IDENTITY_ROWS}", "domain"),
        (f"LUT_3D_SIZE 2\nLUT_3D_INPUT_RANGE 0\n{IDENTITY_ROWS}", "domain|unpack"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_name(text, message, tmp_path):
    path = tmp_path / "bad.cube"
    path.write_text(text)
    with pytest.raises(UnreadableMediaError, match=message) as caught:
        read_cube(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "missing.cube", tmp_path):
        with pytest.raises(UnreadableMediaError, match="cannot be read"):
            read_cube(path)


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(OutputError):
        write_cube(Lut3D.identity(2), tmp_path / "missing" / "look.cube")
    with pytest.raises(OutputError):
        write_cube(Lut3D.identity(2), tmp_path)
    assert list(tmp_path.iterdir()) == []
