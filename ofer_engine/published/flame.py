"""FLAME: a linear head with a neck, a jaw and two eyes (Li et al. 2017; docs/method.md §9).

FLAME's frame is the engine's: metres, Y up, +Z out of the face, +X to the subject's left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..geometry.mesh_parts import components, cylinder_uv

IDENTITIES: Final = 300
EXPRESSIONS: Final = 50
"""How many of FLAME's 100 expression directions OFER uses; its vectors end in 3 jaw angles."""

JOINT_NAMES: Final = ("root", "neck", "jaw", "eye_L", "eye_R")
PARENTS: Final = (-1, 0, 1, 1, 1)
JAW: Final = 2

SHAPES: Final[Mapping[str, tuple[int, ...]]] = {
    "f": (9976, 3),
    "v_template": (5023, 3),
    "shapedirs": (5023, 3, 400),
    "posedirs": (5023, 3, 36),
    "J_regressor": (5, 5023),
    "weights": (5023, 5),
    "kintree_table": (2, 5),
}
"""The arrays of FLAME 2020's generic_model.pkl that the model is made of."""


@dataclass(frozen=True, eq=False)
class FlameHead:
    """A FLAME model as a `Head`.

    template : (V, 3); identity : (300, V, 3) and expression : (100, V, 3), metres per unit;
    correctives : (36, V, 3), metres per unit of (R - I) of neck, jaw and eyes; regressor : (5, V);
    the rest as in `Head`. All float32 but polygons int32, part uint8, rank_vertices int64.
    """

    template: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    correctives: np.ndarray
    regressor: np.ndarray
    skin_weights: np.ndarray
    polygons: np.ndarray
    uv: np.ndarray
    part: np.ndarray
    part_names: tuple[str, ...]
    rank_vertices: np.ndarray
    joint_names: tuple[str, ...] = JOINT_NAMES

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], rank_vertices: np.ndarray) -> FlameHead:
        """The model of checked arrays with the names and shapes of `SHAPES`.

        rank_vertices : (R,) int, OFER's `frontindices`. FLAME carries no UVs: a cylinder's are
        given.
        """
        basis = np.ascontiguousarray(np.moveaxis(arrays["shapedirs"], 2, 0), np.float32)
        template = np.asarray(arrays["v_template"], np.float32)
        triangles = np.asarray(arrays["f"], np.int32)
        part, names = _parts(template, triangles)
        return cls(
            template=template,
            identity=basis[:IDENTITIES],
            expression=basis[IDENTITIES:],
            correctives=np.ascontiguousarray(np.moveaxis(arrays["posedirs"], 2, 0), np.float32),
            regressor=np.asarray(arrays["J_regressor"], np.float32),
            skin_weights=np.asarray(arrays["weights"], np.float32),
            polygons=np.pad(triangles, ((0, 0), (0, 1)), constant_values=-1),
            uv=cylinder_uv(template, triangles),
            part=part,
            part_names=names,
            rank_vertices=np.asarray(rank_vertices, np.int64),
        )

    @property
    def joint_parents(self) -> np.ndarray:
        """(5,) int, -1 for the root."""
        return np.array(PARENTS)

    def vertices(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """Posed heads.

        identity : (..., K), K <= 300; expression : (..., E) with E <= 100, or (..., 53) as ExpGen
        has it: 50 expression coefficients and the jaw's axis-angle (3, radians).
        Returns (..., V, 3) float32, metres.
        """
        expression, jaw = split_jaw(np.asarray(expression, np.float32))
        shaped = self._shaped(np.asarray(identity, np.float32), expression)
        # A closed jaw poses nothing: R = I exactly.
        return self._posed(shaped, jaw) if jaw.any() else shaped

    def rank_view(self, identity: np.ndarray) -> np.ndarray:
        """Neutral heads at `rank_vertices`. identity : (..., K). Returns (..., R, 3), metres."""
        basis = self.identity[: identity.shape[-1], self.rank_vertices]
        return self.template[self.rank_vertices] + np.tensordot(identity, basis, 1)

    def joints(self, identity: np.ndarray) -> np.ndarray:
        """Joints of the neutral heads. identity : (..., K). Returns (..., 5, 3) float32."""
        return self.regressor @ self._shaped(np.asarray(identity, np.float32), np.zeros(0))

    def jaw_correctives(self) -> np.ndarray:
        """(2, V, 3) float32 metres: what opening the jaw by an angle a about X adds before
        skinning, sin a times the first and 1 - cos a times the second (Li et al. 2017, pose
        blendshapes)."""
        entry = self.correctives[9 * (JAW - 1) :]  # of the rotation less I, row by row
        return np.stack((entry[7] - entry[5], -entry[4] - entry[8]))

    @property
    def annotated(self) -> None:
        """None: FLAME says nothing of regions, and its landmarks are files of their own."""

    def teeth_withdrawn(self, heads: np.ndarray) -> np.ndarray:
        """The heads (n, V, 3) as they are: FLAME has no teeth."""
        return heads

    def _shaped(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        shaped = self.template + np.tensordot(identity, self.identity[: identity.shape[-1]], 1)
        if expression.any():
            shaped = shaped + np.tensordot(expression, self.expression[: expression.shape[-1]], 1)
        return shaped.astype(np.float32)

    def _posed(self, shaped: np.ndarray, jaw: np.ndarray) -> np.ndarray:
        """Open the jaw: correctives of its rotation, then skinning about its joint."""
        rotation = rotation_matrices(jaw).astype(np.float32)  # (..., 3, 3)
        feature = (rotation - np.eye(3, dtype=np.float32)).reshape(*jaw.shape[:-1], 9)
        # Only the jaw moves: the other joints' blocks of the 36 features are zero.
        first = 9 * (JAW - 1)
        moved = shaped + np.tensordot(feature, self.correctives[first : first + 9], 1)
        joint = self.regressor[JAW] @ shaped  # (..., 3)
        turned = (moved - joint[..., None, :]) @ np.swapaxes(rotation, -1, -2)
        turned += joint[..., None, :]
        share = self.skin_weights[:, JAW, None]
        rest = self.skin_weights.sum(1, keepdims=True) - share
        return (rest * moved + share * turned).astype(np.float32)


def split_jaw(expression: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(..., 53) → expression (..., 50) and jaw (..., 3); any other width has a closed jaw."""
    if expression.shape[-1] == EXPRESSIONS + 3:
        return expression[..., :EXPRESSIONS], expression[..., EXPRESSIONS:]
    return expression, np.zeros((*expression.shape[:-1], 3), np.float32)


def rotation_matrices(axis_angle: np.ndarray) -> np.ndarray:
    """Rodrigues' formula as FLAME's code has it, with 1e-8 against division by zero (§9).

    axis_angle : (..., 3) radians. Returns (..., 3, 3) float64.
    """
    vector = np.asarray(axis_angle, np.float64)
    angle = np.linalg.norm(vector + 1e-8, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(vector, -1, 0) / angle[..., 0, 0]
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*vector.shape, 3)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _parts(template: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Skin and, where they are pieces of their own, the eyeballs: (F,) uint8 and their names."""
    piece = components(len(template), triangles)[triangles[:, 0]]
    skin = np.bincount(piece).argmax()
    left = np.zeros(piece.max() + 1, bool)
    for number in np.unique(piece):
        left[number] = template[triangles[piece == number]][..., 0].mean() > 0
    part = np.where(piece == skin, 0, np.where(left[piece], 1, 2)).astype(np.uint8)
    return part, ("skin", "eye_left", "eye_right")
