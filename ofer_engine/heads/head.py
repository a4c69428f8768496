"""What every head model can do: coefficients in, vertices out."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Head(Protocol):
    """A head model in the engine frame, metres; all arrays read-only.

    template : (V, 3) float32; polygons : (F, 4) int32, -1 last in a triangle; uv : (F, 4, 2)
    float32;
    part : (F,) uint8 index into `part_names`; skin_weights : (V, J) float32, rows sum to 1;
    joint_parents : (J,) int, -1 for the root; rank_vertices : (R,) int, what IdRank looks at.
    """

    @property
    def template(self) -> np.ndarray: ...

    @property
    def polygons(self) -> np.ndarray: ...

    @property
    def uv(self) -> np.ndarray: ...

    @property
    def part(self) -> np.ndarray: ...

    @property
    def part_names(self) -> tuple[str, ...]: ...

    @property
    def skin_weights(self) -> np.ndarray: ...

    @property
    def joint_names(self) -> tuple[str, ...]: ...

    @property
    def joint_parents(self) -> np.ndarray: ...

    @property
    def rank_vertices(self) -> np.ndarray: ...

    def vertices(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """identity : (..., K); expression : (..., X) float32. Returns (..., V, 3) float32."""
        ...

    def joints(self, identity: np.ndarray) -> np.ndarray:
        """Joints of the neutral head. identity : (..., K). Returns (..., J, 3) float32."""
        ...
