"""`Page`: what a browser would find in an HTML file."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """What a browser would find: elements with attributes, and the text outside of style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "link", "img", "circle", "path", "rect", "polyline", "br", "wbr"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self._texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._texts).split())

    def all(self, tag: str, kind: str = "") -> list[dict[str, str]]:
        return (
            [each for name, each in self.elements if name == tag and kind in each.get("class", "").split(" ")]
            if (kind)
            else [each for name, each in self.elements if name == tag]
        )

    @property
    def names(self) -> list[str]:
        return [html.unescape(name) for name in re.findall(r"<bdi>(.*?)</bdi>", self.source)]
