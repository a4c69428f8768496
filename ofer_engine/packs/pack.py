"""What every pack can do: read a photo once, and drive the diffusion and ranking networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..contract.reconstruction import PackRecord
from ..diffusion.folded import FoldedDenoiser
from ..heads.camera import Camera
from ..heads.head import Head
from ..photo.faces import Face
from ..photo.load import Photo


@dataclass(frozen=True, eq=False)
class Contexts:
    """What each network is told about one face, (1, C) float32 on the pack's device."""

    identity: Tensor
    ranking: Tensor
    expression: Tensor


@dataclass(frozen=True, eq=False)
class PhotoEvidence:
    """What a photo shows of one face.

    points : (P, 2) float32 photo pixels, of the head's `vertices` (P,) int32; deviation : (P,)
    photo pixels; visible : (P,) 0..1; focal_known : the camera's focal length was in the photo.
    """

    points: np.ndarray
    deviation: np.ndarray
    visible: np.ndarray
    vertices: np.ndarray
    camera: Camera
    focal_known: bool
    contexts: Contexts


class Pack(Protocol):
    """A head, a way to read photos, and the three trained networks behind one face.

    identities, expressions : lengths K and X of the two coefficient vectors;
    expression_names : (X,).
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
    def idgen(self) -> FoldedDenoiser: ...
    @property
    def expgen(self) -> FoldedDenoiser: ...

    def encode(self, photo: Photo, face: Face) -> PhotoEvidence:
        """Read one face of a photo; everything after reuses the answer."""
        ...

    def scores(self, contexts: Contexts, identities: np.ndarray) -> np.ndarray:
        """(N,) float32, higher is better, of candidates (N, K)."""
        ...

    def expression_coefficients(self, drawn: Tensor) -> np.ndarray:
        """(E, X) float32 for the head, of what ExpGen draws, (E, X)."""
        ...
