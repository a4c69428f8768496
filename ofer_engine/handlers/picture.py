"""The heads of a reconstruction, pictured anew with the skin that they wear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..contract import protocol
from ..contract.causes import unwritable
from ..contract.errors import ErrorCode, OferError
from ..contract.files.whole_file import write_whole
from ..contract.reconstruction import Reconstruction
from ..heads.head import Head
from ..preview.paint import Paint
from ..preview.thumbnails import Look, thumbnail
from ..progress import Work
from ..session import Session
from .assembly import PICTURING
from .resume import open_earlier
from .stages import LOADING, PICTURE_SECONDS


def answer(session: Session, request: protocol.Picture, work: Work) -> protocol.Result:
    """Raises OferError(BAD_REQUEST | DISK_FULL | READ_ONLY) and as `open_earlier`."""
    progress = work.progress({LOADING: 0.3, PICTURING: 25 * PICTURE_SECONDS})
    progress.step(LOADING, 0, 1)
    _check(request)
    record, reconstructor = open_earlier(session, request.folder)
    progress.step(LOADING, 1, 1)
    out = Path(request.out)
    try:
        out.mkdir(exist_ok=True)
    except OSError as cause:
        raise unwritable(out, cause) from cause
    look = look_of(record, reconstructor.pack.head, request)
    draw(record, look, out, lambda done, of: progress.step(PICTURING, done, of))
    return protocol.Result(request.id, request.out, ())


def look_of(record: Reconstruction, head: Head, request: protocol.Picture) -> Look:
    """What the pictures show; irises that the request does not name are those of the photo.

    Raises OferError(RECONSTRUCTION_DAMAGED).
    """
    look = Look.of_head(head)
    if request.iris:
        look = look.with_irises(request.iris)
    elif record.has("iris_colour"):
        look = look.with_irises(record.array("iris_colour"))
    if request.albedo:
        paint = Paint.read(head.polygons, Path(request.uv), Path(request.albedo))
        look = look.wearing(paint)
    return look


def draw(record: Reconstruction, look: Look, out: Path, step: Callable[[int, int], None]) -> None:
    """Write NAME.png of each hypothesis into a folder that is there.

    step : called with how many are done, and of how many. Raises OferError(DISK_FULL | READ_ONLY).
    """
    identities = zip(record.identities, record.array("identity_vertices"), strict=True)
    expressions = zip(record.expressions, record.array("expression_vertices"), strict=True)
    of = len(record.identities) + len(record.expressions)
    for number, (hypothesis, vertices) in enumerate((*identities, *expressions), 1):
        write_whole(out / f"{hypothesis.name}.png", thumbnail(vertices, look))
        step(number, of)


def _check(request: protocol.Picture) -> None:
    """Raises OferError(BAD_REQUEST)."""
    colour = len(request.iris) in (0, 3) and all(0 <= each <= 1 for each in request.iris)
    if not colour or bool(request.albedo) != bool(request.uv):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "A skin is a picture and its UVs, and a colour three numbers from 0 to 1.",
            "Give both, or neither.",
        )
