"""A mirrored picture has the mirrored head's truth."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from ofer_engine.conditioning.evidence import Evidence
from ofer_engine.conditioning.mirror import Mirror, iris_twins, read_both_ways, read_turned
from ofer_engine.geometry.triangles import triangulate
from ofer_engine.heads.contour import RAYS, contour_of, outline_skin
from ofer_engine.heads.iris import iris_points
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.research.training.mirrored import mirror_pictures
from ofer_engine.research.training.photo_set import PhotoSet

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
        contour=torch.rand((count, RAYS, 2), generator=generator) * 128,
        irises=torch.rand((count, 10, 2), generator=generator) * 128,
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
    _, mirrored = mirror_pictures(torch.zeros(5, 3, 128, 128), photos, mirror, everyone)
    for row in range(5):
        surface = head.vertices(photos.identity[row].numpy(), photos.expression[row].numpy())
        other = head.vertices(mirrored.identity[row].numpy(), mirrored.expression[row].numpy())
        away = np.linalg.norm(other - surface[head.mirror] * FLIP, axis=1)
        # The units are Apple's left and right ones by name; their shapes differ by a hair.
        assert np.median(away) < 2e-4 and away.max() < 4e-3


def test_points_of_a_mirrored_picture_are_where_the_other_side_was(head, photos):
    mirror = Mirror.of(head)
    crops = torch.rand(5, 3, 128, 128)
    choice = torch.tensor([True, False, True, True, False])
    mirrored_crops, mirrored_photos = mirror_pictures(crops, photos, mirror, choice)
    for row, mirrored in enumerate(choice.tolist()):
        if not mirrored:
            assert torch.equal(mirrored_crops[row], crops[row])
            assert torch.equal(mirrored_photos.points[row], photos.points[row])
            continue
        assert torch.equal(mirrored_crops[row], crops[row].flip(2))
        for point in range(0, len(head.point_vertices), 37):
            twin = np.flatnonzero(head.point_vertices == head.mirror[head.point_vertices[point]])
            there = photos.points[row, int(twin[0])]
            torch.testing.assert_close(
                mirrored_photos.points[row, point], torch.stack([128 - there[0], there[1]])
            )


def test_twice_mirrored_is_what_it_was(head, photos):
    mirror = Mirror.of(head)
    everyone = torch.ones(5, dtype=torch.bool)
    crops = torch.rand(5, 3, 128, 128)
    once = mirror_pictures(crops, photos, mirror, everyone)
    crops_again, again = mirror_pictures(*once, mirror, everyone)
    assert torch.equal(crops_again, crops)
    for label in ("visible", "identity", "expression", "rotation"):
        assert torch.equal(getattr(again, label), getattr(photos, label))
    for label in ("points", "contour", "irises"):
        torch.testing.assert_close(getattr(again, label), getattr(photos, label))


def test_outline_and_irises_of_a_mirrored_picture_are_the_mirrored_head_s(head):
    """Seen from straight ahead, where a point of the mirrored head is the mirror image's."""
    rng = np.random.default_rng(5)
    mirror = Mirror.of(head)
    identity = rng.standard_normal(len(head.identity)).astype(np.float32)
    expression = np.zeros(52, np.float32)
    expression[head.expression_names.index("eyeLookOutLeft")] = 0.8
    skin = outline_skin(head.template, head.outer, head.region("ears"), head.region("neck"))
    axis = head.template[head.face].mean(axis=0)
    contour = contour_of(triangulate(head.polygons), skin, axis)
    eyes = tuple(triangulate(head.part_polygons(name)) for name in ("eye_left", "eye_right"))
    irises = iris_points(head.template, eyes, head.mean_joints[4:])

    def seen(identity, expression):
        vertices = head.vertices(identity, expression)[:, :2] * [400, -400] + [64, 90]
        middle = contour.middle[:2] * [400, -400] + [64, 90]
        outline = contour.on(*contour.seen(vertices, middle, np.array([0.0, -1.0])), vertices)
        return torch.from_numpy(outline)[None], irises.on(vertices)[None]

    head_contour, head_irises = seen(identity, expression)
    turned_contour, turned_irises = seen(
        identity * mirror.identity.numpy(), expression[mirror.expression.numpy()]
    )
    # A hair: left and right units differ so.
    torch.testing.assert_close(mirror.contour(head_contour), turned_contour, atol=0.1, rtol=0)
    torch.testing.assert_close(
        mirror.irises(torch.from_numpy(head_irises)),
        torch.from_numpy(turned_irises), atol=0.1, rtol=0,
    )  # fmt: skip
    values = torch.arange(float(RAYS + 10))[None]
    assert torch.equal(mirror.moving(mirror.moving(values, RAYS), RAYS), values)
    assert mirror.moving(values, RAYS)[0, 0] == RAYS - 1


def test_a_head_without_irises_has_none_in_the_mirror():
    assert iris_twins(0) == []


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
        for name in (f.name for f in fields(Evidence)):
            torch.testing.assert_close(
                getattr(back, name), getattr(read, name), atol=2e-3, rtol=1e-3
            )
        rebuilt = network.mean_points + read.shape @ network.point_modes.T
        torch.testing.assert_close(rebuilt.view_as(read.points), read.points, atol=0.5, rtol=0)


def test_turning_a_little_averages_who_it_is_and_leaves_the_places(head):
    pack = read_open_pack(BUNDLED / "open", torch.device("cpu"))
    network, mirror = pack.networks.conditioner, pack.mirror
    crops = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        straight = read_both_ways(network, crops, mirror)
        read = read_turned(network, crops, mirror)
        other = read_turned(network, crops.flip(3), mirror)
        back = mirror.evidence(network, other)
    for name in ("identity", "expression"):
        found = getattr(read, name)
        # the turns are mirror images of each other, so that the whole still is
        torch.testing.assert_close(getattr(back, name), found, atol=2e-3, rtol=1e-3)
        assert (found - getattr(straight, name)).abs().max() > 1e-3
    for name in ("points", "log_variance", "visibility", "contour", "irises", "shape", "pose"):
        assert torch.equal(getattr(read, name), getattr(straight, name)), name
    assert torch.equal(pack.read_photos(crops).identity, read.identity)
