"""The published OFER as a `Pack`: the imported networks and FLAME behind every pack's interface.

The published encoders see a face but do not say where it is. Points, uncertainty and camera come
from the bundled open pack, whose head is laid over FLAME's on the user's machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..contract.records import Hints, PackRecord
from ..device import usable_cores
from ..diffusion.folded import FoldedDenoiser
from ..diffusion.samplers import OnStep
from ..geometry.surface import closest_vertices
from ..heads.camera import Camera
from ..heads.placement import Similarity, place
from ..packs.open_pack import OpenPack
from ..packs.pack import (
    Contexts,
    PhotoEvidence,
    PublishedResult,
    pooled,
    refuse_unknown_hints,
)
from ..photo.faces import Face
from ..photo.load import Photo
from .catalogue import CATALOGUE, PACK_ID, REQUIRED, Part
from .encoder_pictures import blob_tensor, published_pictures
from .farl import preprocess
from .five_points import Aligner
from .flame import EXPRESSIONS, FlameHead
from .imported_files import status
from .published_keys import EXPGEN_SHAPE, IDGEN_SHAPE
from .published_pack import (
    PublishedDraws,
    PublishedPack,
    as_published,
    photo_contexts,
    rank,
    read_published_pack,
    scaled_jaw,
)

_JAW_NAMES = ("jaw_x", "jaw_y", "jaw_z")


@dataclass(frozen=True, eq=False)
class FlamePack:
    """A `Pack` over imported files.

    published : networks and FLAME; open_pack : sees the photo; aligner : whose five points
    are used.
    """

    record: PackRecord
    published: PublishedPack
    open_pack: OpenPack
    aligner: Aligner

    @property
    def head(self) -> FlameHead:
        """FLAME 2020."""
        return self.published.head

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.published.device

    @property
    def identities(self) -> int:
        """300."""
        return IDGEN_SHAPE.coefficients

    @property
    def expressions(self) -> int:
        """53: 50 expression coefficients and the jaw's axis-angle in radians."""
        return EXPGEN_SHAPE.coefficients

    @property
    def expression_names(self) -> tuple[str, ...]:
        """FLAME numbers its expression directions."""
        return (*(f"expression_{i:02d}" for i in range(EXPRESSIONS)), *_JAW_NAMES)

    @property
    def hint_axes(self) -> None:
        """None: it takes no hints."""

    @property
    def video_reader(self) -> None:
        """None: it reads single photos."""

    @property
    def threads(self) -> int:
        """All that the machine has, within reason: the published encoders are large."""
        return usable_cores()

    @property
    def idgen(self) -> FoldedDenoiser:
        """IdGen in its inference form."""
        return self.published.idgen

    @property
    def expgen(self) -> FoldedDenoiser:
        """ExpGen in its inference form."""
        return self.published.expgen

    @cached_property
    def placement(self) -> Similarity:
        """FLAME's mean head laid over the open head."""
        return place(self.head, self.open_pack.head, self.open_pack.head.face)

    @cached_property
    def _point_vertices(self) -> np.ndarray:
        points = self.open_pack.head.template[self.open_pack.head.point_vertices]
        return closest_vertices(points, self.placement.apply(self.head.template)).astype(np.int32)

    def encode(
        self,
        photo: Photo,
        face: Face,
        hidden: np.ndarray | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> PhotoEvidence:
        """Crops as published (§4), five encoders, and the open pack's view of where the face is."""
        seen = self.open_pack.encode(photo, face, hidden, check)
        check()
        aligned = self.aligner.align(photo, face)
        shown = published_pictures(photo, aligned.points, aligned.box)
        contexts = photo_contexts(
            self.published, blob_tensor(shown.blob), preprocess(shown.picture)
        )
        return PhotoEvidence(
            points=seen.points,
            deviation=seen.deviation,
            visible=seen.visible,
            vertices=self._point_vertices,
            shift=(seen.shift @ self.placement.rotation / self.placement.scale).astype(np.float32),
            camera=_camera_of(self.placement, seen.camera),
            focal_known=seen.focal_known,
            contexts=contexts,
            notes=(*seen.notes, aligned.note),
            moving=seen.moving,
        )

    def person_contexts(self, evidence: Sequence[PhotoEvidence], hints: Hints) -> Contexts:
        """The mean of the photos' features: the published networks know one photo and no hints.

        ArcFace's features are as long as one in IdGen's context; their mean is made so again.
        """
        refuse_unknown_hints(self.record, hints)
        contexts = pooled(evidence)
        if len(evidence) > 1:
            contexts = replace(contexts, identity=functional.normalize(contexts.identity))
        return contexts

    def candidates(self, drawn: np.ndarray) -> np.ndarray:
        """What is ranked: the samples as they were drawn."""
        return drawn

    def scores(self, contexts: Contexts, identities: np.ndarray) -> np.ndarray:
        """(N,) IdRank's scores of candidates (N, 300)."""
        return rank(self.published, contexts, identities)

    def expression_coefficients(self, drawn: Tensor, context: Tensor) -> np.ndarray:
        """(E, 53), whatever the context; the jaw halved as the published code does (§0.6)."""
        return scaled_jaw(drawn)

    def sample_as_published(
        self, contexts: Contexts, on_step: OnStep | None = None
    ) -> PublishedResult:
        """The published demo's draws, its quirks included (§1, §8)."""
        return as_published(self.published, contexts, PublishedDraws(), on_step)


def read_flame_pack(home: Path, open_pack: OpenPack, device: torch.device) -> FlamePack:
    """The pack of the imported files. Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED)."""
    published = read_published_pack(home, device)
    return FlamePack(flame_record(home), published, open_pack, Aligner.of(home))


def flame_record(home: Path) -> PackRecord:
    """What the pack says of itself: its licences are those of the files that it is made of."""
    records = {line.part: line.record for line in status(home) if line.record is not None}
    used = [records[part] for part in (*REQUIRED, Part.SCRFD) if part in records]
    trained = [CATALOGUE[Part(each.part)].title for each in used if each.trained_here]
    digests = "".join(each.sha256 for each in used)
    return PackRecord(
        id=PACK_ID,
        version="1",
        title="OFER trained here, on FLAME 2020" if trained else "Published OFER on FLAME 2020",
        licence="; ".join(dict.fromkeys(each.licence for each in used)),
        commercial=bool(used) and all(each.commercial for each in used),
        claim=f"with {', '.join(trained)} trained by a user, not measured by us"
        if trained
        else "the published networks; accuracy as their paper reports it, not measured by us",
        fingerprint=hashlib.sha256(digests.encode()).hexdigest()[:16],
    )


def _camera_of(placement: Similarity, camera: Camera) -> Camera:
    """The camera that sees the moving head where `camera` sees the fixed one.

    A pinhole cannot tell size from distance, so the placement's scale goes into the distance.
    """
    rotation = camera.rotation @ placement.rotation
    shift = camera.rotation @ placement.translation + camera.translation
    return Camera(
        camera.focal,
        camera.centre,
        rotation,
        shift / placement.scale,
        camera.width,
        camera.height,
    )
