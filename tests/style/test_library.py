from __future__ import annotations

from pathlib import Path

import pytest
from paint_styles import make_paint_style

from impasto.errors import OutputError, StyleFileError, UnknownStyleError, UsageError
from impasto.style.file import load_style, save_style
from impasto.style.library import StyleLibrary, default_library

from .conftest import flip, make_manifest, make_style


def put(folder: Path, name: str, description: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_style(make_style(manifest=make_manifest(name=name, description=description)), folder / f"{name}.style")
    return folder / f"{name}.style"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StyleLibrary:
    """Two built-in styles, an empty user's part, and an empty working directory."""
    put(tmp_path / "builtin", "kodak", "A warm print.")
    put(tmp_path / "builtin", "noir", "Black and white.")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return StyleLibrary(tmp_path / "builtin", tmp_path / "home" / "styles")


def test_lists_and_describes(library: StyleLibrary) -> None:
    assert library.names() == ["kodak", "noir"]
    assert library.describe() == {"kodak": "A warm print.", "noir": "Black and white."}
    assert library.resolve("noir") == library.builtin_dir / "noir.style"


def test_lists_nothing_but_style_files(library: StyleLibrary) -> None:
    (library.builtin_dir / "README.md").write_text("x", encoding="utf-8")
    (library.builtin_dir / ".hidden.style").write_text("x", encoding="utf-8")
    (library.builtin_dir / ".style").write_text("x", encoding="utf-8")
    (library.builtin_dir / "folder.style").mkdir()
    assert library.names() == ["kodak", "noir"]


def test_without_any_folder_there_are_no_styles(tmp_path: Path) -> None:
    library = StyleLibrary(tmp_path / "no", tmp_path / "none")
    assert library.names() == []
    with pytest.raises(UnknownStyleError, match="impasto styles"):
        library.resolve("kodak")


def test_a_broken_file_is_described_as_such_and_hides_no_other(library: StyleLibrary) -> None:
    (library.builtin_dir / "broken.style").write_bytes(b"x")
    described = library.describe()
    assert "not a style file" in described["broken"]
    assert described["noir"] == "Black and white."


def test_the_family_is_told_with_the_description(library: StyleLibrary) -> None:
    make_paint_style(library.user_dir / "monet.style", "invert")
    (library.user_dir / "broken.style").write_bytes(b"x")
    overview = {name: rest for name, *rest in library.overview()}
    assert list(overview) == library.names()
    assert overview["kodak"] == ["look", "A warm print."]
    assert overview["monet"] == ["paint", "A paint style that does invert."]
    assert overview["broken"][0] == ""
    assert set(library.manifests()) == {"kodak", "noir", "monet"}
    assert library.manifests()["monet"].needs.working_side is not None


def test_added_styles_are_found_and_can_be_removed(library: StyleLibrary, tmp_path: Path) -> None:
    source = put(tmp_path / "from", "wedding", "Bright.")
    assert library.add(source) == "wedding"
    assert library.names() == ["kodak", "noir", "wedding"]
    assert library.resolve("wedding").read_bytes() == source.read_bytes()
    assert not library.is_builtin("wedding")
    library.remove("wedding")
    assert library.names() == ["kodak", "noir"]
    assert source.exists()
    assert list(library.user_dir.iterdir()) == []


def test_an_own_style_hides_a_builtin_one_until_removed(library: StyleLibrary, tmp_path: Path) -> None:
    library.add(put(tmp_path / "from", "kodak", "Mine."))
    assert library.describe()["kodak"] == "Mine."
    assert library.names() == ["kodak", "noir"]
    assert not library.is_builtin("kodak")
    library.remove("kodak")
    assert library.describe()["kodak"] == "A warm print."
    assert library.is_builtin("kodak")


def test_adding_under_another_name(library: StyleLibrary, tmp_path: Path) -> None:
    source = put(tmp_path / "from", "wedding")
    assert library.add(source, name="summer") == "summer"
    assert load_style(library.resolve("summer")).manifest.name == "wedding"
    assert "wedding" not in library.names()


def test_adding_twice_needs_leave(library: StyleLibrary, tmp_path: Path) -> None:
    source = put(tmp_path / "from", "wedding", "One.")
    library.add(source)
    put(tmp_path / "from", "wedding", "Two.")
    with pytest.raises(UsageError, match=r"'wedding' is installed already.*--overwrite"):
        library.add(source)
    assert library.describe()["wedding"] == "One."
    library.add(source, overwrite=True)
    assert library.describe()["wedding"] == "Two."


@pytest.mark.parametrize("name", ["../escape", "", "a/b", ".hidden", "nul"])
def test_adding_under_an_unsafe_name(library: StyleLibrary, tmp_path: Path, name: str) -> None:
    source = put(tmp_path / "from", "wedding")
    with pytest.raises(UsageError, match="cannot name a style"):
        library.add(source, name=name)
    assert not library.user_dir.exists()


def test_adding_verifies_every_member(library: StyleLibrary, tmp_path: Path) -> None:
    source = put(tmp_path / "from", "wedding")
    sound = source.read_bytes()
    for member in ("style.json", "generator.onnx", "weights.safetensors", "preview.jpg"):
        source.write_bytes(sound)
        flip(source, member)
        with pytest.raises(StyleFileError, match=rf"wedding\.style.*{member}"):
            library.add(source)
    with pytest.raises(StyleFileError, match=r"missing\.style"):
        library.add(tmp_path / "missing.style")
    assert library.names() == ["kodak", "noir"]


def test_adding_where_nothing_can_be_written(library: StyleLibrary, tmp_path: Path) -> None:
    library.user_dir.parent.write_text("a file in the way", encoding="utf-8")
    with pytest.raises(OutputError, match="home"):
        library.add(put(tmp_path / "from", "wedding"))


def test_a_builtin_style_stays(library: StyleLibrary) -> None:
    with pytest.raises(UsageError, match="came with Impasto"):
        library.remove("noir")
    assert "noir" in library.names()


def test_removing_what_is_not_there(library: StyleLibrary) -> None:
    put(Path(), "local")
    for name in ("nior", "local", "../work/local", ""):
        with pytest.raises(UnknownStyleError, match="no style named"):
            library.remove(name)
    assert Path("local.style").exists()


@pytest.mark.parametrize("given", ["kodac", "Kodac", "KODKA", "kodak2"])
def test_the_nearest_name_is_suggested(library: StyleLibrary, given: str) -> None:
    with pytest.raises(UnknownStyleError) as caught:
        library.resolve(given)
    assert str(caught.value) == f"no style named {given!r}; did you mean 'kodak'?"


@pytest.mark.parametrize("given", ["ukiyoe", "Ukiyo-E", "UKIYO_E", "ukiyo e", "ukiyo.e", " ukiyo-e "])
def test_case_spaces_and_dashes_do_not_matter(library: StyleLibrary, given: str) -> None:
    installed = put(library.user_dir, "ukiyo-e")
    assert library.resolve(given) == installed


def test_accents_may_be_encoded_either_way(library: StyleLibrary) -> None:
    installed = put(library.user_dir, "été")
    assert library.resolve("E\u0301te\u0301") == installed


def test_of_names_that_differ_in_dashes_only_none_is_guessed(library: StyleLibrary) -> None:
    exact, dashed = put(library.user_dir, "ukiyoe"), put(library.user_dir, "ukiyo-e")
    assert (library.resolve("ukiyoe"), library.resolve("ukiyo-e")) == (exact, dashed)
    with pytest.raises(UnknownStyleError, match=r"did you mean 'ukiyo-?e' or 'ukiyo-?e'\?"):
        library.resolve("Ukiyo_E")


def test_a_file_here_of_the_very_name_goes_before_an_installed_one_that_is_alike(library: StyleLibrary) -> None:
    put(library.user_dir, "ukiyo-e")
    here = put(Path(), "ukiyoe")
    assert library.resolve("ukiyoe") == here


def test_dashes_alone_find_nothing(library: StyleLibrary) -> None:
    put(library.user_dir, "_")
    with pytest.raises(UnknownStyleError, match="no style named '-'"):
        library.resolve("-")


def test_removing_asks_for_the_very_name(library: StyleLibrary) -> None:
    kept = put(library.user_dir, "ukiyo-e")
    with pytest.raises(UnknownStyleError, match="did you mean 'ukiyo-e'"):
        library.remove("ukiyoe")
    assert kept.exists()


def test_several_near_names(library: StyleLibrary) -> None:
    put(library.user_dir, "kodak-2")
    with pytest.raises(UnknownStyleError, match=r"did you mean 'kodak(-2)?' or 'kodak(-2)?'\?"):
        library.resolve("kodk")


def test_nothing_near(library: StyleLibrary) -> None:
    with pytest.raises(UnknownStyleError, match="'impasto styles' lists"):
        library.resolve("zzzzzz")
    with pytest.raises(UnknownStyleError, match="no style named ''"):
        library.resolve("")


def test_a_path_is_taken_as_it_is(library: StyleLibrary, tmp_path: Path) -> None:
    source = put(tmp_path / "from", "wedding")
    assert library.resolve(source) == source
    assert library.resolve(str(source)) == source
    assert library.resolve("../from/wedding.style") == Path("../from/wedding.style")


def test_a_file_of_another_kind_is_found_for_who_reads_it_to_say_so(
    library: StyleLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("people.classifier").write_bytes(b"PK")
    assert library.resolve("people.classifier") == Path("people.classifier")
    with pytest.raises(UnknownStyleError):
        library.resolve("others.classifier")


def test_a_missing_path_names_its_neighbours(library: StyleLibrary, tmp_path: Path) -> None:
    source = put(tmp_path / "from", "wedding")
    with pytest.raises(
        UnknownStyleError, match=r"there is no style file .*weding\.style; did you mean 'wedding\.style'\?"
    ):
        library.resolve(source.with_name("weding.style"))
    with pytest.raises(UnknownStyleError, match=r"no/such\.style"):
        library.resolve("no/such.style")


def test_a_folder_is_no_style(library: StyleLibrary, tmp_path: Path) -> None:
    (tmp_path / "album.style").mkdir()
    with pytest.raises(StyleFileError, match=r"album\.style"):
        library.resolve(tmp_path / "album.style")


def test_a_file_in_the_working_directory_can_do_without_its_suffix(library: StyleLibrary) -> None:
    put(Path(), "wedding")
    assert library.resolve("wedding").resolve() == Path("wedding.style").resolve()
    assert library.names() == ["kodak", "noir"]


def test_an_installed_style_goes_before_the_working_directory(library: StyleLibrary) -> None:
    put(Path(), "kodak")
    assert library.resolve("kodak") == library.builtin_dir / "kodak.style"
    assert library.resolve("kodak.style") == Path("kodak.style")


def test_the_default_library_moves_with_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path))
    assert default_library().user_dir == tmp_path / "styles"
    monkeypatch.delenv("IMPASTO_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    default = default_library()
    assert default.user_dir.name == "styles"
    assert "impasto" in default.user_dir.parts
    assert default.builtin_dir.parent.name == "style"
