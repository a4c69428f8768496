"""What every head model can do: coefficients in, vertices out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from .open_head import OpenHead


class Head(Protocol):
    """A head model in the engine frame, metres; all arrays read-only.

    template : (V, 3) float32; polygons : (F, 4) int32, -1 last in a triangle; uv : (F, 4, 2)
    float32;
    part : (F,) uint8 index into `part_names`; skin_weights : (V, J) float32, rows sum to 1;
    joint_parents : (J,) int, -1 for the root; rank_vertices : (R,) int, what IdRank looks at;
    annotated : the same head with its regions, landmarks and ARKit units, None where nothing of
    the sort is known of it.
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

    @property
    def annotated(self) -> OpenHead | None: ...

    def vertices(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """identity : (..., K); expression : (..., X) float32. Returns (..., V, 3) float32."""
        ...

    def joints(self, identity: np.ndarray) -> np.ndarray:
        """Joints of the neutral head. identity : (..., K). Returns (..., J, 3) float32."""
        ...

    def jaw_correctives(self) -> np.ndarray | None:
        """(2, V, 3) float32 metres: what opening the jaw by an angle a about X adds before
        skinning, sin a times the first and 1 - cos a times the second; None where nothing."""
        ...

    def teeth_withdrawn(self, heads: np.ndarray) -> np.ndarray:
        """Heads (n, V, 3) metres whose teeth stay behind the skin: the model's own sums may push
        them through."""
        ...
