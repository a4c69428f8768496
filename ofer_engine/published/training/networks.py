"""What is trained: a network together with the encoders that tell it about the photo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...diffusion.denoiser import Denoiser
from ...ranking.ranker import Ranker
from ...research.training.optimizer import ParameterGroup
from ..arcface import ArcFace
from ..catalogue import Part
from ..farl import Farl
from ..imported_files import part_file
from ..published_keys import EXPGEN_SHAPE, IDGEN_SHAPE, IDRANK_SHAPE
from ..published_pack import load_network
from .recipes import Recipe, TrainingStage

_TRAINED_PARTS: Final = ("layer4", "bn2", "fc")
_NORMS: Final = (nn.BatchNorm1d, nn.BatchNorm2d)


class Trainee(nn.Module):
    """A denoiser or ranker with its own ArcFace and, but for IdGen, its own FaRL.

    Its state is a part of the pack: `network.*`, `arcface.*`, `farl.*`.
    """

    def __init__(
        self,
        network: Denoiser | Ranker,
        arcface: nn.Module,
        farl: nn.Module | None,
        *,
        final_norm: bool = True,
        batch_statistics: bool = False,
    ) -> None:
        """final_norm, batch_statistics : as in `Recipe`."""
        super().__init__()
        self.network = network
        self.arcface = arcface
        self.farl = farl
        self._final_norm = final_norm
        self._batch_statistics = batch_statistics

    def context(self, blobs: Tensor, pictures: Tensor) -> Tensor:
        """The network's context: (B, 512) ArcFace of length one, after FaRL's (B, 512) if there
        is one.
        """
        identity = F.normalize(self.arcface(blobs, self._final_norm).float(), dim=1)
        if self.farl is None:
            return identity
        return torch.cat([self.farl(pictures).float(), identity], 1)

    def train(self, mode: bool = True) -> Trainee:
        """As ever, but batch norms keep their running statistics unless the recipe moves them."""
        super().train(mode)
        if mode and not self._batch_statistics:
            for module in self.modules():
                if isinstance(module, _NORMS):
                    module.eval()
        return self


def freeze_arcface(arcface: nn.Module, trained: bool) -> None:
    """The published 'l4' rule: layer4, bn2, fc and the last norm's shift train, or nothing."""
    arcface.requires_grad_(False)
    if not trained:
        return
    for name in _TRAINED_PARTS:
        arcface.get_submodule(name).requires_grad_(True)
    last = arcface.get_submodule("features")
    if isinstance(last, nn.BatchNorm1d):
        last.bias.requires_grad_(True)


def prepare(trainee: Trainee, recipe: Recipe) -> list[ParameterGroup]:
    """Freeze what the recipe freezes; the rest in groups of their own rates."""
    freeze_arcface(trainee.arcface, recipe.arcface_rate > 0)
    groups = [ParameterGroup(list(trainee.network.parameters()))]
    encoders = [(trainee.arcface, recipe.arcface_rate)]
    if trainee.farl is not None:
        trainee.farl.requires_grad_(recipe.farl_rate > 0)
        encoders.append((trainee.farl, recipe.farl_rate))
    for encoder, rate in encoders:
        trained = [p for p in encoder.parameters() if p.requires_grad]
        if trained:
            groups.append(ParameterGroup(trained, rate / recipe.rate))
    return groups


def new_trainee(stage: TrainingStage, home: Path, recipe: Recipe) -> Trainee:
    """A fresh network between encoders that the user has imported.

    IdRank's ArcFace starts from IdGen's (docs/method.md §11), the others' from the public one.
    Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED).
    """
    make: dict[TrainingStage, Callable[[], Denoiser | Ranker]] = {
        TrainingStage.IDGEN: lambda: Denoiser(IDGEN_SHAPE),
        TrainingStage.EXPGEN: lambda: Denoiser(EXPGEN_SHAPE),
        TrainingStage.IDRANK: lambda: Ranker(IDRANK_SHAPE),
    }
    source = Part.IDGEN if stage is TrainingStage.IDRANK else Part.ARCFACE
    cpu = torch.device("cpu")
    arcface = load_network(ArcFace, part_file(home, source), "arcface.", cpu)
    farl = None
    if stage is not TrainingStage.IDGEN:
        farl = load_network(Farl, part_file(home, Part.FARL), "farl.", cpu)
    return Trainee(
        make[stage](),
        arcface,
        farl,
        final_norm=recipe.final_norm,
        batch_statistics=recipe.batch_statistics,
    )
