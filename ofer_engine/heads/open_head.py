"""The open pack's head: arrays of weights/open/head.npz and what they mean.

Metres, engine frame (Y up, +Z out of the face, +X to the subject's left), origin at the mean
head's head joint, to 3 mm. Built in research/head_building from CC0 MakeHuman data
(`open_head_build`), or with (`wide_head_build`) what ICT-FaceKit Light (MIT) says of real heads
besides.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..contract.arkit import ARKIT_52
from ..contract.errors import ErrorCode, OferError
from .head_file import read_head_arrays
from .identity_prior import IdentityPrior
from .teeth import Teeth

JOINT_NAMES: Final = ("root", "neck", "head", "jaw", "eye_L", "eye_R")
_HALF: Final = ("identity", "expression", "regions", "scan_offset")
_WORDS: Final = ("part_names", "region_names", "joint_names")


@dataclass(frozen=True)
class OpenHead:
    """V vertices, F polygons, K identity modes, R regions, 6 joints.

    template : (V, 3) float32; identity : (K, V, 3) float32 per 1 sd; expression : (52, V, 3)
    float32 in ARKIT_52 order; polygons : (F, 4) int32, counter-clockwise from outside, last -1
    for a triangle; uv : (F, 4, 2) float32; part : (F,) uint8 into part_names; regions : (R, V)
    float32 in 0..1 in region_names order; mean_joints : (6, 3) float32; joints_identity :
    (K, 6, 3) float32; joint_parents : (6,) int, -1 for the root; skin_weights : (V, 6) float32;
    outer, face : (V,) bool; landmark_triangles : (468, 3) int32; landmark_barycentric : (468, 3)
    float32; point_vertices : (240,) int32, evidence points; rank_vertices : (400,) int32;
    mirror : (V,) int32, vertex on the other side; neck_loop : (L,) int32, border in order;
    free_modes : the first so many modes are made of CC0 data alone, the others of ICT-FaceKit's
    (MIT), as is scan_offset : (V, 3) float32, a part of the template; prior : how people are
    distributed over the modes.
    """

    template: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    polygons: np.ndarray
    uv: np.ndarray
    part: np.ndarray
    part_names: tuple[str, ...]
    regions: np.ndarray
    region_names: tuple[str, ...]
    mean_joints: np.ndarray
    joints_identity: np.ndarray
    joint_names: tuple[str, ...]
    joint_parents: np.ndarray
    skin_weights: np.ndarray
    outer: np.ndarray
    face: np.ndarray
    landmark_triangles: np.ndarray
    landmark_barycentric: np.ndarray
    point_vertices: np.ndarray
    rank_vertices: np.ndarray
    mirror: np.ndarray
    neck_loop: np.ndarray
    free_modes: int
    scan_offset: np.ndarray
    prior: IdentityPrior

    @property
    def expression_names(self) -> tuple[str, ...]:
        """ARKIT_52."""
        return ARKIT_52

    @property
    def annotated(self) -> OpenHead:
        """Itself."""
        return self

    @classmethod
    def load(cls, path: Path) -> OpenHead:
        """Read head.npz. Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED)."""
        if not path.is_file():
            raise OferError(
                ErrorCode.WEIGHTS_MISSING,
                "The open head {name} is not there.",
                "Get the repository again, or build the head with open_head_build.",
                name=path.name,
            )
        try:
            return cls._from_arrays(read_head_arrays(path))
        except (OSError, ValueError) as error:
            raise OferError(
                ErrorCode.WEIGHTS_DAMAGED,
                "The open head {name} cannot be read.",
                "Get the repository again, or build the head with open_head_build.",
                name=path.name,
            ) from error

    @classmethod
    def _from_arrays(cls, arrays: dict[str, np.ndarray]) -> OpenHead:
        values: dict[str, Any] = {"scan_offset": np.zeros_like(arrays["template"])} | arrays
        for name in _HALF:
            values[name] = values[name].astype(np.float32)
        for name in _WORDS:
            values[name] = tuple(str(word) for word in arrays[name])
        values["mean_joints"] = values.pop("joints")
        modes = len(arrays["identity"])
        values["free_modes"] = int(arrays.get("free_modes", modes))
        values["prior"] = IdentityPrior.of(arrays, modes)
        for value in values.values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        return cls(**{field.name: values[field.name] for field in fields(cls)})

    def save(self, path: Path) -> None:
        """Write head.npz; modes, units and regions are stored as float16, the rest as it is."""
        named = [field.name for field in fields(self) if field.name != "prior"]
        arrays = {name: np.asarray(getattr(self, name)) for name in named} | self.prior.arrays()
        arrays["joints"] = arrays.pop("mean_joints")
        for name in _HALF:
            arrays[name] = arrays[name].astype(np.float16)
        np.savez_compressed(path, allow_pickle=False, **arrays)

    def region(self, name: str) -> np.ndarray:
        """(V,) float32 in 0..1. Raises KeyError for a name not in region_names."""
        if name not in self.region_names:
            raise KeyError(name)
        return self.regions[self.region_names.index(name)]

    def part_polygons(self, *names: str) -> np.ndarray:
        """(n, 4) int32 polygons of the named parts."""
        return self.polygons[np.isin(self.part, [self.part_names.index(name) for name in names])]

    def part_mask(self, *names: str) -> np.ndarray:
        """(V,) float32, 1 on the vertices of the named parts."""
        mask = np.zeros(len(self.template), np.float32)
        polygons = self.part_polygons(*names)
        mask[polygons[polygons >= 0]] = 1
        return mask

    def vertices(self, identity: np.ndarray, expression: np.ndarray | None = None) -> np.ndarray:
        """Heads of given coefficients.

        identity : (..., k) float, the first k ≤ K coefficients in sd; expression : (..., 52) in
        ARKIT_52 order, of a shape that broadcasts with identity's, None for neutral. Returns
        (..., V, 3) float32 metres.
        """
        shape = _combine(identity, self.identity)
        if expression is not None:
            shape = shape + _combine(expression, self.expression)
        return self.template + shape

    def joints(self, identity: np.ndarray) -> np.ndarray:
        """identity : (..., k). (..., 6, 3) float32 metres, JOINT_NAMES order; eye joints are the
        centres of the eyeballs."""
        return self.mean_joints + _combine(identity, self.joints_identity)

    def jaw_correctives(self) -> None:
        """None: the units move the jaw's skin."""

    def teeth_withdrawn(self, heads: np.ndarray) -> np.ndarray:
        """Heads (n, V, 3) metres whose teeth stay behind the skin."""
        teeth = Teeth.of(self)
        if teeth is None or not len(heads):
            return heads
        return np.stack([teeth.withdrawn(each) for each in heads])

    def landmarks(self, vertices: np.ndarray, which: np.ndarray | None = None) -> np.ndarray:
        """vertices : (..., V, 3). (..., 468, 3), the detector's landmarks on them; or `which` of
        them, (..., *which.shape, 3)."""
        own: Any = slice(None) if which is None else which
        corners = vertices[..., self.landmark_triangles[own], :]
        return (corners * self.landmark_barycentric[own][..., None]).sum(-2)


def _combine(coefficients: np.ndarray, modes: np.ndarray) -> np.ndarray:
    """(..., k) with (K, N, 3) → (..., N, 3) float32."""
    coefficients = np.asarray(coefficients, np.float32)
    flat = modes[: coefficients.shape[-1]].reshape(coefficients.shape[-1], -1)
    return (coefficients @ flat).reshape(*coefficients.shape[:-1], *modes.shape[1:])
