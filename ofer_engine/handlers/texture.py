"""A head of a reconstruction and its photos → a painted skin."""

from __future__ import annotations

import io
import os
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ..contract import protocol
from ..contract import skin as contract
from ..contract.causes import unwritable
from ..contract.errors import ErrorCode, OferError
from ..contract.files.array_file import write_array
from ..contract.files.replacement import Replacement
from ..contract.reconstruction import Reconstruction
from ..contract.sentence import Sentence
from ..heads.open_head import OpenHead
from ..pack_registry import BUNDLED
from ..packs.pack import Pack
from ..photo.hidden import Mask, fitted
from ..photo.load import Photo, load_photo
from ..progress import Work
from ..session import Session
from ..texture.albedo_prior import AlbedoPrior
from ..texture.alignment import PointEvidence, mixed_expression
from ..texture.drawn_brows import DrawnBrows
from ..texture.features import features_of
from ..texture.landmark_evidence import with_landmarks
from ..texture.layout import layout
from ..texture.photo_view import PhotoView
from ..texture.skin import Painted, make_skin
from .as_made import aside_note, skin_aside
from .assembly import expressive_heads, neutral_heads
from .resume import blended, open_earlier, person_of

LOADING: Final = "Loading the pack"
LAYING: Final = "Unwrapping the head"
PAINTING: Final = "Painting the skin"
WRITING: Final = "Writing"


def answer(session: Session, request: protocol.Texture, work: Work) -> protocol.Result:
    """Raises OferError(BAD_REQUEST | PHOTO_MISSING | PHOTO_UNREADABLE | DISK_FULL | READ_ONLY) and
    as `open_earlier`; then nothing is left on disk."""
    progress = work.progress(_plan(request.resolution))
    progress.step(LOADING, 0, 1)
    _check(request)
    _check_replaceable(Path(request.out))
    record, reconstructor = open_earlier(session, request.folder)
    pack = reconstructor.pack
    progress.step(LOADING, 1, 1)
    photos, notes = _photos(record, request)
    views = _views(session, record, pack, request, photos, work)
    work.check()
    uv = layout(pack.head, contract.Layout(request.layout))
    progress.step(LAYING, 1, 1)
    features = features_of(pack.head, _open_head)
    painted = make_skin(
        pack.head,
        uv,
        features,
        AlbedoPrior.load().on(pack.head, _open_head),
        DrawnBrows.on(pack.head, _open_head),
        views,
        request.resolution,
        _unwanted(request),
        request.clean_shave,
        request.paint_brows,
        lambda done, of: progress.step(PAINTING, done, of),
    )
    progress.step(WRITING, 0, 1)
    kept = _write(Path(request.out), painted, request, tuple(photo.sha256 for _, photo in photos))
    progress.step(WRITING, 1, 1)
    return protocol.Result(
        request.id, request.out, tuple(map(Sentence, (*notes, *_remarks(painted), *kept)))
    )


def _open_head() -> OpenHead:
    return OpenHead.load(BUNDLED / "open" / "head.npz")


def _plan(resolution: int) -> dict[str, float]:
    """Stage → seconds on an ordinary machine."""
    texels = (resolution / 1024) ** 2
    return {LOADING: 1.0, LAYING: 1.5, PAINTING: 1.0 + 1.2 * texels, WRITING: 0.2 + 0.4 * texels}


def _check(request: protocol.Texture) -> None:
    if request.resolution not in contract.RESOLUTIONS:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "A skin cannot have {resolution} pixels a side.",
            "Choose one of {choices}.",
            resolution=request.resolution,
            choices=", ".join(map(str, contract.RESOLUTIONS)),
        )
    if request.layout not in tuple(contract.Layout):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "There is no layout {layout}.",
            "Choose one of {choices}.",
            layout=repr(request.layout),
            choices=", ".join(contract.Layout),
        )


def _photos(
    record: Reconstruction, request: protocol.Texture
) -> tuple[list[tuple[int, Photo]], tuple[str, ...]]:
    """View and photo of each that is to be used, and notes. Raises OferError(BAD_REQUEST)."""
    if len(request.photos) != len(record.views) or not any(each.path for each in request.photos):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} was made from {views} photos, and {photos} were given.",
            "Choose the photos that the head was made from.",
            name=record.folder.name,
            views=len(record.views),
            photos=sum(bool(each.path) for each in request.photos),
        )
    found, notes = [], []
    for number, (wanted, view) in enumerate(zip(request.photos, record.views, strict=True)):
        if not wanted.path:
            continue
        photo = load_photo(Path(wanted.path))
        if (photo.width, photo.height) != (view.photo.width, view.photo.height):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{name} is not the photo that the head was made from: it has another size than "
                "{name_2}.",
                "Choose {name_2}, or reconstruct this photo.",
                name=photo.name,
                name_2=view.photo.name,
            )
        if photo.sha256 != view.photo.sha256:
            notes.append(
                Sentence(
                    "{name} is not the very file that the head was made from.", name=photo.name
                )
            )
        found.append((number, photo))
    return found, tuple(notes)


def _views(
    session: Session,
    record: Reconstruction,
    pack: Pack,
    request: protocol.Texture,
    photos: list[tuple[int, Photo]],
    work: Work,
) -> list[PhotoView]:
    """The chosen head as each photo has it."""
    identity = blended(record, request.rows, request.weights)
    neutral = neutral_heads(pack, identity[None], work.check)[0]
    person = person_of(record, session.device)
    coefficients = record.array("expression_coefficients")
    views = []
    for number, photo in photos:
        seen = person.photos[number]
        evidence = with_landmarks(
            PointEvidence(seen.points, seen.deviation, seen.visible, seen.vertices),
            session.detector(), pack.head, photo, seen.camera, neutral,
        )  # fmt: skip
        rows = [row for row, each in enumerate(record.expressions) if each.view == number]
        moved = expressive_heads(pack, identity, coefficients[rows], work.check) - neutral
        vertices = mixed_expression(neutral, moved, seen.camera, evidence)
        hidden = _hidden(request.photos[number].hidden, photo)
        views.append(PhotoView(photo.pixels, seen.camera, vertices, neutral, evidence, hidden))
    return views


def _hidden(mask: str, photo: Photo) -> Mask | None:
    return fitted(load_photo(Path(mask)), photo) if mask else None


def _unwanted(request: protocol.Texture) -> np.ndarray | None:
    """(R, R) float32 of the artist's mask over the texture."""
    if not request.unwanted:
        return None
    grey = Image.fromarray(load_photo(Path(request.unwanted)).pixels).convert("L")
    side = (request.resolution, request.resolution)
    return np.asarray(grey.resize(side, Image.Resampling.BILINEAR), np.float32) / 255


def _remarks(painted: Painted) -> tuple[str, ...]:
    share = painted.share
    if share >= 0.5:
        return ()
    return (
        Sentence(
            "Only {share:.0%} of the face is seen; the rest is mirrored or plain skin.", share=share
        ),
    )


def _check_replaceable(out: Path) -> None:
    """Raises OferError(BAD_REQUEST) where something else than a skin of ours lies at `out`."""
    if not os.path.lexists(out) or (out / contract.RECORD).is_file():
        return
    if out.is_dir() and not any(out.iterdir()):
        return
    raise OferError(
        ErrorCode.BAD_REQUEST,
        "{name} holds something else than a painted skin, and is not replaced.",
        "Choose a folder that is not there yet.",
        name=out.name,
    )


def _write(
    out: Path, painted: Painted, request: protocol.Texture, digests: tuple[str, ...]
) -> tuple[Sentence, ...]:
    """Returns what is to be said of an older skin."""
    uv = io.BytesIO()
    write_array(uv, painted.uv)
    made = {
        contract.ALBEDO: _png(painted.albedo),
        contract.NORMAL: _png(painted.normal),
        contract.ROUGHNESS: _png(painted.roughness),
        contract.SEEN: _png(painted.seen),
        contract.UV: uv.getvalue(),
    }
    skin = contract.Skin(
        request.resolution,
        request.layout,
        digests,
        painted.tone,
        round(painted.share, 4),
        tuple(sha256(made[name]).hexdigest() for name in contract.FILES[1:]),
    )
    files = made | {contract.RECORD: contract.to_json(skin).encode()}
    try:
        with Replacement(out) as replacement:
            replacement.place.mkdir()
            for name, content in files.items():
                (replacement.place / name).write_bytes(content)
            aside = skin_aside(out)
            replacement.finish(aside=aside)
    except OSError as cause:
        raise unwritable(out, cause) from cause
    return aside_note(out, aside)


def _png(picture: np.ndarray) -> bytes:
    """In memory first: Pillow's own writer does not tell why a disk refused."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
