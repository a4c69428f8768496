"""What real people and places lend to the studio: skins, hair, lashes, irises, light, backdrops.

A wardrobe is a folder that `training/looks/build` makes from portraits and CC0 assets. The studio
works without one, with painted skins and procedural hair.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numba import njit

from ...contract.errors import ErrorCode, OferError
from .ages import Age
from .photo_head import PhotoHead

_FILES: Final = (
    "skins.npy", "skins.npz", "hair.npz", "lashes.npz", "irises.npy", "light.npz",
    "backdrops_portraits.npy", "backdrops_places.npy",
)  # fmt: skip
_SELDOM: Final = 0.15
"""How often hair is worn that hangs before an eye or brow, to any other."""
_ABOUT_EYES: Final = np.array([[0, 0, 0], [0, 0.014, 0], [0.012, 0, 0], [-0.012, 0, 0]])
_ROUGHNESS: Final = {Age.CHILD: (0.0, 0.2), Age.ADULT: (0.0, 1.0), Age.OLD: (0.5, 1.0)}
"""Which share of the skins each age wears, from the smoothest on."""
_LINEAR: Final = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)


@dataclass(frozen=True, eq=False)
class WornCard:
    """A card made to hang on one head. rest : (N, 3) float32 metres on the head that it was cut
    for; template : (V, 3) of that head; rows, weights : (N, A) into the places that this head
    knows; the rest as in looks/assets.Card."""

    rest: np.ndarray
    still: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    texture: np.ndarray

    def hangs_before(self, points: np.ndarray) -> bool:
        """Whether any of points (N, 3), head frame, is hidden from the front."""
        corners = self.rest[self.triangles].astype(float)
        first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
        area = np.where(np.abs(area) < 1e-12, np.inf, area)
        for point in points:
            gap = point - corners[:, 0]
            u = (gap[:, 0] * second[:, 1] - gap[:, 1] * second[:, 0]) / area
            v = (first[:, 0] * gap[:, 1] - first[:, 1] * gap[:, 0]) / area
            over = (u >= 0) & (v >= 0) & (u + v <= 1)
            ahead = corners[:, 0, 2] + u * first[:, 2] + v * second[:, 2] > point[2]
            if (over & ahead).any():
                return True
        return False

    def on(self, places: np.ndarray) -> np.ndarray:
        """places : (P, 3) metres, where the head's known places are now. -> (N, 3) float32"""
        moved = places[self.rows] - self.still
        return (self.rest + (moved * self.weights[..., None]).sum(1)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Wardrobe:
    """skins : (N, H, W, 3) uint8 display colours, memory-mapped; smoothest : (N,) int, their rows,
    the smoothest first; tones, hairs : (N, 3) linear;
    chart : (V, 2) where each vertex of this head lies on them, 0..1; irises : (I, S, S, 3) uint8;
    ambient : (E, T, 9, 3) and lamps : (E, T, L, 6), see looks/light; backdrops : two banks of
    (B, S, S, 3) uint8; hair, lashes : cards; hair_share : how often each hair is worn."""

    skins: np.ndarray
    smoothest: np.ndarray
    tones: np.ndarray
    hairs: np.ndarray
    chart: np.ndarray
    irises: np.ndarray
    ambient: np.ndarray
    lamps: np.ndarray
    backdrops: tuple[np.ndarray, ...]
    hair: tuple[WornCard, ...]
    hair_share: np.ndarray
    lashes: tuple[WornCard, ...]

    @staticmethod
    def read(folder: Path, head: PhotoHead) -> Wardrobe:
        """Open a wardrobe for a head. Raises OferError(WEIGHTS_MISSING) if a file is missing."""
        for name in _FILES:
            if not (folder / name).is_file():
                raise OferError(
                    ErrorCode.WEIGHTS_MISSING,
                    "The wardrobe has no {name}.",
                    "Make it with `python -m ofer_engine.research.wardrobe.build`.",
                    name=name,
                )
        with np.load(folder / "skins.npz") as skins:
            tones, hairs, chart = skins["tone"], skins["hair"], skins["chart"]
            smoothest = np.argsort(skins["rough"], kind="stable")
        with np.load(folder / "light.npz") as light:
            ambient, lamps = light["ambient"], light["lamps"]
        hair = _cards(folder / "hair.npz", head)
        marks = (head.eye_centres[:, None] + _ABOUT_EYES).reshape(-1, 3)
        share = np.array([_SELDOM if card.hangs_before(marks) else 1.0 for card in hair])
        return Wardrobe(
            skins=np.load(folder / "skins.npy", mmap_mode="r"),
            smoothest=smoothest,
            tones=tones,
            hairs=hairs,
            chart=head.homes.on(chart).astype(np.float32),
            irises=np.load(folder / "irises.npy"),
            ambient=ambient,
            lamps=lamps,
            backdrops=tuple(
                np.load(folder / f"backdrops_{kind}.npy", mmap_mode="r")
                for kind in ("portraits", "places")
            ),
            hair=hair,
            hair_share=share / share.sum(),
            lashes=_cards(folder / "lashes.npz", head),
        )

    def mixed_skin(
        self, rng: np.random.Generator, age: Age
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A person's skin, of one or of two people, perhaps mirrored, its tone shifted; a child's
        among the smoothest, an old person's among the rougher half.

        Returns (H, W, 3) float32 linear, its tone (3,), and the colour of hair (3,).
        """
        low, high = _ROUGHNESS[age]
        count = len(self.smoothest)
        suitable = self.smoothest[int(low * count) : max(int(high * count), 1)]
        one, other = rng.choice(suitable, 2)
        height, width = self.skins.shape[1:3]
        share = np.zeros(height, np.float32)
        if rng.random() < 0.5:
            edge, soft = rng.uniform(0.25, 0.75), rng.uniform(0.08, 0.2)
            share = np.clip((np.arange(height) / height - edge) / soft + 0.5, 0, 1)
            share = (share * share * (3 - 2 * share)).astype(np.float32)
        tones = self.tones[[one, other]]
        # White balance differs between portraits: half of what a tone's colour is off goes.
        usual = np.exp(np.median(np.log(self.tones / self.tones.mean(1, keepdims=True)), axis=0))
        off = tones[0] / tones[0].mean() / usual
        shift = off**-0.5 * np.exp(rng.normal() * 0.12 + rng.normal(size=3) * 0.04)
        gains = np.stack([shift, np.clip(tones[0] / tones[1], 0.2, 5.0) * shift])
        skin = _mix(
            np.asarray(self.skins[one]), np.asarray(self.skins[other]), share,
            gains.astype(np.float32), rng.random() < 0.5, rng.random() < 0.5, _LINEAR,
        )  # fmt: skip
        return skin, tones[0] * shift, self.hairs[one] * shift


@njit(cache=True, nogil=True, fastmath=True)
def _mix(
    one: np.ndarray,
    other: np.ndarray,
    share: np.ndarray,
    gains: np.ndarray,
    flip_one: bool,
    flip_other: bool,
    linear: np.ndarray,
) -> np.ndarray:
    height, width = one.shape[:2]
    out = np.empty((height, width, 3), np.float32)
    for i in range(height):
        for j in range(width):
            a = width - 1 - j if flip_one else j
            b = width - 1 - j if flip_other else j
            for k in range(3):
                value = linear[one[i, a, k]] * gains[0, k]
                if share[i] > 0:
                    value += share[i] * (linear[other[i, b, k]] * gains[1, k] - value)
                out[i, j, k] = value
    return out


def _cards(path: Path, head: PhotoHead) -> tuple[WornCard, ...]:
    """Cards whose anchors are the places that this head knows."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    template = arrays["template"]
    row = np.full(len(template), -1)
    row[head.place_vertices] = np.arange(len(head.place_vertices))
    cards = []
    for number in range(sum(name.startswith("rest_") for name in arrays)):
        anchors, weights = arrays[f"anchors_{number}"], arrays[f"weights_{number}"]
        rows = row[anchors]
        weights = np.where(rows >= 0, weights, 0.0)
        weights = weights / np.maximum(weights.sum(1, keepdims=True), 1e-9)
        cards.append(
            WornCard(
                rest=arrays[f"rest_{number}"],
                still=template[anchors],
                triangles=arrays[f"triangles_{number}"],
                uv=arrays[f"uv_{number}"],
                rows=np.maximum(rows, 0),
                weights=weights.astype(np.float32),
                texture=arrays[f"texture_{number}"],
            )
        )
    return tuple(cards)
