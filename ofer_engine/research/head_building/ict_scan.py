"""ICT-FaceKit (MIT) as a measuring stick: how real, scanned heads vary. None of it is committed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from .painting import SKIN_TONES, inside_polygon, paint_iris, tint

FACE_VERTICES: Final = 9409
SKIN_VERTICES: Final = 11248
_METRES: Final = 0.01
_SKIN, _BACK, _MOUTH, _TEETH = 0, 1, 2, 3
_SCLERA: Final = (4, 6)
_SHELLS: Final = (8, 9, 10, 11)
_OUTER_LIPS: Final = slice(48, 60)
_BROWS: Final = (slice(17, 22), slice(22, 27))


@dataclass(frozen=True)
class IctScan:
    """neutral : (26719, 3) metres; identity : (100, 26719, 3) metres at 1 sd; triangles : (T, 3)
    of everything that is drawn; outer : (T', 3) the skin alone; brows : (26719,) in 0..1;
    eyeballs : vertices of the left and of the right one, (n,) int; colours : paintings (26719, 3),
    one for each skin tone."""

    neutral: np.ndarray
    identity: np.ndarray
    triangles: np.ndarray
    outer: np.ndarray
    brows: np.ndarray
    eyeballs: tuple[np.ndarray, ...]
    colours: list[np.ndarray]


def _brow(points: np.ndarray) -> np.ndarray:
    """(10, 3) outline of a brow 4 mm high around five landmarks that run along it."""
    up = np.array([0.3, 0.9, 1.0, 0.9, 0.6])[:, None] * [0, 0.004, 0]
    down = np.array([0.2, 0.5, 0.6, 0.8, 0.8])[:, None] * [0, 0.004, 0]
    return np.concatenate([points + up, (points - down)[::-1]])


def load_ict(path: Path) -> IctScan:
    """Read ict_facekit_light.npz: neutral, identity, faces, face_material, landmarks68."""
    data = np.load(path)
    neutral = data["neutral"].astype(float) * _METRES
    faces, material = data["faces"], data["face_material"]
    drawn = ~np.isin(material, _SHELLS)
    faces, material = faces[drawn], material[drawn]
    quad = faces[:, 3] >= 0
    triangles = np.concatenate([faces[:, :3], faces[quad][:, [0, 2, 3]]])
    material = np.concatenate([material, material[quad]])
    landmarks = neutral[data["landmarks68"]]
    skin = np.arange(SKIN_VERTICES)
    front = np.flatnonzero(neutral[:FACE_VERTICES, 2] > 0.04)
    lips, brows = np.zeros(len(neutral)), np.zeros(len(neutral))
    lips[front] = inside_polygon(neutral[front], landmarks[_OUTER_LIPS], 0.002)
    lips[neutral[:, 2] < landmarks[48, 2] - 0.012] = 0
    right, left = (landmarks[part] for part in _BROWS)
    for outline in (_brow(right), _brow(left[::-1])):
        brows[front] = np.maximum(brows[front], inside_polygon(neutral[front], outline, 0.004))
    colours = np.full((len(neutral), 3), 0.75)
    colours[np.unique(triangles[material == _MOUTH])] = (0.6, 0.25, 0.25)
    colours[np.unique(triangles[material == _TEETH])] = (0.85, 0.83, 0.78)
    eyeballs = tuple(np.unique(triangles[material == sclera]) for sclera in _SCLERA)
    for eyeball in eyeballs:
        colours[eyeball] = 0.9
        paint_iris(colours, neutral, eyeball, 0.0062, 0.0026)
    return IctScan(
        neutral,
        data["identity"].astype(np.float32) * np.float32(_METRES),
        triangles,
        triangles[(triangles < SKIN_VERTICES).all(1)],
        brows,
        eyeballs,
        [tint(colours, skin, lips, brows, np.array(tone)) for tone in SKIN_TONES],
    )
