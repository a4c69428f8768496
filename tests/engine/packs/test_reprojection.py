"""Points seen in a photo pull the coefficients towards the head that was seen."""

import dataclasses

import numpy as np
import pytest
import torch

from ofer_engine.heads.camera import Camera
from ofer_engine.pack_registry import load_pack
from ofer_engine.packs.pack import Contexts, PhotoEvidence
from ofer_engine.packs.reprojection import reprojection

ANYTHING = Contexts(torch.zeros(1, 1), torch.zeros(1, 1), torch.zeros(1, 1))


@pytest.fixture(scope="module")
def pack():
    return load_pack("open", None, torch.device("cpu"))


def _seen(pack, truth, wrong_turn=0.0):
    """Exact points of a head, with a camera that is off by a small turn about the up axis."""
    head = pack.head
    surface = head.vertices(truth)[head.point_vertices]
    cosine, sine = np.cos(wrong_turn), np.sin(wrong_turn)
    turned = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    camera = Camera(900.0, np.full(2, 256.0), np.eye(3), np.array([0, 0, -0.7]), 512, 512)
    count = len(head.point_vertices)
    return PhotoEvidence(
        points=camera.project(surface).astype(np.float32),
        deviation=np.ones(count, np.float32),
        visible=np.ones(count, np.float32),
        vertices=head.point_vertices,
        shift=np.zeros((count, 3), np.float32),
        camera=dataclasses.replace(camera, rotation=camera.rotation @ turned),
        focal_known=False,
        contexts=ANYTHING,
    )


@pytest.mark.parametrize("turn", [0.0, 0.03])
def test_a_guide_of_exact_points_finds_the_head_that_was_seen(pack, turn):
    truth = np.random.default_rng(3).normal(size=pack.identities).astype(np.float32)
    guide = reprojection(pack, [_seen(pack, truth, turn)], 1.0)
    found = guide(torch.zeros(1, pack.identities), 1.0)[0].numpy()
    points = pack.head.point_vertices
    wanted = pack.head.vertices(truth)[points] - pack.head.template[points]
    left = pack.head.vertices(found)[points] - pack.head.vertices(truth)[points]
    # Depth is not seen and the pose is free, so compare across the line of sight, pose removed.
    assert _apart(left) < 0.5 * _apart(wanted)


def test_two_photos_say_more_than_one_and_none_says_nothing(pack):
    truth = np.random.default_rng(4).normal(size=pack.identities).astype(np.float32)
    seen = _seen(pack, truth)
    one, two = (reprojection(pack, [seen] * count, 1.0).normal for count in (1, 2))
    torch.testing.assert_close(two, 2 * one, rtol=1e-3, atol=1e-3 * float(one.max()))
    hidden = dataclasses.replace(seen, visible=np.zeros_like(seen.visible))
    guide = reprojection(pack, [hidden], 1.0)
    clean = torch.randn(2, pack.identities)
    torch.testing.assert_close(guide(clean, 1.0), clean, atol=1e-4, rtol=1e-4)


def _apart(moved):
    """Root mean square across x and y once shift, turn and size are taken out."""
    flat = moved[:, :2] - moved[:, :2].mean(0)
    return float(np.sqrt(np.square(flat).mean()))
