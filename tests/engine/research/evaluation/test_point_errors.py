"""Errors of found points in millimetres, against points that were moved by a known distance."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ofer_engine.conditioning.evidence import Evidence, EvidenceNetwork
from ofer_engine.research.evaluation.point_errors import PointErrors, point_errors
from ofer_engine.research.training.photo_set import PhotoSet

PHOTOS, POINTS, OUTLINE, IRISES = 4, 7, 6, 10
SCALE = 2.0


@pytest.fixture(scope="module")
def photos() -> PhotoSet:
    generator = torch.Generator().manual_seed(2)
    angles = torch.linspace(-1.5, 1.5, OUTLINE)
    circle = 64 + 40 * torch.stack([angles.sin(), angles.cos()], dim=1)
    return PhotoSet(
        images=(np.zeros((PHOTOS, 128, 128, 3), np.uint8),),
        points=torch.rand((PHOTOS, POINTS, 2), generator=generator) * 128,
        visible=torch.ones((PHOTOS, POINTS), dtype=torch.bool),
        contour=circle.expand(PHOTOS, -1, -1),
        irises=torch.rand((PHOTOS, IRISES, 2), generator=generator) * 128,
        identity=torch.zeros(PHOTOS, 3),
        expression=torch.zeros(PHOTOS, 52),
        rotation=torch.eye(3).expand(PHOTOS, -1, -1),
        distance=torch.ones(PHOTOS),
        mm_per_pixel=torch.full((PHOTOS,), SCALE),
        person=torch.arange(PHOTOS),
    )


@pytest.fixture(scope="module")
def network() -> EvidenceNetwork:
    network = EvidenceNetwork(POINTS, OUTLINE, IRISES, 3, 52)
    network.mean_points.fill_(64.0)
    network.mean_moving.fill_(64.0)
    return network


def found(photos: PhotoSet, row: int, moved: float = 0.0) -> Evidence:
    nothing = torch.zeros(1, 3)
    aside = torch.tensor([moved, 0.0])
    return Evidence(
        points=photos.points[[row]] + aside,
        log_variance=torch.full((1, POINTS), np.log(9.0)),
        visibility=torch.zeros(1, POINTS),
        identity=nothing,
        expression=nothing,
        pose=nothing,
        shape=nothing,
        contour=photos.contour[[row]],
        irises=photos.irises[[row]] + aside,
        moving_log_variance=torch.zeros(1, OUTLINE + IRISES),
    )


def test_what_is_found_exactly_is_no_millimetre_off(photos, network):
    errors = point_errors(network, [found(photos, row) for row in range(PHOTOS)], photos)
    for each in (errors.surface, errors.contour, errors.irises):
        np.testing.assert_allclose(each, 0.0, atol=1e-4)
    away = (photos.points - 64).norm(dim=-1).numpy() * SCALE
    np.testing.assert_allclose(errors.average_surface, away, rtol=1e-5)
    assert (errors.average_contour > 20 * SCALE).all()


def test_points_moved_by_three_pixels_are_six_millimetres_off(photos, network):
    errors = point_errors(network, [found(photos, row, 3.0) for row in range(2)], photos)
    np.testing.assert_allclose(errors.surface, 3 * SCALE, rtol=1e-4)
    np.testing.assert_allclose(errors.irises, 3 * SCALE, rtol=1e-4)
    # A deviation of 3 along both axes is a mean distance of 3.76.
    np.testing.assert_allclose(errors.expected_surface, 3.76 * SCALE, rtol=1e-3)


def test_sliding_along_the_outline_is_no_error(photos, network):
    true = photos.contour[0]
    halfway = (true[:-1] + true[1:]) / 2
    slid = replace(found(photos, 0), contour=torch.cat([halfway, true[-1:]])[None])
    (errors,) = point_errors(network, [slid], photos).contour
    np.testing.assert_allclose(errors, 0.0, atol=1e-4)
    outside = replace(found(photos, 0), contour=(64 + (true - 64) * 1.1)[None])
    (errors,) = point_errors(network, [outside], photos).contour
    # Four pixels outside corners, and of its ends the same.
    np.testing.assert_allclose(errors, 4 * SCALE, rtol=1e-3)


def test_photos_are_put_together_and_taken_apart(photos, network):
    errors = point_errors(network, [found(photos, row, row) for row in range(PHOTOS)], photos)
    twice = PointErrors.joined([errors, errors.rows(np.array([1, 3]))])
    np.testing.assert_array_equal(twice.surface[4:], errors.surface[[1, 3]])
    assert len(twice.contour) == 6
