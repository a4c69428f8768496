"""What may be shown to strangers: texts without private names and places."""

from __future__ import annotations

import getpass
import platform
import re
from pathlib import Path
from typing import Final

_SHORTEST_NAME: Final = 3  # shorter user names would be struck out of ordinary words


def masked(text: str) -> str:
    """`text` without the user's folder, name and machine name, and without addresses."""
    home = Path.home()
    for folder in {str(home), str(home.resolve()), home.as_posix()}:
        if len(folder) > 1:
            text = re.sub(re.escape(folder) + r"(?=[\\/\s]|$|\W)", "~", text)
    text = re.sub(r"(?<![\w.~/-])(/home/|/Users/)[^/\s]+", r"\1<user>", text)
    text = re.sub(r"(?i)\b([a-z]:[\\/]users[\\/])[^\\/\s]+", r"\1<user>", text)
    for name, stand_in in ((_user(), "<user>"), (platform.node(), "<machine>")):
        if len(name) >= _SHORTEST_NAME and name != "root":
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", stand_in, text)
    return re.sub(r"\w+://[^\s'\"]+", "<address>", text)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
