from __future__ import annotations

import pytest

from impasto.sorting.labels import UNSURE, is_label, is_missing


@pytest.mark.parametrize("label", ["", " ", "?", "N/A", "nan", "Unknown", "unlabelled", UNSURE])
def test_what_stands_for_no_label(label: str) -> None:
    assert is_missing(label)
    assert not is_label(label)


@pytest.mark.parametrize("label", ["portrait", "grand piano", "人像", "été", "b&w", "1", "none of these"])
def test_what_may_be_a_class(label: str) -> None:
    assert is_label(label)
    assert not is_missing(label)


@pytest.mark.parametrize(
    "label",
    [
        "../etc",
        "a/b",
        "a\\b",
        ".hidden",
        "dot.",
        "..",
        " padded",
        "line\nbreak",
        "\x1b[31m",
        "con",
        "COM1",
        "NUL.x",
        "x" * 81,
    ],
)
def test_what_no_folder_can_be_called_is_no_class(label: str) -> None:
    assert not is_label(label)
