"""Who teaches the conditioner expressions on portraits: the newer face landmarker's units.

Our renders know every unit, but a smile of theirs folds no cheek, so that a conditioner that has
seen renders alone takes a real smile for a sneer with lowered brows. The landmarker
(`photo/face_landmarker`, Apache-2.0) has seen real smiles. It is not right in everything: beside
portraits looked at one by one, it gives neutral brows as lowered by half, lids at rest as a sixth
closed and squinting by 0.43 (the median of 12 faces that hardly smile, in every fifth portrait
below number 780), eyes as turned too far and, looking at the camera, both up and down, and no
sneer nor raised cheek ever. `corrected` mends what is known; `TRUST` says how far each unit is
believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from ...contract.arkit import ARKIT_52
from ...photo.align import aligned_crop, cut
from ...photo.face_landmarker import (
    LANDMARKER_MARGIN,
    LANDMARKER_SIZE,
    LandmarkerNetwork,
    UnitNetwork,
    arkit_weights,
)
from ...photo.face_weights import load_landmarker_network, load_unit_network
from ...photo.faces import Face
from ...photo.load import Photo

_LOOKS: Final = 2
"""The second crop is cut around what the first one found."""
_OLD_LANDMARKS: Final = 468
_TRUSTED: Final = {
    "mouthSmile": 1.0, "jawOpen": 0.8, "noseSneer": 0.7, "mouthUpperUp": 0.6, "eyeBlink": 0.6,
    "browDown": 0.6, "eyeLookIn": 0.5, "eyeLookOut": 0.5, "browInnerUp": 0.4, "browOuterUp": 0.4,
    "mouthPress": 0.4, "mouthDimple": 0.4, "mouthRoll": 0.4, "mouthShrug": 0.4, "mouthFrown": 0.4,
    "mouthLowerDown": 0.4, "mouthStretch": 0.4, "mouthFunnel": 0.4, "mouthPucker": 0.4,
    "mouthLeft": 0.4, "mouthRight": 0.4, "eyeSquint": 0.4, "eyeLookDown": 0.4, "eyeLookUp": 0.4,
}  # fmt: skip
_LINES: Final = {
    "eyeBlink": (1 / 0.88, 0.12), "eyeLookIn": (0.6, 0.0), "eyeLookOut": (0.6, 0.0),
    "browDown": (0.15, 0.0), "eyeSquint": (1.0, 0.45), "eyeLookDown": (0.6, 0.15),
    "eyeLookUp": (0.6, 0.09),
}  # fmt: skip
"""Slope, and the value that counts as rest."""
_SNEER_OF_LIP: Final = 0.12
"""A lip that is raised takes the nose along a little."""


def _each(stems: dict[str, float]) -> np.ndarray:
    found = [next((v for s, v in stems.items() if name.startswith(s)), 0.0) for name in ARKIT_52]
    return np.array(found, np.float32)


TRUST: Final = _each(_TRUSTED)
"""(52,) 0..1."""
_SLOPE: Final = np.array(
    [next((v[0] for s, v in _LINES.items() if n.startswith(s)), 1.0) for n in ARKIT_52], np.float32
)
_AT_REST: Final = _each({stem: rest for stem, (_, rest) in _LINES.items()})


@dataclass(frozen=True, eq=False)
class ExpressionTeacher:
    """landmarker, units : the two networks that `face_landmarker_build` wrote."""

    landmarker: LandmarkerNetwork
    units: UnitNetwork

    @staticmethod
    def load(folder: Path) -> ExpressionTeacher:
        """Raises OferError as `load_landmarker_network`."""
        return ExpressionTeacher(load_landmarker_network(folder), load_unit_network(folder))

    @torch.inference_mode()
    def read(self, photo: Photo, face: Face) -> np.ndarray:
        """(52,) float32 weights of ARKIT_52 as the landmarker gives them."""
        places = face.landmarks[:, :2]
        landmarks = torch.zeros(0)
        for _ in range(_LOOKS):
            crop = aligned_crop(places, LANDMARKER_SIZE, LANDMARKER_MARGIN)
            picture = torch.from_numpy(np.clip(cut(photo, crop), 0, 1)).permute(2, 0, 1)[None]
            landmarks, _presence = self.landmarker(picture.float())
            places = crop.to_photo(landmarks[0, :_OLD_LANDMARKS, :2].numpy())
        return arkit_weights(self.units(landmarks))[0].numpy()


def corrected(read: np.ndarray) -> np.ndarray:
    """(52,) float32 weights that a face is taken to show, of what the landmarker gives (52,)."""
    found = _SLOPE * (read - _AT_REST)
    for side in ("Left", "Right"):
        lip = read[ARKIT_52.index(f"mouthUpperUp{side}")]
        found[ARKIT_52.index(f"noseSneer{side}")] = _SNEER_OF_LIP * lip
    return np.clip(found, 0, 1).astype(np.float32)
