"""The open head as a linear model of MakeHuman sliders, with its joints riding along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...heads.open_head import JOINT_NAMES
from .head_cut import HeadCut, cut_head
from .lip_seal import OVERLAP, lip_seal
from .makehuman import MakeHuman
from .sliders import Sliders, load_sliders
from .teeth_seat import teeth_seat

JOINT_PARENTS: Final = (-1, 0, 1, 2, 2, 2)
_HEAD: Final = JOINT_NAMES.index("head")
_MIRRORED_JOINTS: Final = (0, 1, 2, 3, 5, 4)


@dataclass(frozen=True)
class SliderHead:
    """The P = V + 6 points are the head's vertices followed by its joints; the head joint is the
    origin of the average.

    cut : HeadCut; names : (S,) slider names; average : (P, 3) float64 metres at MakeHuman's size,
    lips closed; columns : (S, P, 3) float64, lips kept closed, head joint fixed; mirror : (P,).
    """

    cut: HeadCut
    names: tuple[str, ...]
    average: np.ndarray
    columns: np.ndarray
    mirror: np.ndarray

    @property
    def vertex_count(self) -> int:
        """V, the number of points that are vertices."""
        return len(self.cut.base_ids)


def _joint_sources(makehuman: MakeHuman, cut: HeadCut) -> list[np.ndarray]:
    """Base vertices whose mean is each joint; the eyes' are the eyeballs themselves."""
    return [
        cut.base_ids[cut.neck_loop],
        makehuman.vertex_group("joint-neck"),
        makehuman.vertex_group("joint-head"),
        makehuman.vertex_group("joint-mouth"),
        makehuman.vertex_group("helper-l-eye"),
        makehuman.vertex_group("helper-r-eye"),
    ]


def load_slider_head(makehuman: MakeHuman) -> SliderHead:
    """Cut the head, close its lips, and gather every slider that moves it."""
    cut = cut_head(makehuman.base, makehuman.mirror)
    sources = _joint_sources(makehuman, cut)
    sliders: Sliders = load_sliders(makehuman, cut.base_ids)

    def points(shapes: np.ndarray) -> np.ndarray:
        joints = np.stack([shapes[..., source, :].mean(-2) for source in sources], axis=-2)
        chosen = np.concatenate([shapes[..., cut.base_ids, :], joints], axis=-2).astype(float)
        return chosen - joints[..., _HEAD : _HEAD + 1, :]

    average, columns = points(sliders.average), points(sliders.columns)
    count = len(cut.base_ids)
    mirror = np.concatenate([cut.mirror, count + np.array(_MIRRORED_JOINTS)])
    seal = lip_seal(cut, average[:count])
    base = makehuman.base.vertices[cut.base_ids]
    seat = teeth_seat(cut, base)
    rest = seat.offset(base)
    return SliderHead(
        cut,
        sliders.names,
        seat.hold(seal.close(average, OVERLAP), rest),
        seat.hold(seal.close(columns, 0.0), np.zeros(3)),
        mirror,
    )
