"""The manual that F1 opens: docs/*.md as pages that a browser shows without a network.

Only what our pages use: headings, paragraphs, lists, tables, code, pictures, links, emphasis.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

FOLDER: Final = "manual"
_DOCS: Final = "docs"
_PICTURES: Final = "pictures"
_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · OFER Faces</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 16px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff }}
nav {{ margin-bottom: 2rem; font-size: 14px }} nav a {{ margin-right: 1em }}
img {{ max-width: 100% }} table {{ border-collapse: collapse; width: 100% }}
th, td {{ border-bottom: 1px solid #ccc; padding: .35em .6em; text-align: left }}
pre {{ background: #f3f3f3; padding: .8em; overflow-x: auto }} code {{ font-size: 90% }}
@media (prefers-color-scheme: dark) {{ body {{ color: #ddd; background: #1d1d1d }}
  pre {{ background: #2a2a2a }} a {{ color: #8bf }} th, td {{ border-color: #444 }} }}
</style></head><body><nav>{links}</nav>
{body}
</body></html>
"""
_ITEM: Final = re.compile(r"(?:[-*]|(\d+)\.) +")
_PICTURE: Final = re.compile(r"!\[([^\]]*)\]\((pictures/[^)/\s]+)\)")
_LINK: Final = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def sources(root: Path) -> Iterator[Path]:
    """What the manual is made of: every page of docs/, then the pictures."""
    yield from sorted((root / _DOCS).glob("*.md"))
    yield from sorted((root / _DOCS / _PICTURES).glob("*"))


def pages(root: Path) -> dict[str, bytes]:
    """Path inside the package → content: every page of docs/, and the pictures they show."""
    texts = {path.stem: path.read_text("utf-8") for path in sorted((root / _DOCS).glob("*.md"))}
    made = {
        f"{FOLDER}/{name}.html": page(text, tuple(texts)).encode() for name, text in texts.items()
    }
    for text in texts.values():
        for _, picture in _PICTURE.findall(text):
            if (root / _DOCS / picture).is_file():
                made[f"{FOLDER}/{picture}"] = (root / _DOCS / picture).read_bytes()
    return made


def page(markdown: str, names: tuple[str, ...]) -> str:
    """One page as HTML. names : of all pages, for the links at its top."""
    title = next((line[2:] for line in markdown.splitlines() if line.startswith("# ")), "Manual")
    ordered = sorted(names, key=lambda name: (name != "manual", name))
    links = " ".join(f'<a href="{name}.html">{name.replace("_", " ")}</a>' for name in ordered)
    return _PAGE.format(title=html.escape(title), links=links, body="\n".join(_blocks(markdown)))


def _blocks(markdown: str) -> Iterator[str]:
    lines = markdown.splitlines()
    while lines:
        line = lines[0]
        if not line.strip():
            lines.pop(0)
        elif line.startswith("```"):
            lines.pop(0)
            yield _code(_take(lines, lambda each: not each.startswith("```")))
            del lines[:1]
        elif line.startswith("    "):
            yield _code([each[4:] for each in _take(lines, lambda each: each.startswith("    "))])
        elif heading := re.match(r"(#{1,4}) +", line):
            level, title = len(heading[1]), lines.pop(0)[heading.end() :]
            yield f'<h{level} id="{_place(title)}">{_inline(title)}</h{level}>'
        elif line.startswith("|"):
            yield _table(_take(lines, lambda each: each.startswith("|")))
        elif _ITEM.match(line):
            yield _list(_take(lines, lambda each: bool(_ITEM.match(each) or each.startswith("  "))))
        else:
            text = _take(lines, lambda each: bool(each.strip()) and not each.startswith(("#", "|")))
            yield f"<p>{_inline(' '.join(text))}</p>"


def _take(lines: list[str], wanted: Callable[[str], bool]) -> list[str]:
    """Remove and give the lines up to the first that is not wanted."""
    end = next((number for number, line in enumerate(lines) if not wanted(line)), len(lines))
    taken = lines[:end]
    del lines[:end]
    return taken


def _code(lines: list[str]) -> str:
    return f"<pre><code>{html.escape(chr(10).join(lines))}</code></pre>"


def _list(lines: list[str]) -> str:
    kind = "ol" if lines[0][0].isdigit() else "ul"
    items: list[str] = []
    for line in lines:
        if mark := _ITEM.match(line):
            items.append(line[mark.end() :])
        else:
            items[-1] += " " + line.strip()
    return f"<{kind}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{kind}>"


def _table(lines: list[str]) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    head, body = rows[0], rows[2:]
    cells = "".join(f"<th>{_inline(cell)}</th>" for cell in head)
    lower = "".join(
        f"<tr>{''.join(f'<td>{_inline(cell)}</td>' for cell in row)}</tr>" for row in body
    )
    return f"<table><tr>{cells}</tr>{lower}</table>"


def _place(title: str) -> str:
    """What a link calls a heading, as the site of the pages has it: `How like they are` is
    `how-like-they-are`."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


def _inline(text: str) -> str:
    """Emphasis, pictures and links; what stands between backticks is left alone."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(
        f"<code>{html.escape(part[1:-1])}</code>" if part.startswith("`") else _styled(part)
        for part in parts
    )


def _styled(text: str) -> str:
    text = html.escape(text, quote=False)
    text = _PICTURE.sub(r'<img alt="\1" src="\2">', text)
    text = _LINK.sub(lambda link: _anchor(link[1], link[2]), text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text)
    return re.sub(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])", r"<i>\1</i>", text)


def _anchor(text: str, target: str) -> str:
    """A link to another page, or to the web; what is not part of the manual is only named."""
    page_name, dot, rest = target.partition(".md")
    if dot and "/" not in page_name:
        return f'<a href="{page_name}.html{rest}">{text}</a>'
    return f'<a href="{target}">{text}</a>' if "://" in target else text
