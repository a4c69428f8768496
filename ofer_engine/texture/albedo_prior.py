"""What is known of human skin before a photo is looked at: a Gaussian albedo over the head.

Learnt from public-domain portraits by `research/albedo`; the file ships with the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from scipy.spatial import KDTree

from ..heads.head import Head
from ..heads.open_head import OpenHead
from ..heads.placement import place
from .explanation import VertexAlbedo
from .tone import ToneModel

FILE: Final = Path(__file__).with_name("albedo_prior.npz")
_NEAREST: Final = 3
_STEPS: Final = 127


@dataclass(frozen=True, eq=False)
class AlbedoPrior:
    """places : (N, 3) float32 metres, on the open head's template; albedo : on these places;
    tone : how people's tones differ."""

    places: np.ndarray
    albedo: VertexAlbedo
    tone: ToneModel

    @staticmethod
    @lru_cache(maxsize=1)
    def load() -> AlbedoPrior:
        """The one that ships."""
        with np.load(FILE, allow_pickle=False) as stored:
            modes = stored["modes"] * stored["mode_scale"][:, None, None]
            return AlbedoPrior(
                stored["places"].astype(np.float32),
                VertexAlbedo(
                    stored["mean"].astype(np.float32),
                    modes.astype(np.float32),
                    stored["spread"].astype(np.float32),
                ),
                ToneModel(stored["tone_mean"], stored["tone_covariance"]),
            )

    def save(self, path: Path) -> None:
        """Write the file, modes in 8 bits."""
        scale = np.abs(self.albedo.modes).max((1, 2)) / _STEPS
        np.savez_compressed(
            path,
            allow_pickle=False,
            places=self.places.astype(np.float32),
            mean=self.albedo.mean.astype(np.float16),
            modes=np.round(self.albedo.modes / scale[:, None, None]).astype(np.int8),
            mode_scale=scale.astype(np.float32),
            spread=self.albedo.spread.astype(np.float16),
            tone_mean=self.tone.mean,
            tone_covariance=self.tone.covariance,
        )

    def on(self, head: Head, donor: Callable[[], OpenHead]) -> VertexAlbedo:
        """The prior on a head's vertices. donor : gives the open head, which another head is laid
        over; only asked where `head` is another one."""
        template = np.asarray(head.template, np.float64)
        if head.annotated is None:
            open_head = donor()
            template = place(head, open_head, open_head.face).apply(template)
        away, near = KDTree(self.places).query(template, _NEAREST)
        share = 1 / (np.asarray(away) + 1e-5)
        share = (share / share.sum(1, keepdims=True)).astype(np.float32)
        rows = np.asarray(near)

        def laid(values: np.ndarray) -> np.ndarray:
            return np.einsum("vk,...vkc->...vc", share, values[..., rows, :])

        return VertexAlbedo(
            laid(self.albedo.mean),
            np.stack([laid(mode) for mode in self.albedo.modes]),
            laid(self.albedo.spread),
        )
