"""The trees in the READMEs list every source file, and links between documents lead somewhere."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from .source_tree import PACKAGE, ROOT
from .test_documented_commands import CHINESE, ENGLISH, fenced_blocks

TREE_FOLDERS = (PACKAGE, ROOT / "scripts", ROOT / "benchmarks")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def listed_files(tree: str) -> dict[str, str]:
    """Return the phrase of each file in an indented tree, by path."""
    found: dict[str, str] = {}
    folders: list[tuple[int, str]] = []
    for line in filter(str.strip, tree.splitlines()):
        depth = len(line) - len(line.lstrip())
        name, _, phrase = line.strip().partition(" ")
        folders = [(parent_depth, parent) for parent_depth, parent in folders if parent_depth < depth]
        if name.endswith("/"):
            folders.append((depth, name))
        else:
            found["".join(parent for _, parent in folders) + name] = phrase.strip()
    return found


def tree_of(path: Path) -> dict[str, str]:
    [tree] = [block.text for block in fenced_blocks(path.read_text(encoding="utf-8")) if block.language == "text"]
    return listed_files(tree)


def source_files() -> set[str]:
    found = {path for folder in TREE_FOLDERS for path in folder.rglob("*.py")}
    # The `__init__.py` of a folder says no more than the folder's own line.
    return {path.relative_to(ROOT).as_posix() for path in found if path.name != "__init__.py" or path.parent == PACKAGE}


@pytest.mark.parametrize("readme", [ENGLISH, CHINESE], ids=lambda path: path.name)
def test_the_tree_lists_every_source_file_with_a_phrase(readme: Path) -> None:
    listed = tree_of(readme)
    assert sorted(listed) == sorted(source_files())
    assert all(listed.values()), [name for name, phrase in listed.items() if not phrase]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_local_links_lead_somewhere(document: Path) -> None:
    for target in local_links(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def local_links(text: str) -> list[str]:
    """Return the files that a document links to or shows."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ENGLISH]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            targets = local_links(page.read_text(encoding="utf-8"))
            waiting += [(page.parent / target).resolve() for target in targets if target.endswith(".md")]
    assert {path for path in DOCUMENTS if path.parent != ROOT} <= reached


def test_the_training_page_lists_every_option_with_its_default() -> None:
    from impasto.cli.main import command_options
    from impasto.train.paint_recipe import PaintRecipe
    from impasto.train.recipe import LOSS_NAMES, Recipe

    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| (?:`(--[\w-]+)`)? *\|", page, re.MULTILINE)
    assert [(name, default) for name, default, _ in rows] == [
        (field.name, repr(field.default)) for recipe in (Recipe, PaintRecipe) for field in dataclasses.fields(recipe)
    ]
    on_command_line = command_options()["learn"]
    for name, _, option in rows:
        # `from` is a word of Python's own.
        expected = "--from" if name == "start" else f"--{name.replace('_', '-')}"
        assert option == (expected if expected in on_command_line else "")
    assert set(re.findall(r"^\| `([\w-]+)` \| \w+ [^|]*\d{4} \|", page, re.MULTILINE)) == set(LOSS_NAMES)


def test_the_guard_reads_a_tree() -> None:
    tree = "src/\n  a.py    one\n  b/      folder\n    c.py  two words\n  d.py\nother/\n  e.py  five\n"
    assert listed_files(tree) == {
        "src/a.py": "one",
        "src/b/c.py": "two words",
        "src/d.py": "",
        "other/e.py": "five",
    }


def test_the_guard_reads_links() -> None:
    text = "[a](docs/a.md#part) ![b](b.jpg) [c](https://example.org/c.md) [d](#here) [e](mailto:x) `[f]`"
    assert local_links(text) == ["docs/a.md", "b.jpg"]
