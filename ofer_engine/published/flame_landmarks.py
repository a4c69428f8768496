"""Where the seven landmarks of the challenges lie on FLAME, from the embedding that users import.

The embedding gives a triangle and weights for each of the 68 landmarks that are common to all such
files (iBUG), of which the first 17, the jaw's outline, move with the view.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.torch import load_file

from ..contract.errors import ErrorCode, OferError
from .catalogue import CATALOGUE, Part
from .flame import FlameHead
from .imported_files import part_file, status

_OUTLINE: Final = 17
_SEVEN: Final = (36, 39, 42, 45, 33, 48, 54)
"""Eye corners from the subject's right to the left, bottom of the nose, corners of the mouth."""
_COUNT: Final = 51


@dataclass(frozen=True, eq=False)
class FlameLandmarks:
    """corners : (7, 3) vertex numbers; weights : (7, 3), rows sum to 1."""

    corners: np.ndarray
    weights: np.ndarray

    @staticmethod
    def read(home: Path, head: FlameHead) -> FlameLandmarks:
        """Of the imported embedding. Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED | …)."""
        file = CATALOGUE[Part.LANDMARKS]
        if not any(line.part == Part.LANDMARKS and line.record for line in status(home)):
            raise OferError(
                ErrorCode.WEIGHTS_MISSING,
                "Where FLAME's landmarks lie is not known: {name} is missing.",
                "Get it from {source} and import it with `install.py weights import FILE`, or "
                "give seven vertex numbers with --landmark-vertices.",
                name=file.usual_name,
                source=file.source,
            )
        arrays = {
            key: tensor.numpy()
            for key, tensor in load_file(part_file(home, Part.LANDMARKS)).items()
        }
        for prefix, skipped in (("static", _OUTLINE), ("full", 0)):
            triangles = np.ravel(arrays.get(f"{prefix}_lmk_faces_idx", ()))
            weights = np.reshape(arrays.get(f"{prefix}_lmk_bary_coords", ()), (-1, 3))
            fits = len(triangles) == len(weights) == _COUNT + _OUTLINE - skipped
            if fits and 0 <= triangles.min() and triangles.max() < len(head.polygons):
                rows = [number - skipped for number in _SEVEN]
                corners = head.polygons[triangles[rows].astype(np.int64), :3]
                return FlameLandmarks(corners, weights[rows].astype(np.float64))
        raise OferError(
            ErrorCode.WEIGHTS_WRONG,
            "The imported {title} does not give FLAME's landmarks.",
            "Import {name} from {source}.",
            title=file.title,
            name=file.usual_name,
            source=file.source,
        )

    def on(self, vertices: np.ndarray) -> np.ndarray:
        """(7, 3) points of a head (V, 3), same unit, in the order of NoW."""
        return np.einsum("lc,lcx->lx", self.weights, vertices[self.corners])
