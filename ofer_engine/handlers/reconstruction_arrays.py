"""Everything that a `NAME.ofer` holds beside its record and pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from ..contract.reconstruction import ARRAYS, OPTIONAL_ARRAYS


@dataclass(frozen=True, eq=False)
class ReconstructionArrays:
    """The arrays of a reconstruction; `ARRAYS` and `OPTIONAL_ARRAYS` of the contract give their
    shapes, dtypes and units. None where a reconstruction has no such array.
    """

    identity_vertices: np.ndarray
    identity_joints: np.ndarray
    identity_coefficients: np.ndarray
    identity_scores: np.ndarray
    identity_order: np.ndarray
    identity_spread: np.ndarray
    expression_vertices: np.ndarray
    expression_coefficients: np.ndarray
    polygons: np.ndarray
    uv: np.ndarray
    part: np.ndarray
    skin_weights: np.ndarray
    vertex_visible: np.ndarray
    evidence_points: np.ndarray
    evidence_deviation: np.ndarray
    evidence_visible: np.ndarray
    evidence_vertices: np.ndarray
    expression_shift: np.ndarray
    context_identity: np.ndarray
    context_ranking: np.ndarray
    context_expression: np.ndarray
    identity_modes: np.ndarray | None = None
    shape_spread: np.ndarray | None = None
    prior_spread: np.ndarray | None = None
    hint_values: np.ndarray | None = None
    hint_gram: np.ndarray | None = None
    hint_pushes: np.ndarray | None = None
    part_masks: np.ndarray | None = None
    arkit_units: np.ndarray | None = None
    expression_arkit: np.ndarray | None = None
    expression_arkit_residual: np.ndarray | None = None
    jaw_correctives: np.ndarray | None = None
    iris_colour: np.ndarray | None = None

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Arrays by name. Raises ValueError for a name of `ARRAYS` that is missing, and for one
        that no reconstruction has."""
        if missing := set(ARRAYS) - set(arrays):
            raise ValueError(f"the arrays {sorted(missing)} are missing")
        if unknown := set(arrays) - set(ARRAYS) - set(OPTIONAL_ARRAYS):
            raise ValueError(f"there are no arrays {sorted(unknown)}")
        return cls(**arrays)

    def present(self) -> Iterator[tuple[str, np.ndarray]]:
        """Name and values of each array that is there."""
        for field in fields(self):
            if (values := getattr(self, field.name)) is not None:
                yield field.name, values
