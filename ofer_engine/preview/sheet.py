"""The contact sheet: the photo, the head over it, and every hypothesis with rank and score."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from ..contract.certainty import certainty, describe, describe_parts
from ..contract.errors import ErrorCode, OferError
from ..contract.expression_words import words
from ..contract.files.png_mark import marked
from ..contract.reconstruction import Hypothesis, Reconstruction
from ..heads.camera import Camera
from .overlay import cropped, overlay
from .thumbnails import THUMBNAIL_SIDE, Look

_COMPRESSION: Final = 3
"""Of the PNG: a ninth of the time of Pillow's `optimize` for an eighth more bytes."""
_PAPER: Final = (246, 246, 244)
_INK: Final = (28, 28, 30)
_SOFT: Final = (112, 112, 116)
_MARK: Final = (230, 120, 30)
_GAP: Final = 14
_LABEL: Final = 44
_COLUMNS: Final = 6
_PICTURE: Final = 372
_FACE_MARGIN: Final = 1.9
_WIDTH: Final = _COLUMNS * THUMBNAIL_SIDE + (_COLUMNS + 1) * _GAP


@dataclass(frozen=True)
class _Tile:
    picture: Image.Image
    title: str
    caption: str


def contact_sheet(
    reconstruction: Reconstruction, photo: np.ndarray, look: Look | None = None
) -> bytes:
    """A PNG, marked as ours, of one reconstruction that has been written to its folder.

    photo : (H, W, 3) uint8, the pixels that its face box and camera speak of; look : of the head
    over it; None: clay. Raises OferError(RECONSTRUCTION_DAMAGED) if an array or thumbnail cannot
    be read.
    """
    rows = [_three_pictures(reconstruction, photo, look)]
    rows += _grid("Identities, most plausible first", _identity_tiles(reconstruction))
    rows += _grid("Expressions of the first identity", _expression_tiles(reconstruction))
    header, footer = _header(reconstruction), _footer(reconstruction)
    strips = [header, *rows, footer]
    sheet = Image.new("RGB", (_WIDTH, sum(strip.height for strip in strips)), _PAPER)
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", compress_level=_COMPRESSION)
    return marked(buffer.getvalue())


def _header(reconstruction: Reconstruction) -> Image.Image:
    found = certainty(reconstruction)
    parts = describe_parts(found).split("; ")
    halves = ("; ".join(half) for half in (parts[:_COLUMNS], parts[_COLUMNS:]))
    lines = [str(describe(found)), *filter(None, halves)]
    strip, draw = _strip(84 + 22 * len(lines))
    draw.text((_GAP, 14), reconstruction.name, _INK, _font(28))
    pack = reconstruction.pack
    line = f"{pack.title} {pack.version} · {pack.claim} · {pack.licence}"
    draw.text((_GAP, 52), _fit(line, _WIDTH - 2 * _GAP, 16), _SOFT, _font(16))
    for number, each in enumerate(lines):
        place = (_GAP, 80 + 22 * number)
        draw.text(place, _fit(each, _WIDTH - 2 * _GAP, 14), _SOFT, _font(14))
    return strip


def _footer(reconstruction: Reconstruction) -> Image.Image:
    settings = reconstruction.settings
    made = (
        f"{reconstruction.created} · {settings.identities} candidates · seed {settings.seed} · "
        f"{settings.sampler}, {settings.steps} calls · {settings.device}"
    )
    lines = [*reconstruction.notes, made]
    strip, draw = _strip(_GAP * 2 + 22 * len(lines))
    for number, line in enumerate(lines):
        place = (_GAP, _GAP + 22 * number)
        draw.text(place, _fit(line, _WIDTH - 2 * _GAP, 14), _SOFT, _font(14))
    return strip


def _three_pictures(
    reconstruction: Reconstruction, photo: np.ndarray, look: Look | None
) -> Image.Image:
    """The photo with its face box, the face, and the first head over it, as the photo has it."""
    box = _face_square(reconstruction.face.box)
    face = _cut(photo, box)
    camera = Camera.from_json(asdict(reconstruction.camera))
    shown = "expression_vertices" if reconstruction.expressions else "identity_vertices"
    vertices = reconstruction.array(shown)[0]
    look = look or Look.of_parts(
        vertices,
        reconstruction.array("polygons"),
        reconstruction.array("part"),
        reconstruction.parts,
    )
    laid = overlay(np.asarray(face), vertices, look, cropped(camera, box, _PICTURE))
    doubt = "low confidence" if reconstruction.face.low_confidence else ""
    by_hand = "face placed by hand" if reconstruction.face.by_hand else doubt
    tiles = [
        _Tile(_marked(photo, reconstruction.face.box), reconstruction.photo.name, by_hand),
        _Tile(face, "The face", ""),
        _Tile(Image.fromarray(laid), "The first head over it", ""),
    ]
    strip, draw = _strip(_PICTURE + _LABEL + _GAP)
    step = (_WIDTH - _GAP) / 3
    for number, tile in enumerate(tiles):
        _place(strip, draw, tile, round(_GAP + number * step), _PICTURE)
    return strip


def _identity_tiles(reconstruction: Reconstruction) -> list[_Tile]:
    return [
        _Tile(_thumbnail(reconstruction, each), f"{each.rank}", "")
        for each in reconstruction.identities
    ]


def _expression_tiles(reconstruction: Reconstruction) -> list[_Tile]:
    return [
        _Tile(_thumbnail(reconstruction, each), f"{each.rank}", called)
        for each, called in zip(reconstruction.expressions, _called(reconstruction), strict=True)
    ]


def _called(reconstruction: Reconstruction) -> list[str]:
    """What each expression is called."""
    if reconstruction.has("expression_arkit"):
        return [str(words(row)) for row in reconstruction.array("expression_arkit")]
    names = reconstruction.expression_names
    return [_strongest(names, row) for row in reconstruction.array("expression_coefficients")]


def _strongest(names: Sequence[str], weights: np.ndarray) -> str:
    """The two units that an expression uses most."""
    order = np.argsort(-np.abs(weights))[:2]
    return ", ".join(f"{names[unit]} {weights[unit]:.1f}" for unit in order if weights[unit])


def _grid(title: str, tiles: list[_Tile]) -> list[Image.Image]:
    if not tiles:
        return []
    heading, draw = _strip(40)
    draw.text((_GAP, 12), title, _INK, _font(19))
    strips = [heading]
    for first in range(0, len(tiles), _COLUMNS):
        strip, draw = _strip(THUMBNAIL_SIDE + _LABEL + _GAP)
        for number, tile in enumerate(tiles[first : first + _COLUMNS]):
            _place(strip, draw, tile, _GAP + number * (THUMBNAIL_SIDE + _GAP), THUMBNAIL_SIDE)
        strips.append(strip)
    return strips


def _place(
    strip: Image.Image, draw: ImageDraw.ImageDraw, tile: _Tile, left: int, side: int
) -> None:
    strip.paste(tile.picture.resize((side, side), Image.Resampling.LANCZOS), (left, 0))
    title = _fit(tile.title, side, 17)
    draw.text((left + 2, side + 4), title, _INK, _font(17))
    draw.text((left + 2, side + 26), _fit(tile.caption, side, 13), _SOFT, _font(13))


def _thumbnail(reconstruction: Reconstruction, hypothesis: Hypothesis) -> Image.Image:
    try:
        with Image.open(reconstruction.thumbnail(hypothesis)) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError) as cause:
        raise OferError(
            ErrorCode.RECONSTRUCTION_DAMAGED,
            "The picture of {name} cannot be read.",
            "Reconstruct the photo again.",
            name=hypothesis.name,
        ) from cause


def _marked(photo: np.ndarray, face: Sequence[float]) -> Image.Image:
    """The whole photo in a square on paper, with its face box."""
    height, width = photo.shape[:2]
    scale = _PICTURE / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small = Image.fromarray(photo).resize(size, Image.Resampling.BOX)
    square = Image.new("RGB", (_PICTURE, _PICTURE), _PAPER)
    corner = (_PICTURE - size[0]) // 2, (_PICTURE - size[1]) // 2
    square.paste(small, corner)
    left, top, wide, high = (value * scale for value in face)
    outline = (corner[0] + left, corner[1] + top)
    end = (outline[0] + wide, outline[1] + high)
    ImageDraw.Draw(square).rectangle((outline, end), outline=_MARK, width=2)
    return square


def _face_square(face: Sequence[float]) -> tuple[float, float, float, float]:
    """A square around the face box (x, y, w, h) with room for the head, as left … bottom."""
    left, top, wide, high = face
    half = max(wide, high) / 2 * _FACE_MARGIN
    middle = left + wide / 2, top + high / 2 - 0.08 * high
    return middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half


def _cut(photo: np.ndarray, box: tuple[float, float, float, float]) -> Image.Image:
    """A square of the photo, paper beyond its edge."""
    height, width = photo.shape[:2]
    margin = int(max(0, -box[0], -box[1], box[2] - width, box[3] - height)) + 1
    image = ImageOps.expand(Image.fromarray(photo), margin, _PAPER)
    box = (box[0] + margin, box[1] + margin, box[2] + margin, box[3] + margin)
    side = (_PICTURE, _PICTURE)
    scale = (box[2] - box[0]) / _PICTURE
    if scale > 2:
        left, top, right, bottom = (round(edge) for edge in box)
        rough = image.crop((left, top, right, bottom))
        return rough.resize(side, Image.Resampling.BOX)
    matrix = (scale, 0.0, box[0], 0.0, scale, box[1])
    return image.transform(side, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def _strip(height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    strip = Image.new("RGB", (_WIDTH, height), _PAPER)
    return strip, ImageDraw.Draw(strip)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, so that a sheet looks the same everywhere."""
    return ImageFont.load_default(size)


def _fit(text: str, width: float, size: int) -> str:
    """The text, shortened with an ellipsis if it is wider than `width` pixels."""
    font = _font(size)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
