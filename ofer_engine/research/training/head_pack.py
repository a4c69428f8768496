"""A pack on a head model that the user holds: head, photos, conditioner and the three networks.

`work` keeps the photos and the checkpoints; called again, everything goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...contract.records import PackRecord
from ...heads.open_head import OpenHead
from ...photo.faces import FaceDetector
from ..head_building.adopted_head import adopt_head
from ..head_building.source_heads import read_source_head
from ..studio.photo_head import load_open_photo_head
from ..studio.photos import ChunkWriter, PhotoPlan
from ..studio.studio import Studio
from .budget import TrainingBudget
from .open_pack import Sources, train_open_pack

HEAD: Final = "head.npz"
_CHUNK: Final = 2000
_MISFIT_MM: Final = 0.5
"""Shape noise of the people that are photographed, root mean square on the face."""
_PHOTO_SEED, _PEOPLE_SEED = 1, 31
_MOMENTS: Final = 4


@dataclass(frozen=True)
class HeadPackPlan:
    """files : of the head model; modes : identity modes used; photos, people : how many pictures of
    strangers, and of people who are met several times; recipe : steps."""

    files: Sequence[Path]
    modes: int
    photos: int
    people: int
    recipe: TrainingBudget


def train_head_pack(
    plan: HeadPackPlan,
    record: PackRecord,
    bundled: Path,
    out: Path,
    work: Path,
    on_stage: Callable[[str], None],
) -> None:
    """Make the pack in `out`.

    record : what the pack says of itself; bundled : folder `weights` with the open head and the
    face networks; on_stage : called with what begins. Raises OferError as `read_source_head` and
    `adopt_head`.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not (out / HEAD).exists():
        on_stage("head")
        source = read_source_head(plan.files, plan.modes)
        open_head = OpenHead.load(bundled / "open" / HEAD)
        adopt_head(source, open_head, FaceDetector.load(bundled / "faces")).save(out / HEAD)
    head = load_open_photo_head(out / HEAD)
    common = {
        "head": hashlib.sha256((out / HEAD).read_bytes()).hexdigest(),
        "surface": "open",
        "paired": False,
        "misfit_mm": _MISFIT_MM,
        "identities": len(head.identity),
    }
    studio = Studio(head, _MISFIT_MM)
    sets = {
        work / "photos": (PhotoPlan(seed=_PHOTO_SEED, **common), plan.photos),
        work / "people": (PhotoPlan(seed=_PEOPLE_SEED, moments=_MOMENTS, **common), plan.people),
    }
    for folder, (photos, count) in sets.items():
        on_stage(f"{count} {folder.name}")
        writer = ChunkWriter(folder, studio, photos)
        for first in range(0, count, _CHUNK):
            writer.write(first, min(_CHUNK, count - first))
    on_stage("networks")
    known = bundled / "open" / "conditioner.safetensors"
    sources = Sources([work / "photos"], [work / "people"], bundled / "faces", known)
    train_open_pack(sources, out, work, record, plan.recipe)
