"""Training the open pack's conditioner (`conditioning/evidence`) on synthetic photos.

Losses: Gaussian negative log-likelihood of the points, those of outline and irises too,
cross-entropy of visibility, squared error of identity (modes weighted by how far they move the
face), expression and pose. Of bent portraits (`bent_portraits`) points, differences of identity and
what a teacher says of the expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...conditioning.evidence import CROP, Evidence, EvidenceNetwork, point_regions
from ...conditioning.mirror import Mirror, read_both_ways
from ...heads.open_head import OpenHead
from .bent_portraits import BentPortraits, pair_loss
from .loop import TrainingPlan, step_generator, train
from .mirrored import mirror_pictures
from .optimizer import ParameterGroup
from .photo_set import PhotoSet

_MATRIX_PACE = 2.0
"""Muon's rate in terms of AdamW's."""
_EARLIER = 0.2
"""Weight of what the earlier looks read."""
_MOVING = 0.3
"""Weight of the points of outline and irises against that of the points of the surface."""
_UNIT = 100.0
"""Weight of a squared error of an expression unit."""
_SAMPLE = 20_000
_READ = 100
_IDENTITY = 2.0
"""Weight of the identity, which is what photographs are read least well of."""
_BENT_SHARE = 0.35
"""Of a step's pictures, where there are bent portraits."""


@dataclass(frozen=True)
class Weights:
    """Loss weights per identity mode (K,) and per expression unit (X,)."""

    identity: Tensor
    expression: Tensor


def new_network(
    head: OpenHead, photos: PhotoSet, known: Mapping[str, Tensor], side: int = CROP
) -> EvidenceNetwork:
    """A network that goes on from `known` weights, as far as they fit, else from the average face.

    side : pixels of the crops that it reads. known : weights by their names in the conditioner: an
    earlier one's, or a trunk's alone. The
    landmark trunk is frozen: it has seen real faces, and training pictures are synthetic; one that
    does not fit raises RuntimeError, for it would stay as it was drawn.
    """
    network = EvidenceNetwork(
        photos.points.shape[1],
        photos.contour.shape[1],
        photos.irises.shape[1],
        photos.identity.shape[1],
        photos.expression.shape[1],
        side,
    )
    empty = network.state_dict()
    fitting = {
        name: values
        for name, values in known.items()
        if name.startswith("trunk.") or (name in empty and values.shape == empty[name].shape)
    }
    if "mean_points" not in fitting:
        _start_from_average(network, photos)
    if "mean_moving" not in fitting:
        _start_moving(network, photos)
    network.load_state_dict({**network.state_dict(), **fitting})
    network.trunk.freeze(len(network.trunk.stages))
    template = torch.from_numpy(head.template[head.point_vertices]).float()
    network.regions.copy_(point_regions(template))
    return network


def _start_from_average(network: EvidenceNetwork, photos: PhotoSet) -> None:
    points = photos.points[:_SAMPLE].flatten(1)
    mean = points.mean(dim=0)
    spread = points - mean
    variance, directions = torch.linalg.eigh(spread.T @ spread / len(points))
    count = network.point_modes.shape[1]
    modes = directions.flip(1)[:, :count] * variance.flip(0)[:count].clamp_min(1e-6).sqrt()
    deviation = spread.view(len(points), -1, 2).square().mean(dim=(0, 2)).sqrt()
    network.prepare(mean, modes, deviation)


@torch.no_grad()
def _start_moving(network: EvidenceNetwork, photos: PhotoSet) -> None:
    """The average outline and irises, as unsure as they vary: nothing else is disturbed."""
    places = moving(photos)[:_SAMPLE]
    spread = places.var(dim=0)
    network.mean_moving.copy_(places.mean(dim=0))
    network.moving_head.weight.zero_()
    network.moving_head.bias.zero_()
    network.moving_head.bias[2 * len(spread) :] = spread.mean(dim=1).log()


def loss_weights(head: OpenHead, photos: PhotoSet) -> Weights:
    """Identity modes count by the face's movement, expression units all alike, as on the card."""
    movement = np.sqrt((head.identity[:, head.face] ** 2).sum(axis=2).mean(axis=1))
    identity = torch.from_numpy((movement / movement.mean()) ** 1.5).float()
    return Weights(identity, torch.full((photos.expression.shape[1],), _UNIT))


def moving(truth: PhotoSet) -> Tensor:
    """(N, L + I, 2) the points of outline and irises together."""
    return torch.cat([truth.contour, truth.irises], dim=1)


def _likelihood(found: Tensor, log_variance: Tensor, truth: Tensor) -> Tensor:
    """Mean Gaussian negative log-likelihood of points (B, P, 2), one variance (B, P) for both
    coordinates."""
    error = (found - truth).square().sum(dim=2)
    return (log_variance + 0.5 * error * torch.exp(-log_variance)).mean()


def losses(evidence: Evidence, truth: PhotoSet, weights: Weights) -> dict[str, Tensor]:
    """Named losses of one batch against its truth."""
    slid = torch.cat([evidence.contour, evidence.irises], dim=1)
    seen = F.binary_cross_entropy_with_logits(evidence.visibility, truth.visible.float())
    identity = (weights.identity * (evidence.identity - truth.identity).square()).mean()
    expression = weights.expression * (evidence.expression - truth.expression).square()
    pose = (evidence.pose - truth.pose).square().mean()
    parts = {
        "points": _likelihood(evidence.points, evidence.log_variance, truth.points),
        "moving": _likelihood(slid, evidence.moving_log_variance, moving(truth)),
        "visibility": seen,
        "identity": identity,
        "expression": expression.mean(),
        "pose": pose,
    }
    total = parts["points"] + 0.4 * seen + _IDENTITY * identity + parts["expression"] + 0.5 * pose
    total = total + _MOVING * parts["moving"]
    return {"total": total} | parts


def degrade(crops: Tensor, generator: torch.Generator) -> Tensor:
    """Photographic accidents on (B, 3, S, S) crops in 0..1: blur, contrast, cast, grey, noise."""
    batch, sharp = len(crops), crops.shape[-1]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(shape or (1,), generator=generator) * (high - low) + low

    if uniform(0, 1) < 0.35:
        side = int(sharp * uniform(0.35, 0.9))
        small = F.interpolate(crops, size=side, mode="area")
        crops = F.interpolate(small, size=sharp, mode="bilinear", align_corners=False)
    crops = (crops - 0.5) * uniform(0.65, 1.3, batch, 1, 1, 1) + 0.5
    crops = (crops + uniform(-0.12, 0.12, batch, 1, 1, 1)) * uniform(0.85, 1.15, batch, 3, 1, 1)
    grey = uniform(0, 1, batch, 1, 1, 1) < 0.2
    crops = torch.where(grey, crops.mean(dim=1, keepdim=True), crops)
    noise = torch.randn((8, 3, sharp, sharp), generator=generator)
    picked = noise[torch.randint(8, (batch,), generator=generator)]
    return (crops + picked * uniform(0, 0.045, batch, 1, 1, 1)).clamp(0, 1)


@dataclass(frozen=True, eq=False)
class _Batch:
    """What one step sees: crops (B, 3, S, S) of photos, then pairs of bent portraits; truth : of
    the photos; points, identity, expression : of the bent portraits; trust : (X,) in the last."""

    crops: Tensor
    truth: PhotoSet
    points: Tensor
    identity: Tensor
    expression: Tensor
    trust: Tensor

    def losses(self, evidence: Evidence, weights: Weights) -> dict[str, Tensor]:
        """Named losses of one look, each kind of picture counting by its number."""
        known = len(self.truth)
        if known == len(self.crops):
            return losses(evidence, self.truth, weights)
        found = losses(_part(evidence, slice(0, known)), self.truth, weights)
        bent = _part(evidence, slice(known, None))
        points = _likelihood(bent.points, bent.log_variance, self.points)
        pairs = pair_loss(bent.identity, self.identity, weights.identity)
        missed = (bent.expression - self.expression).square()
        units = (weights.expression * self.trust * missed).mean()
        share = known / len(self.crops)
        total = share * found["total"] + (1 - share) * (points + _IDENTITY * pairs + units)
        own = {"bent_points": points, "bent_pairs": pairs, "bent_expression": units}
        return found | {"total": total} | own


def _part(evidence: Evidence, rows: slice) -> Evidence:
    return Evidence(**{f.name: getattr(evidence, f.name)[rows] for f in fields(Evidence)})


def train_conditioner(
    network: EvidenceNetwork,
    head: OpenHead,
    photos: PhotoSet,
    validation: PhotoSet,
    plan: TrainingPlan,
    folder: Path,
    batch: int = 64,
    bent: BentPortraits | None = None,
) -> None:
    """Train in place. Pictures are visited in a new order each epoch, fixed by the plan's seed.

    bent : portraits of which every step sees some pairs beside the photos.
    """
    weights = loss_weights(head, photos)
    mirror = Mirror.of(head)
    network.to(memory_format=torch.channels_last).train()  # pyright: ignore[reportCallIssue]
    pairs = 0 if bent is None else int(_BENT_SHARE * batch / 2)
    batch = min(batch - 2 * pairs, len(photos))
    per_epoch = len(photos) // batch

    def step_losses(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        epoch, position = divmod(step, per_epoch)
        order = np.random.default_rng((plan.seed, epoch)).permutation(len(photos))
        rows = np.sort(order[position * batch : (position + 1) * batch])
        crops, truth = photos.crops(rows, network.side), photos.labels(rows)
        if mirror is not None:
            mirrored = torch.rand(batch, generator=generator) < 0.5
            crops, truth = mirror_pictures(crops, truth, mirror, mirrored)
        none = truth.points[:0], truth.identity[:0], truth.expression[:0], weights.expression[:0]
        seen = _Batch(crops, truth, *none)
        if bent is not None:
            seen = _with_pairs(seen, bent, pairs, mirror, generator)
        crops = degrade(seen.crops, generator).contiguous(memory_format=torch.channels_last)
        *earlier, last = [seen.losses(one, weights) for one in network.rounds(crops)]
        found = dict(last)
        for one in earlier:
            found["total"] = found["total"] + _EARLIER * one["total"]
        return found | {"first_points": earlier[0]["points"]}

    def validate(model: torch.nn.Module) -> dict[str, float]:
        rows = np.arange(min(1500, len(validation)))
        sums: dict[str, float] = {}
        for part in np.array_split(rows, 20):
            crops = validation.crops(part, network.side).contiguous(
                memory_format=torch.channels_last
            )
            values = losses(model(crops), validation.labels(part), weights)
            for name, value in values.items():
                sums[f"held_{name}"] = sums.get(f"held_{name}", 0.0) + float(value) / 20
        return sums

    train(network, _groups(network), step_losses, plan, folder, validate)
    network.eval()


def _with_pairs(
    photos: _Batch,
    bent: BentPortraits,
    pairs: int,
    mirror: Mirror | None,
    generator: torch.Generator,
) -> _Batch:
    """A batch with so many pairs of bent portraits after the photos."""
    rows = bent.pairs(pairs, generator)
    crops = bent.pictures(rows)
    points, identity, expression = bent.points[rows], bent.identity[rows], bent.expression[rows]
    if mirror is not None:
        mirrored = (torch.rand(pairs, generator=generator) < 0.5).repeat_interleave(2)
        crops, points, identity, expression = bent.mirrored(rows, crops, mirror, mirrored)
    side = photos.crops.shape[-1]
    if crops.shape[-1] != side:
        crops = F.interpolate(crops, size=side, mode="bilinear", align_corners=False)
    together = torch.cat([photos.crops, crops])
    return _Batch(together, photos.truth, points, identity, expression, bent.trust)


def _groups(network: EvidenceNetwork) -> list[ParameterGroup]:
    """Muon moves the weights of all layers but the last ones: those answer in units."""
    learning = {n: p for n, p in network.named_parameters() if p.requires_grad}
    inner = {n for n, p in learning.items() if p.ndim > 1 and not n.endswith("_head.weight")}
    return [
        ParameterGroup([p for n, p in learning.items() if n not in inner]),
        ParameterGroup([learning[n] for n in sorted(inner)], _MATRIX_PACE, matrices=True),
    ]


@torch.no_grad()
def standardise_context(
    network: EvidenceNetwork, photos: PhotoSet, mirror: Mirror | None, seed: int
) -> None:
    """Give every context entry zero mean and unit deviation over a sample of the pictures."""
    network.context_mean.zero_()
    network.context_deviation.fill_(1.0)
    network.eval()
    some = photos.first(_SAMPLE)
    rows = []
    for number, part in enumerate(np.array_split(np.arange(len(some)), -(-len(some) // _READ))):
        crops = degrade(some.crops(part, network.side), step_generator(seed, number))
        rows.append(network.context(read_both_ways(network, crops, mirror)))
    sample = torch.cat(rows)
    network.context_mean.copy_(sample.mean(dim=0))
    network.context_deviation.copy_(sample.std(dim=0).clamp_min(1e-3))
