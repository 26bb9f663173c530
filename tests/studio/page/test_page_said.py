"""What the server and its monitor say: all of it has both languages, and holes keep what stands in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import impasto
from impasto.studio.settings import PAGE_DIR
from impasto.train.collection import Collection, Example, Rejection
from impasto.train.monitor import Monitor, Observation

from .conftest import Site
from .test_page_learn import learning

SOURCE = Path(impasto.__file__).parent
PAIR = re.compile(r'\[\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)",?\s*\]')
TABLE = PAIR.findall((PAGE_DIR / "js" / "said-zh.js").read_text(encoding="utf-8"))
HOLE = re.compile(r"\{\w+\}")
LATIN = re.compile(r"[A-Za-z]{3,}")
LEARNING = ("job", "film_frames", "grain", "reference_choice", "paint_material", "monitor", "trainer")
"""The modules whose words a run passes on."""
PUT_TOGETHER = {"{}: {}", "step {}: {}", "grain: {}", "grain: looking at {} {}", "{} {}. {}"}
"""Other things that are said, with something before or after; tried as they come out."""


def pieces(node: ast.expr) -> str | None:
    """Return the words of a string in code, with {} where something is put in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values)
    return None


def calls(path: Path, names: set[str], place: int) -> Iterator[str]:
    """Yield what calls of these names are given in this place, as far as it is written there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in names and len(node.args) > place:
            told = pieces(node.args[place])
            if told is not None:
                yield told


def refusals() -> set[str]:
    return {told for path in (SOURCE / "studio").glob("*.py") for told in calls(path, {"RefusedError"}, 1)}


def words_of_runs() -> set[str]:
    modules = [SOURCE / "train" / f"{name}.py" for name in LEARNING]
    said = {told for path in modules for told in calls(path, {"say", "Remedy", "append"}, 0)}
    return {told for told in said if " " in told}


def translated(text: str) -> str | None:
    """Do as said.js does."""
    best: tuple[int, str] | None = None
    for english, chinese in TABLE:
        holes = [hole[1:-1] for hole in HOLE.findall(english)]
        found = re.fullmatch("(.+?)".join(map(re.escape, HOLE.split(english))), text, re.DOTALL)
        length = len(HOLE.sub("", english))
        if found and (best is None or length > best[0]):
            given = dict(zip(holes, map(inside, found.groups()), strict=True))
            best = length, HOLE.sub(lambda hole, given=given: given[hole[0][1:-1]], chinese)  # type: ignore[misc]
    return best[1] if best else None


def inside(text: str) -> str:
    parts = [translated(part) for part in text.split(", ")]
    return "、".join(filter(None, parts)) if all(parts) else translated(text) or text


def said_by_the_monitor() -> set[str]:
    """Have the monitor see all that it has words for."""
    said = {Monitor().verdict()}
    for real, fake, diversity in ((0.5, 0.5, 1.0), (0.99, 0.99, 1.0), (0.5, 0.5, 0.0)):
        monitor = Monitor()
        for _ in range(150):
            monitor.observe(Observation(real, fake, diversity))
        said |= {monitor.verdict(), *monitor.messages}
    return said


def said_of_references() -> set[str]:
    rejected = [
        Rejection(Path("b.jpg"), "duplicate", "is the same file as a.jpg."),
        Rejection(Path("c.jpg"), "near duplicate", "shows the same as a.jpg."),
        Rejection(Path("d.jpg"), "too small", "is too small: 8×8, under 64 on a side."),
    ]
    good = (Example(Path("a.jpg"), "0", 64, 64),)
    said: set[str] = set()
    for faults in ((), rejected[:1], rejected, rejected * 2):
        for accepted in ((), good):
            collection = Collection("references", accepted, tuple(faults))
            said |= {collection.summary(), *collection.warnings(), *(each.reason for each in faults)}
    return said


def test_the_table_is_read_as_it_is() -> None:
    text = (PAGE_DIR / "js" / "said-zh.js").read_text(encoding="utf-8")
    assert len(TABLE) == len(re.findall(r"^  \[", text, re.MULTILINE)) > 80
    assert len({english for english, _ in TABLE}) == len(TABLE)


def test_both_languages_say_the_same() -> None:
    for english, chinese in TABLE:
        assert set(HOLE.findall(chinese)) <= set(HOLE.findall(english)), english
        assert re.search(r"[\u4e00-\u9fff]", chinese), english
        assert not re.search(r"[\u4e00-\u9fff][,;!?]", chinese), chinese


def test_all_that_the_monitor_says_has_both() -> None:
    said = said_by_the_monitor()
    assert len(said) == 5
    for text in said:
        assert not LATIN.search(translated(text) or text), text


def test_all_that_a_run_says_has_both() -> None:
    said = words_of_runs() - PUT_TOGETHER
    assert len(said) > 12
    assert {told for told in said if translated(told.replace("{}", "7")) is None} == set()


def test_what_is_said_of_references_has_both() -> None:
    for text in said_of_references():
        plain = LATIN.findall((translated(text) or text).replace(".jpg", ""))
        assert plain == [], text


def test_every_refusal_has_both() -> None:
    said = refusals() - PUT_TOGETHER
    assert len(said) > 40
    assert {told for told in said if translated(told.replace("{}", "7")) is None} == set()


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("There is no style 'noir'.", "没有风格 'noir'。"),
        (
            "a b.jpg has 201 MB; the studio takes photos of 200.",
            "a b.jpg 有 201 MB；照片最大 200 MB。",
        ),
        (
            "references: 12 of 14 pictures (1 duplicate, 1 too small)",
            "参考图：14 张中有 12 张可用（1 张重复、1 张太小）",
        ),
        ("step 40: a loss was not finite. Went back to step 20 and halved both learning rates.", None),
        (
            "n.txt is neither a photo nor a film. The studio takes JPEG, PNG, WebP, TIFF, HEIC and AVIF photos, "
            "and MP4, MOV, MKV and WebM films.",
            "n.txt 不是照片，也不是影片。可用 JPEG、PNG、WebP、TIFF、HEIC、AVIF 照片和 MP4、MOV、MKV、WebM 影片。",
        ),
        ("The worker has failed: no room", "任务失败：no room"),
        ("grain: looking at 3 pictures", "颗粒：正在查看 3 张图片"),
        (
            "grain: deviation up to 1.5% of white, at lightness 50%, 20% of it in colour",
            "颗粒：最多偏离白色的 1.5%，在亮度 50% 处，其中 20% 是彩色",
        ),
    ],
)
def test_holes_keep_what_stands_in_them(text: str, chinese: str | None) -> None:
    told = translated(text)
    assert told is not None
    assert chinese is None or told == chinese


def test_what_is_not_known_stays() -> None:
    assert translated("The encoder has left for the mountains.") is None


@pytest.mark.browser
def test_a_run_that_is_watched_in_chinese(site: Site) -> None:
    visit, work = learning(site)
    for text in ("healthy: discriminator right on 54% of references and 52% of outputs", "resumed at step 3", "Hm."):
        work.tell("say", step=5, text=text)
    visit.until_said(".said li", "Hm.")
    visit.page.click("text=中文")
    visit.until_said(".said li", "状态良好：判别器对参考图的正确率为 54%，对输出为 52%")
    visit.until_said(".said li", "从第 3 步继续")
    visit.until_said(".said li", "Hm.")
    assert len(visit.texts(".said li")) == 3
    work.fail("There is not enough memory for this. Use smaller pictures.")
    visit.until_said(".learning-head .lead", "内存不够。")
    delete = "async () => (await fetch('/api/v1/jobs/' + location.hash.split('/').at(-1), { method: 'DELETE' })).status"
    assert visit.page.evaluate(delete) == 204
    visit.page.click(".learning >> text=重试")
    visit.until_said(".note", "没有这个任务，可能已被删除。")
    assert "There" not in visit.texts(".note")[0]
    visit.close(refused=("404",))
