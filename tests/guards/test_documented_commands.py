"""The two READMEs show the same commands, and every command that a document shows exists."""

from __future__ import annotations

import io
import re
import shlex
import tokenize
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from .source_tree import ROOT

ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = [ENGLISH, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELLS = {"sh", "bash", "shell", "console"}
LANGUAGES = SHELLS | {"python", "json", "text"}


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    language: str
    text: str

    def commands(self) -> list[str]:
        """Return what a reader would type, without comments, which are translated."""
        if self.language in SHELLS:
            joined = self.text.replace("\\\n", " ")
            lines = [shlex.join(shlex.split(line.removeprefix("$ "), comments=True)) for line in joined.splitlines()]
            return [line for line in lines if line]
        if self.language == "python":
            tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
            kept = [
                token.string for token in tokens if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE)
            ]
            return [part for part in kept if part.strip()]
        return []


def fenced_blocks(text: str) -> list[Block]:
    """Return every fenced block in order.

    Raises
    ------
    ValueError
        A fence is not closed.
    """
    blocks, fence, language, lines = [], "", "", list[str]()
    for line in text.splitlines():
        opening = re.match(r"\s*(```+|~~~+)\s*(\S*)", line)
        if not fence and opening:
            fence, language, lines = opening[1], opening[2], []
        elif fence and line.strip() == fence:
            blocks.append(Block(language, "\n".join(lines)))
            fence = ""
        elif fence:
            lines.append(line)
    if fence:
        raise ValueError(f"the block that starts with {lines[:1]} is not closed")
    return blocks


def shell_commands(path: Path) -> list[list[str]]:
    """Return the words of each shell command in a document; `a && b` and `a | b` are two."""
    shells = [block for block in fenced_blocks(path.read_text(encoding="utf-8")) if block.language in SHELLS]
    commands: list[list[str]] = []
    for line in (line for block in shells for line in block.commands()):
        commands.append([])
        for word in shlex.split(line):
            if word in ("&&", "|"):
                commands.append([])
            else:
                commands[-1].append(word)
    return commands


def impasto_commands(path: Path) -> list[list[str]]:
    """Return what follows `impasto`, or `-m impasto` after a launcher, in each command of a document."""
    found = []
    for words in shell_commands(path):
        if words[0] == "impasto":
            found.append(words[1:])
        elif "impasto" in words and words[words.index("impasto") - 1] == "-m":
            found.append(words[words.index("impasto") + 1 :])
    return found


def test_every_block_states_its_language() -> None:
    for path in (*PAGES, CHINESE):
        for block in fenced_blocks(path.read_text(encoding="utf-8")):
            assert block.language in LANGUAGES, f"{path.name}: {block}"


def test_both_readmes_show_the_same_commands() -> None:
    english, chinese = (
        [(block.language, block.commands()) for block in fenced_blocks(path.read_text(encoding="utf-8"))]
        for path in (ENGLISH, CHINESE)
    )
    assert english
    assert chinese == english


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    commands = [words for path in PAGES for words in shell_commands(path)]
    shown = {words[1] for words in commands if words[0] == "make" and len(words) > 1}
    assert shown
    assert shown <= targets


def test_every_impasto_command_that_is_shown_exists_with_its_options() -> None:
    from impasto.cli.main import command_options

    known = command_options()
    shown = [words for path in PAGES for words in impasto_commands(path)]
    assert shown
    for words in shown:
        path = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0] if words[0] in known else ""
        options = {word.split("=")[0] for word in words if re.fullmatch(r"--?[a-z][\w-]*(=.*)?", word)}
        assert path or options <= known[""], words
        assert options <= known[path] | {"--help"}, words


def styles_named(words: list[str]) -> list[str]:
    """Return the names of installed styles that a command gives to `--style`, in blends and chains too."""
    given = [value for option, value in pairwise(words) if option in ("--style", "-s")]
    parts = [part.partition(":")[0] for value in given for part in re.split("[+,]", value)]
    return [part for part in parts if not part.endswith(".style")]


def test_every_style_that_is_shown_is_built_in() -> None:
    from impasto.style.library import default_library

    library = default_library()
    shown = {name for path in (*PAGES, CHINESE) for words in impasto_commands(path) for name in styles_named(words)}
    assert shown
    assert {name for name in shown if not library.is_builtin(name)} == set()


def test_the_guard_finds_styles_in_blends_and_chains() -> None:
    words = ["apply", "a.jpg", "--style", "kodak:0.6,noir+monet", "-s", "a/b.style:0.5"]
    assert styles_named(words) == ["kodak", "noir", "monet"]


SAMPLE = """
Text, with `inline` code.

```bash
$ impasto learn a/ -o b.style   # a comment
make \\
    demo

# only a comment
```

~~~python
style = impasto.load("x")  # a comment
~~~
"""


def test_the_guard_reads_commands_without_comments() -> None:
    shell, python = fenced_blocks(SAMPLE)
    assert shell.commands() == ["impasto learn a/ -o b.style", "make demo"]
    assert python.commands() == ["style", "=", "impasto", ".", "load", "(", '"x"', ")"]


def test_the_guard_finds_a_command_behind_a_launcher(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```bash\ntorchrun -m impasto learn a/\nimpasto styles && make demo\npip install impasto\n```\n")
    assert impasto_commands(page) == [["learn", "a/"], ["styles"]]


def test_the_guard_sees_another_option_but_not_another_comment() -> None:
    def commands(text: str) -> list[list[str]]:
        return [block.commands() for block in fenced_blocks(text)]

    assert commands(SAMPLE.replace("a comment", "一条注释")) == commands(SAMPLE)
    assert commands(SAMPLE.replace("b.style", "c.style")) != commands(SAMPLE)
    assert commands(SAMPLE.replace('"x"', '"y"')) != commands(SAMPLE)


def test_an_open_fence_is_an_error() -> None:
    with pytest.raises(ValueError, match="not closed"):
        fenced_blocks("```bash\nmake demo\n")
