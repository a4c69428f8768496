"""Reading a folder of synthetic photos, made by `training/studio/photos`, as one indexable set."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ...contract.errors import ErrorCode, OferError

LABELS = (
    "points", "visible", "contour", "irises", "identity", "expression", "rotation", "distance",
    "mm_per_pixel",
)  # fmt: skip


@dataclass(frozen=True)
class CloserPictures:
    """JPEG files of one chunk, one after the other: data (bytes,) uint8, memory-mapped; starts,
    ends (n,) int64 into it."""

    data: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    @staticmethod
    def read(chunk: Path, name: str = "closer") -> CloserPictures:
        """The closer pictures of a chunk of a set."""
        ends = np.load(chunk / f"{name}_ends.npy").astype(np.int64)
        data = np.load(chunk / f"{name}.npy", mmap_mode="r")
        return CloserPictures(data, np.r_[np.int64(0), ends[:-1]], ends)

    def __len__(self) -> int:
        return len(self.ends)

    def after(self, first: int) -> CloserPictures:
        """All but the `first`."""
        return CloserPictures(self.data, self.starts[first:], self.ends[first:])

    def picture(self, index: int) -> np.ndarray:
        """(S, S, 3) uint8."""
        file = self.data[self.starts[index] : self.ends[index]].tobytes()
        return np.asarray(Image.open(io.BytesIO(file)))


@dataclass(frozen=True)
class PhotoSet:
    """N synthetic crops with their truth.

    images : per chunk (n, 128, 128, 3) uint8, memory-mapped; points : (N, P, 2) crop pixels;
    visible : (N, P) bool; contour : (N, L, 2) and irises : (N, I, 2) crop pixels; identity :
    (N, K), of the nearest open head where the surface is another; expression : (N, X) in 0..1;
    rotation : (N, 3, 3); distance : (N,) m; mm_per_pixel : (N,); person : (N,) int64, the same
    number for the pictures of one person; closer : per chunk the same pictures larger, or none.
    """

    images: tuple[np.ndarray, ...]
    points: Tensor
    visible: Tensor
    contour: Tensor
    irises: Tensor
    identity: Tensor
    expression: Tensor
    rotation: Tensor
    distance: Tensor
    mm_per_pixel: Tensor
    person: Tensor
    closer: tuple[CloserPictures, ...] = ()

    def __len__(self) -> int:
        return len(self.points)

    @property
    def side(self) -> int:
        """Pixels of the closest pictures that there are of each crop."""
        return self.closer[0].picture(0).shape[0] if self.closer else self.images[0].shape[1]

    def crops(self, indices: np.ndarray, side: int = 128) -> Tensor:
        """(B, 3, S, S) float32 in 0..1 of the pictures at `indices`, in their order.

        side : 128, or more for the closer pictures, at the size in which they were kept. Raises
        OferError(BAD_REQUEST) for a set that has none.
        """
        places = self._places(indices)
        if side <= 128:
            return _tensor([self.images[chunk][row] for chunk, row in places])
        if not self.closer:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "These synthetic photos have no closer pictures.",
                "Make some with --side {side}.",
                side=side,
            )
        return _tensor([self.closer[chunk].picture(row) for chunk, row in places])

    def _places(self, indices: np.ndarray) -> list[tuple[int, int]]:
        """Chunk of each picture, and its row there."""
        starts = np.cumsum([0, *(len(chunk) for chunk in self.images)])
        chunk_of = np.searchsorted(starts, indices, side="right") - 1
        return [
            (int(chunk), int(index - starts[chunk]))
            for chunk, index in zip(chunk_of, indices, strict=True)
        ]

    def first(self, count: int) -> PhotoSet:
        """The first `count` pictures, as a set."""
        return self.labels(slice(0, count))

    def split(self, held_out: int) -> tuple[PhotoSet, PhotoSet]:
        """(training, held out): the last `held_out` pictures are kept apart."""
        at = len(self) - held_out
        starts = np.cumsum([0, *(len(chunk) for chunk in self.images)])
        chunk = int(np.searchsorted(starts, at, side="right")) - 1
        first = at - int(starts[chunk])
        rest = (self.images[chunk][first:], *self.images[chunk + 1 :])
        closer = self.closer
        if closer:
            closer = (closer[chunk].after(first), *closer[chunk + 1 :])
        held = replace(self.labels(slice(at, None)), images=rest, closer=closer)
        return self.labels(slice(0, at)), held

    def labels(self, rows: slice | np.ndarray) -> PhotoSet:
        """The truth of some pictures; `images` stays whole."""
        return replace(self, **{label: getattr(self, label)[rows] for label in (*LABELS, "person")})

    @property
    def pose(self) -> Tensor:
        """(N, 4) the conditioner's pose: sines of pitch and yaw, log metres, log mm per pixel."""
        return torch.stack(
            [
                self.rotation[:, 2, 0],
                self.rotation[:, 2, 1],
                self.distance.log(),
                (self.mm_per_pixel / 1.6).log() * 5,
            ],
            dim=1,
        )


def read_photo_set(*folders: Path, images: str = "images", visible: str = "visible") -> PhotoSet:
    """All finished chunks of the folders, in their order.

    Paired sets hold `images_occluded` and `visible_occluded` too. Raises OferError(BAD_REQUEST).
    """
    chunks = [path.parent for folder in folders for path in sorted(folder.glob("*/complete.json"))]
    if not chunks:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "There is no finished chunk of synthetic photos in {folders}.",
            "Make some with `python -m ofer_engine.research.studio.photos`.",
            folders=folders[0],
        )
    files = dict(zip(LABELS, LABELS, strict=True)) | {"visible": visible}
    labels = {
        label: torch.from_numpy(np.concatenate([np.load(c / f"{file}.npy") for c in chunks]))
        for label, file in files.items()
    }
    pictures = tuple(np.load(chunk / f"{images}.npy", mmap_mode="r") for chunk in chunks)
    floats = {name: v.float() if v.is_floating_point() else v for name, v in labels.items()}
    name = images.replace("images", "closer", 1)
    closer = ()
    if all((chunk / f"{name}.npy").exists() for chunk in chunks):
        closer = tuple(CloserPictures.read(chunk, name) for chunk in chunks)
    return PhotoSet(images=pictures, person=_people(chunks), closer=closer, **floats)


def _tensor(pictures: list[np.ndarray]) -> Tensor:
    """(B, 3, S, S) float32 in 0..1 of pictures (S, S, 3) uint8."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def _people(chunks: Sequence[Path]) -> Tensor:
    """(N,) a number for each person; where a set does not tell them apart, each is another."""
    parts, free = [], 0
    sets = {folder: rank for rank, folder in enumerate(dict.fromkeys(c.parent for c in chunks))}
    for chunk in chunks:
        count = len(np.load(chunk / "distance.npy", mmap_mode="r"))
        if (chunk / "person.npy").exists():
            parts.append(
                np.load(chunk / "person.npy").astype(np.int64) + (sets[chunk.parent] << 40)
            )
        else:
            parts.append(-1 - np.arange(free, free + count, dtype=np.int64))
        free += count
    return torch.from_numpy(np.concatenate(parts))
