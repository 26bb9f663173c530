"""Warnings of ours are lines for people; those of others stay as Python shows them."""

from __future__ import annotations

import warnings

import pytest

from impasto.cli.ending import with_clean_ending
from impasto.style.blend import BlendWarning


def test_a_warning_of_ours_is_one_line_without_a_place_in_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    @with_clean_ending
    def command() -> None:
        warnings.warn("The weights sum to 3.", BlendWarning, stacklevel=1)
        print("done")

    command()
    shown = capsys.readouterr()
    assert shown.err == "impasto: The weights sum to 3.\n"
    assert shown.out == "done\n"


def test_a_warning_of_others_says_where_it_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    @with_clean_ending
    def command() -> None:
        warnings.warn("old", FutureWarning, stacklevel=1)

    command()
    assert "test_warnings.py" in (shown := capsys.readouterr().err)
    assert "FutureWarning: old" in shown


def test_afterwards_warnings_are_shown_as_before() -> None:
    shown_before = warnings.showwarning
    with_clean_ending(lambda: None)()
    assert warnings.showwarning is shown_before
