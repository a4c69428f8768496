"""The open head as a linear model of MakeHuman sliders, with its joints riding along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...heads.open_head import JOINT_NAMES
from .head_cut import HeadCut, cut_head
from .lip_seal import OVERLAP, LipSeal, lip_seal
from .makehuman import MakeHuman
from .sliders import Sliders, load_sliders
from .teeth_attachment import TeethAttachment, teeth_attachment

JOINT_PARENTS: Final = (-1, 0, 1, 2, 2, 2)
_HEAD: Final = JOINT_NAMES.index("head")
_MIRRORED_JOINTS: Final = (0, 1, 2, 3, 5, 4)


@dataclass(frozen=True)
class HeadPoints:
    """The points of a head on MakeHuman's base mesh, mouth in order.

    cut : HeadCut; joints : base vertices whose mean is each joint; seal, attachment : what keeps
    lips closed and teeth behind them; rest : (1, 3) metres from the incisors to the lips.
    """

    cut: HeadCut
    joints: list[np.ndarray]
    seal: LipSeal
    attachment: TeethAttachment
    rest: np.ndarray

    def of(self, shapes: np.ndarray) -> np.ndarray:
        """(..., P, 3) of shapes of the base mesh (..., N, 3), the head joint at the origin."""
        return self.mouth_closed(self.cut_out(shapes))

    def mouth_closed(self, shapes: np.ndarray) -> np.ndarray:
        """Shapes (..., P, 3) with lips closed and teeth behind them."""
        return self.attachment.hold(self.seal.close(shapes, OVERLAP), self.rest)

    def of_moves(self, moves: np.ndarray) -> np.ndarray:
        """The same of displacements of the base mesh."""
        return self.mouth_kept(self.cut_out(moves))

    def mouth_kept(self, moves: np.ndarray) -> np.ndarray:
        """Displacements (..., P, 3) changed so that lips stay closed and teeth behind them."""
        return self.attachment.hold(self.seal.close(moves, 0.0), np.zeros(3))

    def cut_out(self, shapes: np.ndarray) -> np.ndarray:
        """(..., P, 3) of shapes or displacements of the base mesh, mouth as it is there."""
        return _with_joints(shapes, self.cut, self.joints)


def _with_joints(shapes: np.ndarray, cut: HeadCut, sources: list[np.ndarray]) -> np.ndarray:
    joints = np.stack([shapes[..., source, :].mean(-2) for source in sources], axis=-2)
    chosen = np.concatenate([shapes[..., cut.base_ids, :], joints], axis=-2).astype(float)
    return chosen - joints[..., _HEAD : _HEAD + 1, :]


@dataclass(frozen=True)
class SliderHead:
    """The P = V + 6 points are the head's vertices followed by its joints; the head joint is the
    origin of the average.

    points : HeadPoints; names : (S,) slider names; average : (P, 3) float64 metres at MakeHuman's
    size, lips closed; columns : (S, P, 3) float64, lips kept closed, head joint fixed; mirror :
    (P,).
    """

    points: HeadPoints
    names: tuple[str, ...]
    average: np.ndarray
    columns: np.ndarray
    mirror: np.ndarray

    @property
    def cut(self) -> HeadCut:
        """The head's share of the base mesh."""
        return self.points.cut

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
    joints = _joint_sources(makehuman, cut)
    sliders: Sliders = load_sliders(makehuman, cut.base_ids)
    count = len(cut.base_ids)
    seal = lip_seal(cut, _with_joints(sliders.average, cut, joints)[:count])
    base = makehuman.base.vertices[cut.base_ids]
    attachment = teeth_attachment(cut, base)
    points = HeadPoints(cut, joints, seal, attachment, attachment.offset(base))
    mirror = np.concatenate([cut.mirror, count + np.array(_MIRRORED_JOINTS)])
    return SliderHead(
        points,
        sliders.names,
        points.of(sliders.average),
        points.of_moves(sliders.columns),
        mirror,
    )
