"""Mirrored synthetic pictures with their truth."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ...conditioning.mirror import Mirror
from .photo_set import PhotoSet

_TURN = ((1.0, -1.0, -1.0), (-1.0, 1.0, 1.0), (-1.0, 1.0, 1.0))


def mirror_pictures(
    crops: Tensor, truth: PhotoSet, mirror: Mirror, where_mirrored: Tensor
) -> tuple[Tensor, PhotoSet]:
    """The pictures (B, 3, S, S) and their truth, mirrored where `where_mirrored` (B,) is true."""
    where = where_mirrored[:, None]
    cube = where[:, :, None]
    return torch.where(cube[..., None], crops.flip(3), crops), replace(
        truth,
        points=torch.where(cube, mirror.place(truth.points), truth.points),
        contour=torch.where(cube, mirror.contour(truth.contour), truth.contour),
        irises=torch.where(cube, mirror.irises(truth.irises), truth.irises),
        visible=torch.where(where, truth.visible[:, mirror.points], truth.visible),
        identity=torch.where(where, truth.identity * mirror.identity, truth.identity),
        expression=torch.where(where, truth.expression[:, mirror.expression], truth.expression),
        rotation=torch.where(cube, truth.rotation * torch.tensor(_TURN), truth.rotation),
    )
