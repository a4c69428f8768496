"""Chapters about help: the page of the manual that F1 over a button opens."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Final
from urllib.parse import urlparse
from urllib.request import url2pathname

from hand import Moves
from stage import Stage

_BUTTONS: Final = ("ofer.reconstruct(", "ofer.compare(", "ofer.make_skin(", "ofer.export_head(")


def manual(stage: Stage) -> Moves:
    """F1 over some of our buttons: which page the browser is asked for, and whether it exists."""
    asked: list[str] = []
    usual, webbrowser.open = webbrowser.open, lambda url, *_: bool(asked.append(url) or True)
    try:
        for button in _BUTTONS:
            place = yield from stage.hand.find(button)
            yield from stage.hand.move(*place)
            yield from stage.hand.key("F1")
            yield 0.5
    finally:
        webbrowser.open = usual
    pages = [Path(url2pathname(urlparse(url).path)) for url in asked]
    stage.measured("f1_opens", {page.name: page.is_file() for page in pages})
