"""A mirrored picture has the mirrored head's truth."""

import numpy as np
import pytest
import torch

from ofer_engine.conditioning.mirror import Mirror, read_both_ways
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.packs.registry import BUNDLED
from ofer_engine.training.photo_set import PhotoSet
from ofer_engine.training.turned import turned as turned_over

FLIP = np.array([-1.0, 1.0, 1.0], np.float32)


@pytest.fixture(scope="module")
def head():
    return OpenHead.load(BUNDLED / "open" / "head.npz")


@pytest.fixture(scope="module")
def photos(head):
    generator = torch.Generator().manual_seed(3)
    count, points = 5, len(head.point_vertices)
    return PhotoSet(
        images=(np.zeros((count, 128, 128, 3), np.uint8),),
        points=torch.rand((count, points, 2), generator=generator) * 128,
        visible=torch.rand((count, points), generator=generator) < 0.5,
        identity=torch.randn((count, len(head.identity)), generator=generator),
        expression=torch.rand((count, 52), generator=generator),
        rotation=torch.randn((count, 3, 3), generator=generator),
        distance=torch.ones(count),
        mm_per_pixel=torch.ones(count),
        person=torch.arange(count),
    )


def test_a_mirrored_head_has_the_mirrored_coefficients(head, photos):
    mirror = Mirror.of(head)
    everyone = torch.ones(5, dtype=torch.bool)
    _, turned = turned_over(torch.zeros(5, 3, 128, 128), photos, mirror, everyone)
    for row in range(5):
        surface = head.vertices(photos.identity[row].numpy(), photos.expression[row].numpy())
        other = head.vertices(turned.identity[row].numpy(), turned.expression[row].numpy())
        away = np.linalg.norm(other - surface[head.mirror] * FLIP, axis=1)
        # The units are Apple's left and right ones by name; their shapes differ by a hair.
        assert np.median(away) < 2e-4 and away.max() < 4e-3


def test_points_of_a_mirrored_picture_are_where_the_other_side_was(head, photos):
    mirror = Mirror.of(head)
    crops = torch.rand(5, 3, 128, 128)
    choice = torch.tensor([True, False, True, True, False])
    turned_crops, turned = turned_over(crops, photos, mirror, choice)
    for row, mirrored in enumerate(choice.tolist()):
        if not mirrored:
            assert torch.equal(turned_crops[row], crops[row])
            assert torch.equal(turned.points[row], photos.points[row])
            continue
        assert torch.equal(turned_crops[row], crops[row].flip(2))
        for point in range(0, len(head.point_vertices), 37):
            twin = np.flatnonzero(head.point_vertices == head.mirror[head.point_vertices[point]])
            there = photos.points[row, int(twin[0])]
            torch.testing.assert_close(
                turned.points[row, point], torch.stack([128 - there[0], there[1]])
            )


def test_twice_mirrored_is_what_it_was(head, photos):
    mirror = Mirror.of(head)
    everyone = torch.ones(5, dtype=torch.bool)
    crops = torch.rand(5, 3, 128, 128)
    once = turned_over(crops, photos, mirror, everyone)
    crops_again, again = turned_over(*once, mirror, everyone)
    assert torch.equal(crops_again, crops)
    for label in ("visible", "identity", "expression", "rotation"):
        assert torch.equal(getattr(again, label), getattr(photos, label))
    torch.testing.assert_close(again.points, photos.points)


def test_a_head_without_a_mirror_image_has_none(head):
    import dataclasses

    bent = head.template.copy()
    bent[head.face] += [0.002, 0.0, 0.0]
    assert Mirror.of(dataclasses.replace(head, template=bent)) is None


def test_a_picture_and_its_mirror_image_are_read_as_mirror_images(head):
    pack = read_open_pack(BUNDLED / "open", torch.device("cpu"))
    network, mirror = pack.networks.conditioner, pack.mirror
    crops = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(4))
    with torch.inference_mode():
        read = read_both_ways(network, crops, mirror)
        other = read_both_ways(network, crops.flip(3), mirror)
        back = mirror.evidence(network, other)
        for name in ("points", "identity", "expression", "visibility", "pose", "shape"):
            torch.testing.assert_close(
                getattr(back, name), getattr(read, name), atol=2e-3, rtol=1e-3
            )
        rebuilt = network.mean_points + read.shape @ network.point_modes.T
        torch.testing.assert_close(rebuilt.view_as(read.points), read.points, atol=0.5, rtol=0)
