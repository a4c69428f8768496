"""Makes pages of the site from files outside `docs/`, and links between them hold.

A hook of mkdocs (see mkdocs.yml). A link to a file of the repository that is no page becomes its
words alone: the site does not know where the repository is hosted.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT: Final = Path(__file__).resolve().parents[2]
_PAGES: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "LICENSES.md": "licences.md",
    "weights/open/CARD.md": "card.md",
    "benchmarks/window_story/README.md": "window_story_howto.md",
}
"""File in the repository → its page."""
_LINK: Final = re.compile(r"(!?)\[([^\]]+)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for source, name in _PAGES.items():
        files.append(File.generated(config, name, abs_src_path=str(_ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point the links of one page at pages."""
    source = Path(str(page.file.abs_src_path)).relative_to(_ROOT).parent.as_posix()

    def pointed(link: re.Match[str]) -> str:
        picture, words, target, anchor = link.groups(default="")
        wanted = posixpath.normpath(posixpath.join(source, target))
        name = _PAGES.get(wanted, wanted.removeprefix("docs/"))
        if files.get_file_from_path(name) or not (_ROOT / wanted).exists():
            return f"{picture}[{words}]({name}{anchor})"
        return words

    return _LINK.sub(pointed, markdown)
