"""A video → a head of the person in it, and how it moves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from .. import __version__
from ..contract import performance as contract
from ..contract import protocol, reconstruction
from ..contract.causes import unwritable
from ..contract.errors import ErrorCode, OferError
from ..contract.files.live_link import live_link_text
from ..contract.files.replacement import MOVED, Replacement
from ..contract.files.whole_file import check_place
from ..contract.names import check_name, free_name, kept_note
from ..contract.reconstruction import FRAMES, SUFFIX, Reconstruction
from ..contract.sampling import SamplingParams
from ..contract.sentence import Sentence
from ..heads.camera import default_focal
from ..packs.open_pack import OpenPack
from ..performance import chosen_frames, result
from ..performance.face_model import FaceModel
from ..performance.fit import Fitted, Intrinsics, fit, seen_share
from ..performance.footage import Footage, open_footage
from ..performance.readings import Readings
from ..performance.steady import COVERED, Steady, steady, yaw_pitch_roll
from ..performance.watch import Watch, notes_of
from ..photo.faces import Face, FaceDetector
from ..photo.load import Photo
from ..progress import Progress, Work
from ..session import Session
from .as_made import aside_note, reconstruction_aside
from .performed_files import TAKE, check_replaceable
from .reconstruct import check_reconstruction, reconstruct
from .stages import LOADING, WRITING
from .validation import check_sampling

READING: Final = "Reading the video"
CHOOSING: Final = "Choosing frames"
SHAPING: Final = "Making the head"
FITTING: Final = "Fitting the performance"
_READING_SECONDS: Final = 0.06
_FITTING_SECONDS: Final = 0.013
_WITHOUT_COUNT: Final = 1000
_KEY: Final = 16


@dataclass(frozen=True)
class Performed:
    """record : of the head; performance : how it moves; take : the CSV; notes : for the user."""

    record: Reconstruction
    performance: contract.Performance
    take: Path
    notes: tuple[str, ...]


def answer(session: Session, request: protocol.Perform, work: Work) -> protocol.Result:
    """Raises OferError; then only what was read of the video is left, to be gone on from."""
    done = perform(session, request, work)
    return protocol.Result(request.id, str(done.record.folder), tuple(map(Sentence, done.notes)))


def perform(session: Session, request: protocol.Perform, work: Work) -> Performed:
    """As `answer`, giving the records."""
    check_name(request.name)
    check_sampling(SamplingParams.of(_head_request(request, (), Path(request.out))))
    out = Path(request.out)
    check_place(out)
    footage = open_footage(Path(request.video), request.rate or None)
    wished = request
    request, renamed = _with_free_name(wished)
    progress = work.progress(_plan(footage.expected or _WITHOUT_COUNT))
    progress.step(LOADING, 0, 1)
    pack = _video_reader(session, request.pack)
    watch = Watch(
        pack,
        session.detector(),
        out / f".ofer-perform-{_key_of(footage, pack, request)}",
        _first_face(session.detector(), request, work.check),
        lambda done: progress.step(READING, done, max(footage.expected, done)),
    )
    readings, size = watch.readings(footage)
    lens = Intrinsics(default_focal(*size), np.array(size) / 2, size)
    progress.step(CHOOSING, 0, 1)
    chosen = _choose_frames(pack, readings, lens)
    folder = out / (request.name + SUFFIX)
    try:
        with (
            Replacement(folder) as whole,
            Replacement(out / (request.name + FRAMES)) as pictures,
            Replacement(out / (request.name + TAKE)) as take,
        ):
            photos = _write_frames(footage, readings, chosen, pictures.place, progress)
            progress.step(SHAPING, 0, 1)
            record = reconstruct(
                session, _head_request(request, photos, whole.place), _without_stages(work)
            )
            progress.step(FITTING, 0, 1)
            model = FaceModel.of(pack.head, _first_identity(record))
            fitted = fit(model, readings, lens, lambda i, n: progress.step(FITTING, i, n))
            moved = steady(readings, fitted, seen_share(model, readings.visible) < COVERED)
            progress.step(WRITING, 0, 1)
            performance = _write(record, footage, readings, moved, model, lens, chosen)
            take.place.write_bytes(live_link_text(performance.motion()))
            _move_up(record.folder, whole.place)
            request, renamed = _with_free_name(wished)  # others may have taken it meanwhile
            record = _renamed(record, request.name, whole.place)
            folder = out / (request.name + SUFFIX)
            aside = reconstruction_aside(folder, FRAMES) if request.overwrite else None
            whole.finish(folder, request.overwrite, aside)
            frames = out / (request.name + FRAMES)
            pictures.finish(frames, request.overwrite, aside and _frames_of(aside))
            take.finish(out / (request.name + TAKE), replace=request.overwrite)
    except OSError as cause:
        raise unwritable(folder, cause) from cause
    record = replace(record, folder=folder)
    performance = replace(performance, folder=folder / contract.FOLDER)
    watch.forget()
    progress.step(WRITING, 1, 1)
    notes = (
        *renamed,
        *aside_note(folder, aside),
        *notes_of(readings),
        *(str(note) for note in record.notes),
    )
    return Performed(record, performance, out / (request.name + TAKE), notes)


def _plan(frames: int) -> dict[str, float]:
    """Seconds that each stage may take, for so many frames."""
    return {
        LOADING: 0.3,
        READING: _READING_SECONDS * frames,
        CHOOSING: 2.0,
        SHAPING: 8.0,
        FITTING: _FITTING_SECONDS * frames,
        WRITING: 0.1,
    }


def _with_free_name(request: protocol.Perform) -> tuple[protocol.Perform, tuple[str, ...]]:
    """The request under a name that is free, unless it may overwrite, and a note where the name
    changed."""
    out = Path(request.out)
    if request.overwrite:
        check_replaceable(out, request.name)
        check_reconstruction(out / (request.name + SUFFIX))
        return request, ()
    free = free_name(out, request.name, (SUFFIX, FRAMES, TAKE))
    return replace(request, name=free), kept_note(request.name, free)


def _video_reader(session: Session, name: str) -> OpenPack:
    """Raises OferError(BAD_REQUEST) for a pack that reads single photos only."""
    pack = session.reconstructor(name).pack
    reader = pack.video_reader
    if reader is None:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The pack {id} reads single photos: it cannot follow a face through a video.",
            "Choose the pack open, and import its take on the other head.",
            id=pack.record.id,
        )
    return reader


def _key_of(footage: Footage, pack: OpenPack, request: protocol.Perform) -> str:
    """Names what was read so far: the same only where the same would be read again."""
    place = (request.face, request.box)
    parts = (footage.sha256, footage.rate, pack.record.fingerprint, place, __version__)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:_KEY]


def _first_face(
    detector: FaceDetector, request: protocol.Perform, check: Callable[[], None]
) -> Callable[[Photo], Face | None]:
    """Finds the face in the first frame that is to be followed: that of the request."""

    def start(photo: Photo) -> Face | None:
        if request.box:
            return detector.from_box(photo, request.box)
        try:
            faces = detector.detect(photo, check)
        except OferError as error:
            if error.code in (ErrorCode.NO_FACE, ErrorCode.FACE_TOO_SMALL):
                return None
            raise
        return faces[request.face] if 0 <= request.face < len(faces) else None

    return start


def _choose_frames(pack: OpenPack, readings: Readings, lens: Intrinsics) -> np.ndarray:
    """(M,) frames that the head is made from, the best first."""
    rows = chosen_frames.candidates(readings)
    some = readings.rows(rows)
    model = FaceModel.of(pack.head, some.identity.mean(axis=0))
    fitted: Fitted = fit(model, some, lens)
    turns = yaw_pitch_roll(fitted.rotation)
    return rows[chosen_frames.most_different(chosen_frames.quality(some), turns, some.expression)]


def _write_frames(
    footage: Footage, readings: Readings, chosen: np.ndarray, folder: Path, progress: Progress
) -> tuple[protocol.PhotoFace, ...]:
    """The chosen frames as pictures, in a folder of their own, and the face in each. Raises
    OSError."""
    wanted = {int(frame) for frame in chosen}
    last, paths = max(wanted), {}
    folder.mkdir()
    for frame in footage.frames():
        progress.check()
        if frame.number in wanted:
            paths[frame.number] = folder / f"{frame.number:06d}.png"
            Image.fromarray(frame.pixels).save(paths[frame.number])
        if frame.number >= last:
            break
    return tuple(
        protocol.PhotoFace(str(paths[frame]), box=tuple(map(float, readings.box[frame])))
        for frame in map(int, chosen)
    )


def _frames_of(folder: Path) -> Path:
    """Where the frames lie that a `NAME.ofer` is made from."""
    return folder.with_name(folder.name.removesuffix(SUFFIX) + FRAMES)


def _move_up(made: Path, place: Path) -> None:
    """Put the folder that lies in `place` there instead of it. Raises OSError."""
    inner = made.rename(place.with_name(MOVED))
    place.rmdir()
    inner.rename(place)


def _renamed(record: Reconstruction, name: str, place: Path) -> Reconstruction:
    """The record, also on disk, under the name that its folder gets. Raises OSError."""
    if record.name == name:
        return record
    record = replace(record, name=name)
    text = reconstruction.to_json(record).encode("utf-8", "backslashreplace")
    (place / reconstruction.RECORD).write_bytes(text)
    return record


def _head_request(
    request: protocol.Perform, photos: tuple[protocol.PhotoFace, ...], out: Path
) -> protocol.Reconstruct:
    """What makes the head from the chosen frames."""
    return protocol.Reconstruct(
        request.id,
        photos,
        str(out),
        request.name,
        request.pack,
        request.identities,
        request.keep,
        expressions=1,
        seed=request.seed,
        sampler=request.sampler,
        steps=request.steps,
        guidance=request.guidance,
    )


def _without_stages(work: Work) -> Work:
    """The same work, which tells the client of no stages: all of it is one stage here."""

    def send(event: protocol.Event) -> None:
        if not isinstance(event, protocol.Stage):
            work.send(event)

    return replace(work, send=send)


def _first_identity(record: Reconstruction) -> np.ndarray:
    """(K,) coefficients of the head that is shown first."""
    row = record.identities[0].candidate
    return record.numbers("identity_coefficients", (None, None))[row]


def _write(
    record: Reconstruction,
    footage: Footage,
    readings: Readings,
    moved: Steady,
    model: FaceModel,
    lens: Intrinsics,
    chosen: np.ndarray,
) -> contract.Performance:
    gaze = model.gaze(moved.weights)
    arrays = {
        "seconds": readings.seconds,
        "weights": moved.weights,
        "deviation": moved.deviation,
        "head": moved.turns,
        "place": moved.place,
        "left_eye": gaze[:, 0],
        "right_eye": gaze[:, 1],
        "jaw": model.jaw * moved.weights[:, model.jaw_unit],
        "confidence": np.clip(moved.confidence, 0.0, 1.0),
        "bridged": moved.bridged,
        "cut": readings.cut,
    }
    recorded = contract.Performance(
        footage.name,
        footage.sha256,
        len(readings),
        footage.rate,
        lens.focal,
        *lens.size,
        tuple(map(float, moved.rest)),
        tuple(int(frame) for frame in sorted(chosen)),
        record.folder / contract.FOLDER,
    )
    return result.write(recorded, arrays)
