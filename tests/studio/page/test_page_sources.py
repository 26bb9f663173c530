"""The page's files, read: both languages are whole, names meet, and nothing would be stopped by the CSP."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from impasto.studio.page_files import _TYPES
from impasto.studio.settings import PAGE_DIR

from ..studio_parts import TestClient

MAX_LINES = 400
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in sorted((PAGE_DIR / "js").glob("*.js"))}
STYLES = {path.name: path.read_text(encoding="utf-8") for path in sorted((PAGE_DIR / "css").glob("*.css"))}
CODE = {name: text for name, text in SCRIPTS.items() if not name.startswith("words-")}
FILES = [path for path in sorted(PAGE_DIR.rglob("*")) if path.is_file()]
ENTRY = re.compile(r'^  (?:"([^"]+)"|(\w+)):\s*(?:"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'),$', re.MULTILINE)
ONLY_CHINESE = re.compile(r"error\.\w+|style\.[\w-]+\.about")
"""Refusals and descriptions come in English from the server."""
PIECED = (
    *("family.", "film.", "status.", "announce.", "error.", "style.", "curve.", "fault.", "filter.", "where."),
    *("live.width.", "learn.look", "learn.paint", "data.signing.", "fact.distance.", "verdict."),
)
"""Beginnings of keys that are put together where they are used."""


def words(language: str) -> dict[str, str]:
    text = re.sub(r":\n\s+", ": ", SCRIPTS[f"words-{language}.js"])
    return {quoted or plain: double or single for quoted, plain, double, single in ENTRY.findall(text)}


ENGLISH, CHINESE = words("en"), words("zh")


def holes(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_the_words_are_read_as_they_are() -> None:
    assert ENGLISH["photos.title"] == "Your photo, in every style."
    assert CHINESE["photos.title"] == "你的照片，每一种风格。"
    for language, found in (("en", ENGLISH), ("zh", CHINESE)):
        assert len(found) == len(re.findall(r"^  \S.*?:", SCRIPTS[f"words-{language}.js"], re.MULTILINE))


def test_every_word_is_there_in_both_languages() -> None:
    assert {key for key in ENGLISH if key not in CHINESE and not key.endswith(".one")} == set()
    assert {key for key in CHINESE if key not in ENGLISH and not ONLY_CHINESE.fullmatch(key)} == set()
    assert {key for key in ENGLISH if key.endswith(".one") and key.removesuffix(".one") not in ENGLISH} == set()


def test_both_languages_are_told_the_same() -> None:
    assert {key for key in ENGLISH.keys() & CHINESE.keys() if holes(ENGLISH[key]) != holes(CHINESE[key])} == set()


def test_chinese_is_chinese() -> None:
    plain = {key for key, text in CHINESE.items() if not re.search(r"[\u4e00-\u9fff]", text)}
    assert plain == {"learn.name.hint", *(f"live.width.{width}" for width in (480, 640, 960, 1280))}
    assert {key for key, text in CHINESE.items() if re.search(r"[\u4e00-\u9fff][,;!?]|\.\.\.", text)} == set()


def used_keys() -> set[str]:
    """Return each string of the code and the page that could be a key."""
    code = "\n".join(CODE.values()) + (PAGE_DIR / "index.html").read_text(encoding="utf-8")
    return set(re.findall(r"[\"'`]([a-z][a-zA-Z0-9_./-]*)[\"'`]", code))


def test_every_word_is_used() -> None:
    used = used_keys()
    known = {key.removesuffix(".one") for key in ENGLISH}
    assert {key for key in known - used if not key.startswith(PIECED)} == set()


def test_every_word_that_is_used_is_there() -> None:
    code = "\n".join(text for name, text in CODE.items() if name != "language.js")
    calls = (
        r"(?:\bt|label|hint): \[?\"([\w./-]+)\"",
        r"\b(?:words|announce|confirmed)\(\"([\w./-]+)\"",
        r"\bsay\(\w[\w.]*, \[?\"([\w./-]+)\"",
    )
    found = {key for call in calls for key in re.findall(call, code)}
    assert len(found) > 100
    assert found - ENGLISH.keys() == set()


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style"):
            self.inline += data.strip()


@pytest.fixture(scope="module")
def html() -> Reader:
    reader = Reader()
    reader.feed((PAGE_DIR / "index.html").read_text(encoding="utf-8"))
    return reader


def test_nothing_is_inline(html: Reader) -> None:
    assert html.inline == ""
    assert [tag for tag, _ in html.tags if tag == "style"] == []
    assert [name for _, given in html.tags for name in given if name == "style" or name.startswith("on")] == []


def test_what_the_page_loads_is_its_own(html: Reader) -> None:
    links = [given[name] for _, given in html.tags for name in ("src", "href") if given.get(name)]
    own = [link for link in links if link and link.startswith("/page/")]
    assert [link for link in links if link not in own and not str(link).startswith("#")] == []
    assert [link for link in own if not PAGE_DIR.joinpath(link.removeprefix("/page/")).is_file()] == []
    assert {Path(link).name for link in own if link.endswith(".css")} == STYLES.keys()


def test_scripts_make_no_code_and_reach_nowhere_else() -> None:
    for name, text in SCRIPTS.items():
        assert not re.search(r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write", text), (
            name
        )
        addresses = re.findall(r"https?://[^\s\"'`]+", text)
        assert addresses == (["http://www.w3.org/2000/svg"] if name == "dom.js" else []), name
        assert not re.search(r"setAttribute\(\"(style|on\w+)\"", text), name
    for name, text in STYLES.items():
        assert "url(" not in text, name
        assert "@import" not in text, name


def test_imports_lead_to_what_is_exported() -> None:
    exported = {
        name: set(re.findall(r"export (?:async )?(?:function\*?|const|class|let) (\w+)", text))
        for name, text in SCRIPTS.items()
    }
    for name, text in SCRIPTS.items():
        for names, source in re.findall(r"import \{([^}]+)\} from \"\./([\w-]+\.js)\"", text):
            wanted = {each.strip() for each in names.split(",") if each.strip()}
            assert wanted <= exported[source], f"{name} from {source}"
            body = re.sub(r"import \{[^}]+\} from [^;]+;", "", text)
            assert {each for each in wanted if not re.search(rf"\b{each}\b", body)} == set(), f"unused in {name}"


def test_every_script_is_part_of_the_page() -> None:
    reached, waiting = set(), ["main.js"]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting += [each for each in re.findall(r"from \"\./([\w-]+\.js)\"", SCRIPTS[name]) if each not in reached]
    assert reached == SCRIPTS.keys()


def test_ids_that_scripts_look_for_exist(html: Reader) -> None:
    there = {given["id"] for _, given in html.tags if given.get("id")}
    wanted = {each for text in CODE.values() for each in re.findall(r"getElementById\(\"([\w-]+)\"\)", text)}
    assert wanted <= there
    assert len(wanted) >= 5


def test_every_drawing_that_is_used_is_drawn() -> None:
    drawings = re.search(r"const DRAWINGS = \{(.*?)\n\};", SCRIPTS["dom.js"], re.DOTALL)
    assert drawings is not None
    drawn = set(re.findall(r"^  (\w+):", drawings[1], re.MULTILINE))
    used = {each for text in CODE.values() for each in re.findall(r"\bicon\(\"(\w+)\"\)", text)}
    rooms = re.search(r"const ROOMS = \{(.*?)\}", SCRIPTS["main.js"], re.DOTALL)
    assert rooms is not None
    used |= set(re.findall(r"(\w+):", rooms[1])) - {"data"}
    assert used == drawn


def test_every_class_that_is_styled_is_used() -> None:
    styled = {each for text in STYLES.values() for each in re.findall(r"\.([a-z][\w-]*)(?=[^{};]*\{)", text)}
    code = "\n".join([*CODE.values(), (PAGE_DIR / "index.html").read_text(encoding="utf-8")])
    made = {"pass", "review", "refuse", "done", "failed", "cancelled", "library-room"}
    made |= {"line-1", "line-2", "legend-1", "legend-2"}
    assert {each for each in styled - made if not re.search(rf"(?<![\w-]){each}(?![\w-])", code)} == set()


def test_files_are_short() -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_every_file_is_served(client: TestClient) -> None:
    for path in FILES:
        name = path.relative_to(PAGE_DIR).as_posix()
        answer = client.get("/" if name == "index.html" else f"/page/{name}")
        assert answer.status_code == 200, name
        assert answer.content == path.read_bytes(), name
        assert answer.headers["Content-Type"] == _TYPES[path.suffix]
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
