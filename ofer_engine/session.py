"""What an engine process keeps between requests: the loaded pack, the detector, the open photo."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from . import __version__
from .assembly import Drawn, assemble
from .contract import protocol
from .contract.errors import ErrorCode, OferError
from .contract.reconstruction import SUFFIX, Mode, Reconstruction, SettingsRecord, write
from .device import choose_device, resident_megabytes, set_threads
from .packs.flame_pack import PACK_ID, FlamePack
from .packs.published import (
    PUBLISHED_CANDIDATES,
    PUBLISHED_EXPRESSIONS,
    PublishedDraws,
    as_published,
)
from .packs.registry import BUNDLED, find_packs, load_pack
from .photo.faces import Face, FaceDetector
from .photo.load import Photo, load_photo
from .pipeline import Ranking, Reconstructor
from .progress import Progress, Report

_PLAN = {
    "Loading the pack": 4.0,
    "Finding the face": 2.0,
    "Drawing heads": 4.0,
    "Ranking heads": 0.5,
    "Drawing expressions": 2.0,
    "Picturing the hypotheses": 6.0,
    "Writing": 0.5,
}


@dataclass(frozen=True)
class OpenedPhoto:
    """A photo that has been read, and the faces found in it, best first; maybe none."""

    path: str
    stamp: tuple[int, int]
    photo: Photo
    faces: tuple[Face, ...]
    notes: tuple[str, ...]


class Session:
    """Answers requests one after another; everything is loaded on first use."""

    def __init__(self, device: str, home: Path | None, threads: int | None) -> None:
        self._device = choose_device(device)
        self._threads = set_threads(threads)
        self._home = home
        self._detector: FaceDetector | None = None
        self._reconstructors: dict[str, Reconstructor] = {}
        self._opened: OpenedPhoto | None = None

    def ready(self) -> protocol.Ready:
        """Who is speaking, and with what."""
        return protocol.Ready(
            protocol.PROTOCOL_VERSION,
            __version__,
            str(self._device),
            resident_megabytes(),
            tuple(find_packs(self._home)),
        )

    def unload(self) -> None:
        """Forget the packs and the photo."""
        self._detector = None
        self._reconstructors.clear()
        self._opened = None

    def open_photo(self, request: protocol.OpenPhoto) -> protocol.PhotoOpened:
        """Read a photo and find its faces; none found is an answer, not an error."""
        opened = self.photo(request.path)
        height, width = opened.photo.pixels.shape[:2]
        faces = tuple(
            protocol.FaceFound(tuple(map(float, f.box)), f.score, f.confidence, f.low_confidence)
            for f in opened.faces
        )
        return protocol.PhotoOpened(request.id, request.path, width, height, faces, opened.notes)

    def photo(self, path: str) -> OpenedPhoto:
        """The photo at `path`, read again only when the file has changed."""
        stamp = _stamp(path)
        if self._opened and (self._opened.path, self._opened.stamp) == (path, stamp):
            return self._opened
        photo = load_photo(Path(path))
        notes = photo.notes
        try:
            faces = self._faces().detect(photo)
        except OferError as error:
            if error.code is not ErrorCode.NO_FACE:
                raise
            faces, notes = (), (*notes, str(error))
        self._opened = OpenedPhoto(path, stamp, photo, faces, notes)
        return self._opened

    def reconstruct(
        self, request: protocol.Reconstruct, report: Report, cancelled: Callable[[], bool]
    ) -> protocol.Result:
        """Photo → `NAME.ofer`. Raises OferError; then nothing is left on disk."""
        reconstruction = self.reconstruction(request, report, cancelled)
        return protocol.Result(request.id, str(reconstruction.folder), reconstruction.notes)

    def reconstruction(
        self, request: protocol.Reconstruct, report: Report, cancelled: Callable[[], bool]
    ) -> Reconstruction:
        """As `reconstruct`, giving the record. Falls back on the CPU where a GPU runs out."""
        check_counts(request)
        try:
            return self._reconstruct(request, Progress(_PLAN, report, cancelled), ())
        except torch.OutOfMemoryError:
            note = f"The device {self._device} ran out of memory; this was computed on the CPU."
        self._device = torch.device("cpu")
        self._reconstructors.clear()
        return self._reconstruct(request, Progress(_PLAN, report, cancelled), (note,))

    def face(self, opened: OpenedPhoto, index: int, box: tuple[float, ...]) -> Face:
        """The face asked for: placed by hand, or one of those found."""
        if box:
            if len(box) != 4 or min(box[2:]) <= 0:
                raise OferError(
                    ErrorCode.BAD_REQUEST,
                    "A face placed by hand is x, y, width and height in pixels.",
                    "Give four numbers, the last two above zero.",
                )
            return self._faces().from_box(opened.photo, (box[0], box[1], box[2], box[3]))
        if not opened.faces:
            raise OferError(
                ErrorCode.NO_FACE,
                f"No face was found in {opened.photo.name}.",
                "Place the face by hand with a box around it, or choose another photo.",
            )
        if not 0 <= index < len(opened.faces):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                f"There is no face {index + 1}: {len(opened.faces)} were found.",
                "Choose one of the faces listed.",
            )
        return opened.faces[index]

    def _reconstruct(
        self, request: protocol.Reconstruct, progress: Progress, notes: tuple[str, ...]
    ) -> Reconstruction:
        progress.step("Loading the pack", 0, 1)
        reconstructor = self._reconstructor(request.pack)
        progress.step("Loading the pack", 1, 1)
        opened = self.photo(request.path)
        face = self.face(opened, request.face, request.box)
        reconstructor.set_photo(opened.photo, face)
        progress.step("Finding the face", 1, 1)
        drawn = self._draw(reconstructor, request, progress)
        reconstruction, arrays, thumbnails = assemble(
            reconstructor, opened.photo, face, drawn, request, self._settings(request), progress
        )
        out = Path(request.out)
        make_folder(out)
        progress.step("Writing", 0, 1)
        placed = dataclasses.replace(
            reconstruction,
            folder=out / (request.name + SUFFIX),
            notes=(*notes, *reconstruction.notes),
        )
        finished = write(placed, arrays, thumbnails)
        progress.step("Writing", 1, 1)
        return finished

    def _draw(
        self, reconstructor: Reconstructor, request: protocol.Reconstruct, progress: Progress
    ) -> Drawn:
        if request.mode == Mode.AS_PUBLISHED:
            return _draw_as_published(reconstructor, progress)
        identities = reconstructor.identities(
            request.identities,
            request.seed,
            request.sampler,
            request.steps,
            lambda i, n: progress.step("Drawing heads", i, n),
        )
        ranking = reconstructor.rank(identities)
        progress.step("Ranking heads", 1, 1)
        expressions = reconstructor.expressions(
            request.expressions,
            request.seed,
            request.sampler,
            request.steps,
            lambda i, n: progress.step("Drawing expressions", i, n),
        )
        return Drawn(identities, ranking, expressions)

    def _settings(self, request: protocol.Reconstruct) -> SettingsRecord:
        return SettingsRecord(
            seed=request.seed,
            sampler=request.sampler,
            steps=request.steps,
            identities=request.identities,
            keep=request.keep,
            expressions=request.expressions,
            device=str(self._device),
            threads=self._threads,
            engine=__version__,
            torch=torch.__version__,
            mode=request.mode,
        )

    def _faces(self) -> FaceDetector:
        if self._detector is None:
            self._detector = FaceDetector.load(BUNDLED / "faces")
        return self._detector

    def _reconstructor(self, pack: str) -> Reconstructor:
        if pack not in self._reconstructors:
            loaded = load_pack(pack, self._home, self._device)
            self._reconstructors = {pack: Reconstructor(loaded)}
        return self._reconstructors[pack]


def _draw_as_published(reconstructor: Reconstructor, progress: Progress) -> Drawn:
    """The published demo's draws for one photo; only the published pack has them."""
    pack = reconstructor.pack
    if not isinstance(pack, FlamePack):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            f"The pack {pack.record.id} was never published with OFER: it has no such mode.",
            f"Choose the mode {Mode.CORRECTED}, or the pack {PACK_ID}.",
        )

    def on_step(done: int, of: int) -> None:
        identities = of < 1000
        progress.step("Drawing heads" if identities else "Drawing expressions", done, of)

    told = reconstructor.evidence.contexts
    result = as_published(pack.published, told, PublishedDraws(), on_step)
    return Drawn(result.identities, Ranking.of(result.scores), result.expressions)


def check_counts(request: protocol.Reconstruct) -> None:
    """Raises OferError(BAD_REQUEST) where the counts or the mode make no sense."""
    if request.mode not in tuple(Mode):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            f"There is no mode {request.mode!r}.",
            f"Choose one of {', '.join(Mode)}.",
        )
    published = (PUBLISHED_CANDIDATES, PUBLISHED_EXPRESSIONS)
    if request.mode == Mode.AS_PUBLISHED and (request.identities, request.expressions) != published:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "As published, 100 candidates and 15 expressions are drawn, no other numbers.",
            f"Leave both numbers, or choose the mode {Mode.CORRECTED}.",
        )
    sensible = (
        1 <= request.keep <= request.identities <= 1000
        and 0 <= request.expressions <= 200
        and 1 <= request.steps <= 1000
    )
    if not sensible:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            f"{request.identities} candidates, {request.keep} kept, {request.expressions}"
            f" expressions and {request.steps} steps cannot be drawn.",
            "Keep 1 to all of at most 1000 candidates, at most 200 expressions, 1 to 1000 steps.",
        )


def make_folder(folder: Path) -> None:
    """Make a folder for results. Raises OferError(READ_ONLY)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise OferError(
            ErrorCode.READ_ONLY,
            f"The folder {folder} cannot be made: {cause.strerror}.",
            "Choose an output folder that you may write to.",
        ) from cause


def _stamp(path: str) -> tuple[int, int]:
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as cause:
        raise OferError(
            ErrorCode.PHOTO_MISSING,
            f"The photo {Path(path).name} is not there any more.",
            "Choose the photo again.",
        ) from cause
    return status.st_mtime_ns, status.st_size
