"""How a person's skin, brows, lips, eyes and shaved hair look, vertex by vertex."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ...geometry.smooth_step import smooth_step
from ...heads.beard import beard_fields
from .ages import Age
from .drape import polar
from .patterns import ALBEDO, AMBIENT_OCCLUSION, ATTRIBUTES, CHART, GLOSS, PLACE, STUBBLE, Pattern
from .patterns import FRECKLE as MARKS
from .photo_head import EYE_LEFT, EYE_RIGHT, LASH, MOUTH, SKIN, PhotoHead
from .wardrobe import Wardrobe

_FOREHEAD, _NOSE_BASE, _BRIDGE = 10, 2, 168
_EARS, _CHEEKS = (234, 454), (50, 280)

_DEEPEST: Final = 0.2
"""Light that reaches the bottom of a nostril: what bounces and shines through flesh."""
_SKIN_LIGHT: Final = np.array([0.95, 0.78, 0.69])
_SKIN_MIDDLE: Final = np.array([0.76, 0.55, 0.42])
_SKIN_DARK: Final = np.array([0.33, 0.23, 0.185])
_HAIR: Final = np.array(
    [[0.06, 0.05, 0.05], [0.16, 0.10, 0.07], [0.30, 0.19, 0.11], [0.55, 0.40, 0.22],
     [0.72, 0.60, 0.40], [0.45, 0.18, 0.08], [0.62, 0.62, 0.62], [0.88, 0.87, 0.85]]
)  # fmt: skip
_HAIR_SHARE: Final = np.array([0.3, 0.22, 0.16, 0.08, 0.05, 0.04, 0.09, 0.06])
_IRIS: Final = np.array(
    [[0.22, 0.13, 0.07], [0.34, 0.21, 0.11], [0.40, 0.38, 0.22], [0.35, 0.45, 0.55],
     [0.42, 0.48, 0.5]]
)  # fmt: skip


@dataclass(frozen=True)
class FaceFields:
    """Where things may grow or be painted on a head, from its template; all (V,) float32, 0..1.

    pivot : (3,) metres, middle of the head at eye height; outer : (V,) bool, skin open to the sky;
    azimuth, elevation : (V,) degrees about the pivot; hairline : elevation of the forehead's top.
    """

    pivot: np.ndarray
    outer: np.ndarray
    azimuth: np.ndarray
    elevation: np.ndarray
    hairline: float
    beard: np.ndarray
    moustache: np.ndarray
    cheeks: np.ndarray
    forehead: np.ndarray
    lids: np.ndarray
    eye_bags: np.ndarray

    @staticmethod
    def of(head: PhotoHead) -> FaceFields:
        """Measure the fields on a head's template."""
        marks = head.landmarks.on(head.template)
        place, skin = head.template, head.material == SKIN
        ears = marks[list(_EARS)].mean(0)
        pivot = np.array([0.0, head.eye_centres[:, 1].mean() + 0.012, ears[2] + 0.012], np.float32)
        azimuth, elevation, _ = polar(place - pivot)
        nose = marks[_NOSE_BASE]
        beard, moustache = beard_fields(place, marks, head.lips)
        outer = skin & (head.ambient_occlusion > 0.18)
        top = marks[_FOREHEAD]
        return FaceFields(
            pivot=pivot,
            outer=outer,
            azimuth=azimuth,
            elevation=elevation,
            hairline=float(polar(top - pivot)[1]),
            beard=(beard * skin).astype(np.float32),
            moustache=(moustache * skin).astype(np.float32),
            cheeks=_about(place, marks[list(_CHEEKS)], 0.020) + _about(place, nose[None], 0.012),
            forehead=_about(place, (0.6 * top + 0.4 * marks[_BRIDGE])[None], 0.032),
            lids=_about(place, head.eye_centres + [0, 0.011, 0.010], 0.010) * skin,
            eye_bags=_about(place, head.eye_centres + [0, -0.014, 0.010], 0.009) * skin,
        )


@dataclass(frozen=True)
class FaceColouring:
    """One person's colours, linear (3,), and the per-pixel pattern; table : (V, ATTRIBUTES) vertex
    attributes with the normals still to be filled in."""

    skin: np.ndarray
    hair: np.ndarray
    pattern: Pattern
    table: np.ndarray


def linear(display: np.ndarray) -> np.ndarray:
    """Display colours 0..1 to linear light (gamma 2.2)."""
    return np.clip(display, 0.0, 1.0) ** 2.2


def random_skin(rng: np.random.Generator) -> np.ndarray:
    """A skin tone, linear (3,)."""
    tone = rng.uniform() ** 1.2
    if tone < 0.5:
        colour = _SKIN_LIGHT + (_SKIN_MIDDLE - _SKIN_LIGHT) * 2 * tone
    else:
        colour = _SKIN_MIDDLE + (_SKIN_DARK - _SKIN_MIDDLE) * (2 * tone - 1)
    return linear(colour * (1 + rng.normal(size=3) * 0.035))


def random_complexion(
    rng: np.random.Generator, head: PhotoHead, fields: FaceFields
) -> FaceColouring:
    """Draw a person's looks."""
    skin = random_skin(rng)
    hair = linear(_HAIR[rng.choice(len(_HAIR), p=_HAIR_SHARE)] * rng.uniform(0.7, 1.25))
    table = np.zeros((len(head.template), ATTRIBUTES), np.float32)
    _paint_skin(rng, table, skin, head, fields)
    _paint_brows_and_lips(rng, table, skin, hair, head)
    _paint_inside(rng, table, head)
    table[:, GLOSS] = np.where(head.material == SKIN, rng.uniform(0.05, 0.42), table[:, GLOSS])
    table[:, GLOSS] += 0.2 * rng.uniform() * head.lips
    table[:, AMBIENT_OCCLUSION] = _DEEPEST + (1 - _DEEPEST) * head.ambient_occlusion
    beard = _random_beard(rng, fields)
    table[:, STUBBLE] = np.maximum(beard, _shaved_head(rng, fields))
    wrinkles = rng.uniform(0, 0.5) if rng.random() < 0.3 else 0.0
    freckled = wrinkles == 0.0 and rng.random() < 0.2
    table[:, MARKS] = fields.forehead if wrinkles else fields.cheeks * freckled
    for eye, centre in zip((EYE_LEFT, EYE_RIGHT), head.eye_centres, strict=True):
        own = head.material == eye
        table[own, PLACE] = (head.template[own] - centre) * 1000
    others = (head.material != EYE_LEFT) & (head.material != EYE_RIGHT)
    table[others, PLACE] = head.template[others] * 1000
    pattern = Pattern(
        blotch=rng.uniform(0.0, 0.14),
        mottle=rng.uniform(0.0, 0.12),
        pore=rng.uniform(0.0, 0.14),
        wrinkle=wrinkles,
        iris=linear(_IRIS[rng.integers(len(_IRIS))] * rng.uniform(0.7, 1.3)),
        pupil=_edge_cosine(rng.uniform(0.0013, 0.0031), head),
        iris_edge=_edge_cosine(rng.uniform(0.0056, 0.0065), head),
        stubble=hair * 0.8 + skin * 0.08,
        freckle=np.array([0.72, 0.55, 0.45]),
        streak=rng.uniform(0.25, 0.6),
        weave=rng.uniform(0.05, 0.4),
        seed=int(rng.integers(1, 2**31)),
    )
    return FaceColouring(skin, hair, pattern, table)


def photographed_complexion(
    rng: np.random.Generator,
    head: PhotoHead,
    fields: FaceFields,
    wardrobe: Wardrobe,
    age: Age,
) -> FaceColouring:
    """Draw a person's looks from real skins, irises and the hair that went with the skin."""
    painted = random_complexion(rng, head, fields)
    skin, tone, hair = wardrobe.mixed_skin(rng, age)
    if hair.mean() > 0.6 * tone.mean() or rng.random() < 0.4:
        hair = painted.hair
    table = painted.table
    own = head.material == SKIN
    table[:, CHART] = wardrobe.chart
    table[own, STUBBLE] = 0.0
    table[own, MARKS] = 0.0
    oily = rng.uniform(0.02, 0.3)
    table[own, GLOSS] = oily * (0.6 + 0.7 * np.clip(fields.cheeks + fields.forehead, 0, 1))[own]
    table[:, GLOSS] += rng.uniform(0, 0.2) * head.lips * own
    eyes = (head.material == EYE_LEFT) | (head.material == EYE_RIGHT)
    table[eyes, ALBEDO] *= rng.uniform(0.4, 0.75) * np.array([1.0, 0.96, 0.94])
    iris = wardrobe.irises[rng.integers(len(wardrobe.irises))]
    iris = (iris.astype(np.float32) / 255) ** np.float32(2.2)
    if rng.random() < 0.7:
        iris = iris.mean(2, keepdims=True) * _brown(rng)
    pattern = replace(
        painted.pattern,
        mottle=rng.uniform(0.0, 0.1),
        pore=rng.uniform(0.0, 0.12),
        skin=skin,
        iris_picture=iris.astype(np.float32) * np.float32(rng.uniform(0.25, 0.7)),
    )
    return FaceColouring(tone, hair, pattern, table)


def _brown(rng: np.random.Generator) -> np.ndarray:
    """Colour of brown irises, times the brightness of a picture of pale ones."""
    return (np.array([0.85, 0.45, 0.22]) * rng.uniform(0.3, 1.0)).astype(np.float32)


def _edge_cosine(radius: float, head: PhotoHead) -> float:
    """Cosine at the eye's centre between its axis and a circle of `radius` metres on the eye."""
    return float(np.sqrt(1 - (radius / head.eye_radius) ** 2))


def _paint_skin(
    rng: np.random.Generator,
    table: np.ndarray,
    skin: np.ndarray,
    head: PhotoHead,
    fields: FaceFields,
) -> None:
    own = head.material == SKIN
    colour = np.broadcast_to(skin, (len(own), 3)).copy()
    blush = fields.cheeks * rng.uniform(0, 0.35)
    colour *= 1 - blush[:, None] * [0.05, 0.45, 0.35]
    shadow = fields.eye_bags * rng.uniform(0, 0.4)
    colour *= 1 - shadow[:, None] * [0.7, 0.9, 0.7]
    if rng.random() < 0.2:
        made_up = fields.lids * rng.uniform(0.2, 0.8)
        colour += made_up[:, None] * (linear(rng.uniform(0.05, 0.6, 3)) - colour)
    table[own, ALBEDO] = colour[own]


def _paint_brows_and_lips(
    rng: np.random.Generator, table: np.ndarray, skin: np.ndarray, hair: np.ndarray, head: PhotoHead
) -> None:
    if rng.random() < 0.78:
        lip = skin * np.array([0.9, 0.52, 0.52]) * rng.uniform(0.65, 1.05)
    else:
        lip = linear(np.array([0.65, 0.12, 0.2]) * rng.uniform(0.6, 1.2, 3))
    table[:, ALBEDO] += head.lips[:, None] * (lip - table[:, ALBEDO])
    brow = head.brows[:, None] * rng.uniform(0.15, 0.95)
    table[:, ALBEDO] += brow * (hair * rng.uniform(0.4, 1.0) - table[:, ALBEDO])


def _paint_inside(rng: np.random.Generator, table: np.ndarray, head: PhotoHead) -> None:
    eyes = (head.material == EYE_LEFT) | (head.material == EYE_RIGHT)
    table[eyes, ALBEDO] = linear(np.array([0.9, 0.87, 0.85]) * rng.uniform(0.8, 1.0))
    table[eyes, GLOSS] = rng.uniform(0.5, 0.9)
    mouth = head.material == MOUTH
    gum = linear(np.array([0.62, 0.28, 0.27]))
    tooth = linear(np.array([0.92, 0.88, 0.78]) * rng.uniform(0.75, 1.0))
    table[mouth, ALBEDO] = (gum + head.teeth[:, None] * (tooth - gum))[mouth]
    table[mouth, GLOSS] = 0.5
    table[head.material == LASH, ALBEDO] = linear(np.array([0.07, 0.05, 0.04]))


def _random_beard(rng: np.random.Generator, fields: FaceFields) -> np.ndarray:
    """Stubble or short beard coverage (V,), 0..1."""
    if rng.random() > 0.38:
        return np.zeros_like(fields.beard)
    density = rng.uniform(0.08, 1.0)
    style = rng.random()
    if style < 0.6:
        return density * np.maximum(fields.beard, fields.moustache)
    if style < 0.8:
        return density * fields.moustache
    goatee = fields.beard * smooth_step(np.abs(fields.azimuth), 32.0, 22.0)
    return density * np.maximum(goatee, fields.moustache)


def _shaved_head(rng: np.random.Generator, fields: FaceFields) -> np.ndarray:
    """Shadow of shaved or thin hair (V,), 0..1."""
    if rng.random() > 0.5:
        return np.zeros_like(fields.beard)
    front = fields.hairline + rng.uniform(-4, 25)
    line = front - (front + 10) * smooth_step(np.abs(fields.azimuth), 35.0, 85.0)
    line -= 30 * smooth_step(np.abs(fields.azimuth), 100.0, 120.0)
    soft = rng.uniform(2, 8)
    return rng.uniform(0.2, 1.0) * smooth_step(fields.elevation, line, line + soft) * fields.outer


def _about(place: np.ndarray, centres: np.ndarray, width: float) -> np.ndarray:
    """Gaussian blobs of `width` metres about centres (N, 3) -> (V,) float32."""
    squared = ((place[:, None] - centres[None]) ** 2).sum(2)
    return np.exp(-squared / (2 * width**2)).max(1).astype(np.float32)
