"""The parts that an artist chooses by: each where it should be, with a border that fades."""

from __future__ import annotations

import numpy as np
import pytest

from ofer_engine.contract.face_parts import FACE_PARTS
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.heads.part_masks import part_masks
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_description import HEAD


@pytest.fixture(scope="module")
def head() -> OpenHead:
    return OpenHead.load(BUNDLED / "open" / HEAD)


@pytest.fixture(scope="module")
def masks(head: OpenHead) -> dict[str, np.ndarray]:
    return dict(zip(FACE_PARTS, part_masks(head).astype(float), strict=True))


def test_together_they_cover_the_skin_of_the_face(head: OpenHead, masks: dict) -> None:
    together = np.max(list(masks.values()), axis=0)
    assert together.min() >= 0 and together.max() <= 1
    assert (together[head.face] > 0.5).mean() > 0.95


def test_each_lies_where_its_name_says(head: OpenHead, masks: dict) -> None:
    middle = {name: (mask @ head.template) / mask.sum() for name, mask in masks.items()}
    height = {name: each[1] for name, each in middle.items()}
    assert height["jaw"] < height["mouth"] < height["nose"] < height["eyes"] < height["brows"]
    assert height["brows"] < height["forehead"]
    assert middle["nose"][2] > middle["cheeks"][2] > middle["ears"][2] > middle["skull"][2]
    assert all(abs(each[0]) < 0.002 for each in middle.values())


def test_eyeballs_go_with_the_lids_and_teeth_with_the_mouth(head: OpenHead, masks: dict) -> None:
    for part, mask in (("eye_left", "eyes"), ("teeth_lower", "mouth"), ("teeth_upper", "mouth")):
        polygons = head.part_polygons(part)
        assert masks[mask][polygons[polygons >= 0]].min() > 0.99


def test_no_edge_tears(head: OpenHead, masks: dict) -> None:
    corners = np.where(head.polygons < 0, head.polygons[:, :1], head.polygons)
    for name, mask in masks.items():
        steps = np.ptp(mask[corners], axis=1)
        assert np.percentile(steps[steps > 0], 90) < 0.75, name
