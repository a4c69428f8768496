"""Pictures that a command writes where the user says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...contract.errors import ErrorCode, OferError

if TYPE_CHECKING:
    from PIL.Image import Image


def save_picture(picture: Image, path: Path) -> None:
    """Raises OferError(BAD_REQUEST) for a name that is no picture's."""
    try:
        picture.save(path)
    except ValueError as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is no name of a picture.",
            "Let it end in .png or .jpg.",
            name=path.name,
        ) from cause
