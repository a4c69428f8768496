"""The open pack's conditioner: a face crop becomes points with uncertainty, and a context vector.

A convolutional trunk that has seen real faces (the packaged landmark network's, `LandmarkTrunk`)
feeds new heads, trained on synthetic photos with known truth: P surface points with the head's own
meaning, how sure each is (Gaussian negative log-likelihood) and whether it is seen; the points of
the outline, which slide over the skin (`heads/contour`), and those of the irises (`heads/iris`);
the identity and expression coefficients that a regressor would answer, and the pose. IdGen, IdRank
and ExpGen are conditioned on all of it, with the visibility pooled over regions of the face as an
explicit mask, so that what is hidden may spread (`conditioning/person`).

Beside the packaged trunk, which knows real faces, stands one of our own with eighty times its
weights (`detail_trunk`), which knows what tells two faces apart. What both see is looked at again
where the points were found (`closer_look`): that is where most of the identity comes from.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..photo.face_networks import LandmarkTrunk
from .closer_look import CloserLook
from .detail_trunk import CELLS as DETAIL_CELLS
from .detail_trunk import DetailTrunk
from .fine_trunk import FineTrunk

CROP = 128
"""Side of the crop in the pixels that points are measured in, and that the trunks see."""
_TRUNK_SIDE = 160
_FEATURES = 512
_SHAPE_MODES = 160
_CONTEXT_MODES = 60
_REGIONS = 24
_POSE = 4
_LOG_VARIANCE = (-3.5, 7.0)
_MOVING_SCALE = 10.0
"""Pixels that the contour and iris points move for a feature of 1."""
_LOOKS = 2
"""Further looks, each with weights of its own and adding to what the ones before it felt; a network
for sharper crops has one more, which sees those."""


@dataclass(frozen=True)
class Evidence:
    """What the conditioner reads in B crops.

    points : (B, P, 2) crop pixels; log_variance : (B, P) of one coordinate, log px²;
    visibility : (B, P) logits; identity : (B, K) and expression : (B, X) regressed coefficients;
    pose : (B, 4) sines of pitch and yaw, log distance in metres, scaled log of mm per pixel;
    shape : (B, M) point modes in standard deviations; contour : (B, L, 2) and irises : (B, I, 2)
    crop pixels, and of both together, in this order, moving_log_variance : (B, L + I).
    """

    points: Tensor
    log_variance: Tensor
    visibility: Tensor
    identity: Tensor
    expression: Tensor
    pose: Tensor
    shape: Tensor
    contour: Tensor
    irises: Tensor
    moving_log_variance: Tensor


class EvidenceNetwork(nn.Module):
    """Crop → `Evidence`.

    points, contour, irises, identities, expressions : counts P, L, I, K, X; side : pixels of the
    crops that it is made for, `CROP` or more, whatever it is given. The buffers
    `mean_points` (2P,), `mean_moving` (L + I, 2), `point_modes` (2P, M), `regions` (R, P),
    `context_mean` and `context_deviation` (C,) are set from training data by
    `research/training/conditioner`.
    """

    mean_points: Tensor
    mean_moving: Tensor
    point_modes: Tensor
    regions: Tensor
    context_mean: Tensor
    context_deviation: Tensor

    def __init__(
        self,
        points: int,
        contour: int,
        irises: int,
        identities: int,
        expressions: int,
        side: int = CROP,
    ) -> None:
        super().__init__()
        self.side = side
        self._moving = (contour, irises)
        self.trunk = LandmarkTrunk()
        self.squeeze = nn.Conv2d(128, 96, 1)
        self.detail = DetailTrunk()
        self.detail_squeeze = nn.Conv2d(DetailTrunk.channels, 160, 1)
        seen, fine = 96 * (_TRUNK_SIDE // 32) ** 2, 160 * DETAIL_CELLS**2
        self.seen_norm = nn.LayerNorm(seen)
        self.fine_norm = nn.LayerNorm(fine)
        self.hidden = nn.Linear(seen + fine, _FEATURES)
        self.looks = nn.ModuleList(
            CloserLook(points, DetailTrunk.map_channels, _FEATURES) for _ in range(_LOOKS)
        )
        self.fine = FineTrunk() if side > CROP else None
        if self.fine is not None:
            sharp = DetailTrunk.map_channels + FineTrunk.map_channels
            self.looks.append(CloserLook(points, sharp, _FEATURES))
        self.shape_head = nn.Linear(_FEATURES, _SHAPE_MODES)
        self.sureness_head = nn.Linear(_FEATURES, 2 * points)
        self.identity_head = nn.Linear(_FEATURES, identities)
        self.expression_head = nn.Linear(_FEATURES, expressions)
        self.pose_head = nn.Linear(_FEATURES, _POSE)
        self.moving_head = nn.Linear(_FEATURES, 3 * (contour + irises))
        self.register_buffer("mean_points", torch.zeros(2 * points))
        self.register_buffer("mean_moving", torch.zeros(contour + irises, 2))
        self.register_buffer("point_modes", torch.zeros(2 * points, _SHAPE_MODES))
        self.register_buffer("regions", torch.zeros(_REGIONS, points))
        self.register_buffer("context_mean", torch.zeros(self.context_size))
        self.register_buffer("context_deviation", torch.ones(self.context_size))

    @property
    def context_size(self) -> int:
        """C, the length of `context`'s rows."""
        coefficients = self.identity_head.out_features + self.expression_head.out_features
        return coefficients + _POSE + _CONTEXT_MODES + 2 * _REGIONS

    @property
    def shape_entries(self) -> tuple[slice, slice]:
        """Where in `context` identity and point modes are."""
        identities = self.identity_head.out_features
        first = identities + self.expression_head.out_features + _POSE
        return slice(0, identities), slice(first, first + _CONTEXT_MODES)

    @property
    def visible_entries(self) -> slice:
        """Where in `context` it says how much of each region is seen."""
        return slice(self.context_size - 2 * _REGIONS, self.context_size - _REGIONS)

    @property
    def doubt_entries(self) -> slice:
        """Where in `context` it says how unsure the points of each region are."""
        return slice(self.context_size - _REGIONS, self.context_size)

    def forward(self, crops: Tensor) -> Evidence:
        """crops : (B, 3, S, S) float32, RGB in 0..1, cut by `photo.align.evidence_crop`; S is best
        the network's `side`."""
        return self.rounds(crops)[-1]

    def rounds(self, crops: Tensor) -> list[Evidence]:
        """What the first look reads in the crops (B, 3, S, S), then what every further one reads;
        the last is the surest."""
        small = resized_crops(crops, CROP)
        last, maps = self.detail(small)
        fine_maps = [] if self.fine is None else self.fine(resized_crops(crops, self.side))
        fine = F.relu(self.detail_squeeze(last)).flatten(1)
        # The rest is cheap, and its pixels need more digits than a training's bfloat16 has.
        with torch.autocast(crops.device.type, enabled=False):
            image = F.interpolate(small, size=_TRUNK_SIDE, mode="bilinear", align_corners=False)
            seen = F.relu(self.squeeze(self.trunk(image))).flatten(1)
            both = torch.cat([self.seen_norm(seen), self.fine_norm(fine.float())], dim=1)
            felt = self.hidden(both)
            maps = [one.float() for one in maps]
            sharp = [*maps, *(one.float() for one in fine_maps)]
            found = [self._read(F.relu(felt))]
            for number, look in enumerate(self.looks):
                there = maps if number < _LOOKS else sharp
                felt = felt + look(there, found[-1].points.detach(), CROP)
                found.append(self._read(F.relu(felt)))
        return found

    def _read(self, feature: Tensor) -> Evidence:
        shape = self.shape_head(feature)
        flat_points = self.mean_points + shape @ self.point_modes.T
        log_variance, visibility = self.sureness_head(feature).chunk(2, dim=1)
        *away, moving_log_variance = self.moving_head(feature).chunk(3, dim=1)
        moving = self.mean_moving + _MOVING_SCALE * torch.stack(away, dim=2)
        contour, irises = moving.split(self._moving, dim=1)
        return Evidence(
            points=flat_points.view(len(feature), -1, 2),
            log_variance=log_variance.clamp(*_LOG_VARIANCE),
            visibility=visibility,
            identity=self.identity_head(feature),
            expression=self.expression_head(feature),
            pose=self.pose_head(feature),
            shape=shape,
            contour=contour,
            irises=irises,
            moving_log_variance=moving_log_variance.clamp(*_LOG_VARIANCE),
        )

    def context(self, evidence: Evidence, hidden: Tensor | None = None) -> Tensor:
        """(B, C) float32, standardised: everything the three networks know of the photo.

        hidden : (B, P) bool, points that the user says the photo does not show. Their pixels
        should have been covered in the crop as well (`photo.align`).
        """
        visible = torch.sigmoid(evidence.visibility)
        if hidden is not None:
            visible = visible * ~hidden
        context = torch.cat(
            [
                evidence.identity,
                evidence.expression,
                evidence.pose,
                evidence.shape[:, :_CONTEXT_MODES],
                visible @ self.regions.T,
                evidence.log_variance @ self.regions.T,
            ],
            dim=1,
        )
        return (context - self.context_mean) / self.context_deviation

    def shape_of(self, points: Tensor) -> Tensor:
        """(B, M) point modes of points (B, P, 2): `forward`'s products, backwards."""
        away = points.flatten(1) - self.mean_points
        length = self.point_modes.square().sum(dim=0).clamp_min(1e-12)
        return away @ self.point_modes / length

    def regressed_expression(self, contexts: Tensor) -> Tensor:
        """(B, X) the regressed expression, unit weights in 0..1, read back from contexts (B, C)."""
        first = self.identity_head.out_features
        units = slice(first, first + self.expression_head.out_features)
        return self._read_back(contexts, units).clamp(0.0, 1.0)

    def doubt(self, contexts: Tensor) -> Tensor:
        """(B,) mean log variance of the points, read back from contexts (B, C)."""
        return self._read_back(contexts, self.doubt_entries).mean(dim=1)

    def _read_back(self, contexts: Tensor, part: slice) -> Tensor:
        return contexts[:, part] * self.context_deviation[part] + self.context_mean[part]

    @torch.no_grad()
    def prepare(self, mean_points: Tensor, point_modes: Tensor, deviation: Tensor) -> None:
        """Start training from the average: mean points (2P,), modes (2P, M), point sd (P,) px."""
        self.mean_points.copy_(mean_points)
        self.point_modes.copy_(point_modes)
        points = len(deviation)
        self.sureness_head.weight.mul_(0.1)
        self.sureness_head.bias[:points] = 2 * deviation.log()
        self.sureness_head.bias[points:] = 1.0
        for head in (self.shape_head, self.identity_head, self.expression_head):
            head.weight.mul_(0.3)


def resized_crops(crops: Tensor, side: int) -> Tensor:
    """(B, 3, side, side) of crops (B, 3, S, S); they themselves where they have that side."""
    if crops.shape[-1] == side:
        return crops
    resized = F.interpolate(
        crops, size=side, mode="bilinear", align_corners=False, antialias=crops.shape[-1] > side
    )
    return resized.contiguous(memory_format=torch.channels_last)


def point_regions(template: Tensor) -> Tensor:
    """(24, P) averaging rows over compact regions of the points template : (P, 3) metres.

    Region centres are spread by farthest-point selection from the first point; each point
    belongs to its nearest centre.
    """
    centres = [0]
    nearest = torch.cdist(template, template[:1])[:, 0]
    while len(centres) < _REGIONS:
        centres.append(int(nearest.argmax()))
        nearest = torch.minimum(nearest, torch.cdist(template, template[centres[-1:]])[:, 0])
    owner = torch.cdist(template, template[centres]).argmin(dim=1)
    rows = F.one_hot(owner, _REGIONS).T.to(template.dtype)
    return rows / rows.sum(dim=1, keepdim=True)
