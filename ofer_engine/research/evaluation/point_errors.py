"""How far what a photo shows is found from where it truly is: surface points, outline, irises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from ...conditioning.evidence import Evidence, EvidenceNetwork
from ...geometry.closest_points import closest_on_segments
from ..training.photo_set import PhotoSet

_MEAN_LENGTH = np.sqrt(np.pi / 2)
"""Mean length of a two-dimensional normal deviate of deviation 1 along each axis."""


@dataclass(frozen=True, eq=False)
class PointErrors:
    """Millimetres at the face's depth, of N photos.

    surface : (N, P), contour : (N, L), of each found point beside the true outline, and irises :
    (N, I); expected_surface : (N, P), from the deviations that the conditioner predicts; average_…
    : the same three of the average place in the crop, which needs no photo.
    """

    surface: np.ndarray
    contour: np.ndarray
    irises: np.ndarray
    expected_surface: np.ndarray
    average_surface: np.ndarray
    average_contour: np.ndarray
    average_irises: np.ndarray

    def rows(self, index: np.ndarray) -> PointErrors:
        """Some of the photos."""
        return PointErrors(*(getattr(self, field.name)[index] for field in fields(self)))

    @staticmethod
    def joined(parts: Sequence[PointErrors]) -> PointErrors:
        """Of several conditions together."""
        names = [field.name for field in fields(PointErrors)]
        return PointErrors(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))


def point_errors(
    network: EvidenceNetwork, found: Sequence[Evidence], photos: PhotoSet
) -> PointErrors:
    """found : a batch of one for each of the photos, in their order."""
    count = len(found)
    truth = photos.first(count)
    scale = truth.mm_per_pixel.numpy()[:, None]
    contours, irises = network.mean_moving.split([truth.contour.shape[1], truth.irises.shape[1]])
    deviation = torch.cat([torch.exp(0.5 * one.log_variance) for one in found])

    def apart(places: Tensor, true: Tensor) -> np.ndarray:
        return (places.cpu() - true).norm(dim=-1).numpy() * scale

    def beside(places: Tensor) -> np.ndarray:
        pairs = zip(places.cpu().double().numpy(), truth.contour.double().numpy(), strict=True)
        return np.stack([_beside(points, line) for points, line in pairs]) * scale

    return PointErrors(
        surface=apart(torch.cat([one.points for one in found]), truth.points),
        contour=beside(torch.cat([one.contour for one in found])),
        irises=apart(torch.cat([one.irises for one in found]), truth.irises),
        expected_surface=deviation.cpu().numpy() * _MEAN_LENGTH * scale,
        average_surface=apart(network.mean_points.view(1, -1, 2), truth.points),
        average_contour=beside(contours.expand(count, -1, -1)),
        average_irises=apart(irises[None], truth.irises),
    )


def _beside(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    """(n,) distance of points (n, 2) from the nearest place on a line through (m, 2)."""
    places = closest_on_segments(points[:, None], line[:-1], np.diff(line, axis=0))
    return np.linalg.norm(points[:, None] - places, axis=2).min(axis=1)
