"""What every pack can do: read a photo once, and drive the diffusion and ranking networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from ..contract.errors import ErrorCode, OferError
from ..contract.records import Hints, PackRecord
from ..diffusion.folded import Conditional
from ..diffusion.samplers import OnStep
from ..heads.camera import Camera
from ..heads.head import Head
from ..photo.faces import Face
from ..photo.load import Photo

if TYPE_CHECKING:
    from .open_pack import OpenPack


@dataclass(frozen=True, eq=False)
class Contexts:
    """The conditioning context of each network, float32 on the pack's device.

    identity, ranking : (1, C) of the person; expression : (M, C), a row for each of M photos.
    """

    identity: Tensor
    ranking: Tensor
    expression: Tensor


@dataclass(frozen=True, eq=False)
class MovingPoints:
    """What is no fixed point of the skin, photo pixels.

    contour : (L, 2) float32, the face's outline (`heads/contour`); irises : (I, 2) float32
    (`heads/iris`); contour_deviation : (L,) and irises_deviation : (I,).
    """

    contour: np.ndarray
    irises: np.ndarray
    contour_deviation: np.ndarray
    irises_deviation: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class PhotoEvidence:
    """What a photo shows of one face.

    points : (P, 2) float32 photo pixels, of the head's `vertices` (P,) int32; deviation : (P,)
    photo pixels; visible : (P,) 0..1; shift : (P, 3) float32 metres, head frame, that the
    expression seen moves the points; focal_known : the camera's focal length was in the photo;
    contexts : of this photo alone; notes : how it was read, sentences for the user; moving : None
    where the photo is only remembered.
    """

    points: np.ndarray
    deviation: np.ndarray
    visible: np.ndarray
    vertices: np.ndarray
    shift: np.ndarray
    camera: Camera
    focal_known: bool
    contexts: Contexts
    notes: tuple[str, ...] = ()
    moving: MovingPoints | None = None


@dataclass(frozen=True, eq=False)
class PublishedResult:
    """What the published demo draws for one photo.

    identities : (N, K) float32, in the order drawn; scores : (N,) float32, higher is better;
    best : row of the best; expressions : (E, X) float32 for it.
    """

    identities: np.ndarray
    scores: np.ndarray
    best: int
    expressions: np.ndarray


class Pack(Protocol):
    """A head, a way to read photos, and the three trained networks behind one face.

    identities, expressions : lengths K and X of the two coefficient vectors;
    expression_names : (X,); threads : processor threads that its networks gain from;
    hint_axes : (3, K) float64 that `contract.hint_places.HINTS` measure coefficients along, or
    None; video_reader : what reads the frames of a video, or None.
    """

    @property
    def record(self) -> PackRecord: ...
    @property
    def head(self) -> Head: ...
    @property
    def device(self) -> torch.device: ...
    @property
    def identities(self) -> int: ...
    @property
    def expressions(self) -> int: ...
    @property
    def expression_names(self) -> tuple[str, ...]: ...
    @property
    def threads(self) -> int: ...
    @property
    def hint_axes(self) -> np.ndarray | None: ...
    @property
    def idgen(self) -> Conditional: ...
    @property
    def expgen(self) -> Conditional: ...
    @property
    def video_reader(self) -> OpenPack | None: ...

    def encode(
        self,
        photo: Photo,
        face: Face,
        hidden: np.ndarray | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> PhotoEvidence:
        """Read one face of a photo; everything after reuses the answer.

        hidden : (H, W) bool, pixels that do not show the person; they have been covered already.
        check : called now and again, may raise to stop.
        """
        ...

    def person_contexts(self, evidence: Sequence[PhotoEvidence], hints: Hints) -> Contexts:
        """The contexts of a person seen in one or more photos.

        Raises OferError(BAD_REQUEST) for hints that the pack does not know.
        """
        ...

    def candidates(self, drawn: np.ndarray) -> np.ndarray:
        """(M, K) candidates to be ranked; what the samples (N, K) of IdGen become comes first."""
        ...

    def scores(self, contexts: Contexts, identities: np.ndarray) -> np.ndarray:
        """(N,) float32, higher is better, of candidates (N, K)."""
        ...

    def expression_coefficients(self, drawn: Tensor, context: Tensor) -> np.ndarray:
        """(E, X) float32 for the head, of what ExpGen draws, (E, X), in the context (1, C)."""
        ...

    def sample_as_published(
        self, contexts: Contexts, on_step: OnStep | None = None
    ) -> PublishedResult | None:
        """The published demo's draws for one photo; None for a pack that was never published."""
        ...


def pooled(evidence: Sequence[PhotoEvidence]) -> Contexts:
    """The mean of the photos' identity and ranking contexts, and each one's own expression."""
    alone = [photo.contexts for photo in evidence]
    return Contexts(
        identity=torch.stack([one.identity for one in alone]).mean(0),
        ranking=torch.stack([one.ranking for one in alone]).mean(0),
        expression=torch.cat([one.expression for one in alone]),
    )


def refuse_unknown_hints(record: PackRecord, hints: Hints) -> None:
    """Raises OferError(BAD_REQUEST) for hints that the pack was not trained with."""
    if unknown := [name for name in hints.given if name not in record.hints]:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The pack {id} cannot take a hint of {unknown}.",
            "Leave it out, or choose a pack that was trained with hints.",
            id=record.id,
            unknown=" or ".join(unknown),
        )
