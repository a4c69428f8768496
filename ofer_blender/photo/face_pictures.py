"""Small pictures of an opened photo for the panel: the whole with numbered boxes, and each face.

They live in memory as Blender's preview icons and go when the photo is forgotten.
"""

from __future__ import annotations

from typing import Final

import bpy
import bpy.utils.previews
import numpy as np

from ...ofer_engine.client.opened_photos import OpenedPhoto
from ...ofer_engine.contract.protocol import FaceFound
from ..engine import jobs
from ..head import previews
from . import panel_photo, photo_source
from .face_order import left_to_right

SIDE: Final = 256
"""Pixels of the whole photo's picture."""
_FACE_SIDE: Final = 192
"""As of the pictures of heads, which it stands beside."""
_MARGIN: Final = 0.25  # of a face's box, shown around it
_LINE: Final = 2
COLOUR: Final = (1.0, 0.62, 0.10)
DOUBTFUL: Final = (0.92, 0.30, 0.20)
"""sRGB of the box of a face, and of one that may be none."""
_INK: Final = (0.0, 0.0, 0.0)
# Five rows of three dots for each digit, the highest bit to the left.
_DIGITS: Final = (
    (7, 5, 5, 5, 7), (2, 6, 2, 2, 7), (7, 1, 7, 4, 7), (7, 1, 7, 1, 7), (5, 5, 7, 1, 1),
    (7, 4, 7, 1, 7), (7, 4, 7, 5, 7), (7, 1, 2, 2, 2), (7, 5, 7, 5, 7), (7, 5, 7, 1, 7),
)  # fmt: skip
_DOT: Final = 3  # pixels
_WHOLE: Final = "pictures"
_collections: dict[str, bpy.utils.previews.ImagePreviewCollection] = {}


def whole(key: str) -> int:
    """Icon number of the photo with its faces in numbered boxes; 0 where there is none."""
    return _icon(key)


def face(key: str, index: int) -> int:
    """Icon number of one face; 0 where there is none."""
    return _icon(f"{key}\n{index}")


def of_head() -> int:
    """Icon number of the face in the photo of the active head; 0 where it was not opened."""
    shown = panel_photo.shown(bpy.context)
    if shown is None:
        return 0
    key = photo_source.key(shown.entry)
    return face(key, shown.face) or whole(key)


def renew() -> None:
    """Make the pictures of photos newly opened, and drop those of photos forgotten."""
    pictures = _collections[_WHOLE]
    keys = jobs.queue.photos.keys()
    for name in [name for name in pictures if name.partition("\n")[0] not in keys]:
        del pictures[name]
    for key in keys:
        opened = jobs.queue.photos.get(key)
        if opened.picture is not None:
            for name in [name for name in pictures if name.partition("\n")[0] == key]:
                del pictures[name]
            _show(key, numbered(opened))
            for index, found in enumerate(opened.event.faces):
                _show(f"{key}\n{index}", cropped(opened, found))


def numbered(opened: OpenedPhoto) -> np.ndarray:
    """(SIDE, SIDE, 4) float32 sRGB, top row first: the photo, boxed faces, transparent margins."""
    height, width = opened.picture.shape[:2]
    scale = SIDE / max(height, width)
    size = max(round(height * scale), 1), max(round(width * scale), 1)
    picture = _sampled(opened.picture, (0, 0, width, height), size)
    ratio = size[1] / opened.event.width
    faces = opened.event.faces
    for number, index in enumerate(left_to_right(faces), 1):
        found = faces[index]
        colour = DOUBTFUL if found.low_confidence else COLOUR
        x, y, w, h = (round(value * ratio) for value in found.box)
        _draw_box(picture, (x, y, x + w, y + h), colour)
        _draw_number(picture, (x, y), number, colour)
    canvas = np.zeros((SIDE, SIDE, 4), np.float32)
    top, left = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    canvas[top : top + size[0], left : left + size[1], :3] = picture
    canvas[top : top + size[0], left : left + size[1], 3] = 1
    return canvas


def cropped(opened: OpenedPhoto, found: FaceFound) -> np.ndarray:
    """(S, S, 4) float32 sRGB, top row first: one face with a little around it."""
    ratio = opened.picture.shape[1] / opened.event.width
    x, y, w, h = (value * ratio for value in found.box)
    side = max(w, h) * (1 + 2 * _MARGIN)
    region = (x + (w - side) / 2, y + (h - side) / 2, side, side)
    picture = _sampled(opened.picture, region, (_FACE_SIDE, _FACE_SIDE))
    return np.dstack((picture, np.ones(picture.shape[:2], np.float32)))


def _sampled(pixels: np.ndarray, region: tuple, size: tuple[int, int]) -> np.ndarray:
    """(*size, 3) float32 0..1 of region (x, y, w, h), the mean of 2 x 2 nearest samples a pixel;
    what lies outside repeats the edge."""
    x, y, w, h = region
    rows = np.clip((y + (np.arange(2 * size[0]) + 0.5) / (2 * size[0]) * h), 0, None).astype(int)
    columns = np.clip((x + (np.arange(2 * size[1]) + 0.5) / (2 * size[1]) * w), 0, None).astype(int)
    rows, columns = rows.clip(max=len(pixels) - 1), columns.clip(max=pixels.shape[1] - 1)
    fine = pixels[rows[:, None], columns].astype(np.float32) / 255
    return fine.reshape(size[0], 2, size[1], 2, 3).mean(axis=(1, 3))


def _draw_box(picture: np.ndarray, box: tuple[int, int, int, int], colour: tuple) -> None:
    left, top, right, bottom = (max(value, 0) for value in box)
    inside = picture[top:bottom, left:right]
    for edge in (inside[:_LINE], inside[-_LINE:], inside[:, :_LINE], inside[:, -_LINE:]):
        edge[:] = colour


def _draw_number(picture: np.ndarray, corner: tuple[int, int], number: int, colour: tuple) -> None:
    left, top = max(corner[0], 0), max(corner[1], 0)
    text = str(number)
    plate = np.zeros((7, 4 * len(text) + 1), bool)
    for place, digit in enumerate(text):
        for row, bits in enumerate(_DIGITS[int(digit)]):
            plate[row + 1, 4 * place + 1 : 4 * place + 4] = [bits & 4, bits & 2, bits & 1]
    dots = np.kron(plate, np.ones((_DOT, _DOT), bool))
    target = picture[top : top + dots.shape[0], left : left + dots.shape[1]]
    dots = dots[: target.shape[0], : target.shape[1]]
    target[:] = np.where(dots[..., None], _INK, colour)


def _show(name: str, pixels: np.ndarray) -> None:
    preview = _collections[_WHOLE].new(name)
    preview.image_size = (pixels.shape[1], pixels.shape[0])
    preview.image_pixels_float.foreach_set(np.ascontiguousarray(pixels[::-1]).ravel())


def _icon(name: str) -> int:
    preview = _collections[_WHOLE].get(name)
    return preview.icon_id if preview else 0


def register() -> None:
    _collections[_WHOLE] = bpy.utils.previews.new()
    jobs.queue.photos.on_change = renew
    previews.photo = of_head


def unregister() -> None:
    jobs.queue.photos.on_change = lambda: None
    previews.photo = previews.no_photo
    bpy.utils.previews.remove(_collections.pop(_WHOLE))
