"""Named soft regions of the open head's skin."""

from __future__ import annotations

from typing import Final

import numpy as np

from .head_cut import HeadCut
from .makehuman import MakeHuman
from .painting import LEFT_BROW, RIGHT_BROW, inside_polygon

REGION_NAMES: Final = (
    "face", "lips", "brows", "eyelids", "ears", "mouth_cavity",
    "scalp", "nose", "neck", "cheeks", "forehead", "chin",
)  # fmt: skip
FACE_OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_NOSE: Final = (
    168, 193, 188, 217, 126, 129, 64, 98, 97, 2, 326, 327, 294, 358, 355, 437, 412, 417,
)  # fmt: skip
_BORDER: Final = 0.004
_HAIRLINE_RISE: Final = 0.012


def regions(
    makehuman: MakeHuman,
    cut: HeadCut,
    template: np.ndarray,
    outer: np.ndarray,
    neck_share: np.ndarray,
    landmarks: np.ndarray,
) -> np.ndarray:
    """(12, V) float64 in 0..1, in REGION_NAMES order, symmetric.

    template : (V, 3) metres; outer : (V,) bool; neck_share : (V,) skin weight of neck and root;
    landmarks : (468, 3) metres on the template.
    """
    lips, eyelids, ears, cavity = _painted(makehuman, cut)
    front = outer & (template[:, 2] > landmarks[list(FACE_OVAL), 2].min() - 0.01)

    def inside(outline: np.ndarray, border: float = _BORDER) -> np.ndarray:
        return inside_polygon(template, outline, border) * front

    face = inside(_oval(landmarks)) * (1 - ears)
    nose = inside(landmarks[list(_NOSE)])
    brows = np.maximum(
        inside(landmarks[list(RIGHT_BROW)], 0.003), inside(landmarks[list(LEFT_BROW)], 0.003)
    )
    rise = np.clip((template[:, 1] - landmarks[[70, 300], 1].mean()) / _BORDER + 0.5, 0, 1)
    drop = np.clip((landmarks[17, 1] - template[:, 1]) / _BORDER + 0.5, 0, 1)
    middle = np.clip((landmarks[291, 0] * 1.1 - np.abs(template[:, 0])) / 0.006 + 0.5, 0, 1)
    forehead = face * rise * (1 - brows)
    chin = face * drop * middle * (template[:, 1] < landmarks[[61, 291], 1].mean())
    cheeks = face * np.clip(1 - rise - nose - lips - eyelids - chin, 0, 1)
    neck = outer * np.clip(neck_share * 1.5, 0, 1) * (1 - face)
    scalp = outer * np.clip(1 - face - ears - neck, 0, 1)
    scalp *= np.clip((template[:, 1] - landmarks[2, 1]) / 0.02 + 0.5, 0, 1)
    found = np.stack(
        [face, lips, brows, eyelids, ears, cavity, scalp, nose, neck, cheeks, forehead, chin]
    )
    return np.maximum(found, found[:, cut.mirror])


def _painted(makehuman: MakeHuman, cut: HeadCut) -> np.ndarray:
    """(4, V): MakeHuman's own pictures of lips, eyelids, ears and the inside of the mouth."""
    uv = np.zeros((len(cut.base_ids), 2))
    uv[cut.polygons.ravel()] = cut.uv.reshape(-1, 2)
    skin = np.zeros(len(uv))
    skin[cut.vertices_of("skin")] = 1
    names = ("lips", "eyelids", "ears", "inside-mouth")
    return np.stack([makehuman.mask(name, uv) * skin for name in names])


def _oval(landmarks: np.ndarray) -> np.ndarray:
    """(36, 3) outline of the face, raised to the hairline above the eyes."""
    outline = landmarks[list(FACE_OVAL)].copy()
    above = outline[:, 1] > landmarks[[70, 300], 1].mean()
    outline[above, 1] += _HAIRLINE_RISE
    return outline
