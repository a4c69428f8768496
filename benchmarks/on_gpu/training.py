"""A few steps of training: their losses, and the seconds of one."""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ofer_engine.diffusion.denoiser import Denoiser, DenoiserShape
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.published.arcface import ArcFace
from ofer_engine.published.farl import Farl
from ofer_engine.published.training.batches import Batch
from ofer_engine.published.training.generators import NoiseLoss
from ofer_engine.published.training.networks import Trainee, prepare
from ofer_engine.published.training.recipes import RECIPES, TrainingStage
from ofer_engine.research.training.conditioner import Weights, loss_weights, losses
from ofer_engine.research.training.loop import Losses, Precision, TrainingPlan, train
from ofer_engine.research.training.optimizer import ParameterGroup
from ofer_engine.research.training.photo_set import LABELS
from ofer_engine.research.training.ranks import Ranks

from .bench import CPU, Bench, TableRow
from .difference import of_losses
from .held_out import held_out_pictures


def conditioner_steps(bench: Bench) -> Iterator[TableRow]:
    """Steps of the conditioner's training, as `train open` takes them, on the same pictures."""
    pack = read_open_pack(BUNDLED / "open", CPU)
    crops, truth = held_out_pictures(bench.scale.batch)
    weights = loss_weights(pack.head, truth)

    def trained(device: torch.device, precision: Precision) -> tuple[list[float], str]:
        network = copy.deepcopy(pack.networks.conditioner)
        network.requires_grad_(True)
        network.trunk.freeze(len(network.trunk.stages))
        network.to(device, memory_format=torch.channels_last).train()  # pyright: ignore
        there = crops.to(device, memory_format=torch.channels_last)
        known = replace(truth, **{label: getattr(truth, label).to(device) for label in LABELS})
        shared = Weights(weights.identity.to(device), weights.expression.to(device))
        learning = [p for p in network.parameters() if p.requires_grad]
        groups = [
            ParameterGroup([p for p in learning if p.ndim < 2]),
            ParameterGroup([p for p in learning if p.ndim > 1], 2.0, matrices=True),
        ]

        def step(_: int, __: torch.Generator) -> Losses:
            return losses(network.rounds(there)[-1], known, shared)

        return _trained(bench, network, groups, step, precision)

    title = f"conditioner, {bench.scale.steps} steps of {bench.scale.batch} pictures"
    expected, _ = trained(CPU, Precision.FLOAT32)
    for precision in bench.scale.precisions:
        found, seconds = trained(bench.device, precision)
        yield TableRow(
            f"{title}, {precision}", "the CPU's losses", of_losses(found, expected), seconds
        )


def published_steps(bench: Bench) -> Iterator[TableRow]:
    """Steps of a published network's training with its encoders: a few pictures, then all."""
    scale = bench.scale
    small, full = 1, scale.people
    for stage in scale.stages:
        shape = scale.idgen if stage is TrainingStage.IDGEN else scale.expgen
        expected, _ = _published(bench, CPU, stage, shape, small, Precision.FLOAT32)
        for precision in scale.precisions:
            found, seconds = _published(bench, bench.device, stage, shape, small, precision)
            if full > small:
                _, seconds = _published(bench, bench.device, stage, shape, full, precision)
            yield TableRow(
                f"{stage} with its encoders, {scale.steps} steps of 4 pictures, {precision}"
                f" (seconds and MB: of {4 * full} pictures)",
                "the CPU's losses",
                of_losses(found, expected),
                seconds,
            )


def _published(
    bench: Bench,
    device: torch.device,
    stage: TrainingStage,
    shape: DenoiserShape,
    people: int,
    precision: Precision,
) -> tuple[list[float], str]:
    recipe = replace(RECIPES[stage, "ours"], precision=precision)
    torch.manual_seed(3)
    farl = Farl() if stage is TrainingStage.EXPGEN else None
    trainee = Trainee(Denoiser(shape), ArcFace(), farl)
    rows, width = people * recipe.images, shape.coefficients
    batch = Batch(
        torch.randn(rows, 3, 112, 112),
        torch.randn(rows, 3, 224, 224) if farl else torch.zeros(rows, 0),
        torch.randn(rows, width),
        torch.randn(rows, width),
    )
    trainee.to(device).train()
    loss = NoiseLoss(stage, recipe, Ranks(), device)
    groups = prepare(trainee, recipe)

    def step(_: int, generator: torch.Generator) -> Losses:
        return {"total": loss(trainee, batch, rows, generator)}

    return _trained(bench, trainee, groups, step, precision)


def _trained(
    bench: Bench,
    model: nn.Module,
    groups: Sequence[ParameterGroup],
    step: Callable[[int, torch.Generator], Losses],
    precision: Precision,
) -> tuple[list[float], str]:
    """The losses of the steps, and the seconds of one, the first not counted."""
    begun: list[float] = []
    found: list[Tensor] = []

    def watched(number: int, generator: torch.Generator) -> Losses:
        bench.wait()
        begun.append(time.perf_counter())
        values: Mapping[str, Tensor] = step(number, generator)
        found.append(values["total"].detach())
        return values

    steps = bench.scale.steps
    plan = TrainingPlan(steps, 1e-4, warmup=0, every=steps, precision=precision)
    with tempfile.TemporaryDirectory() as folder:
        train(model, groups, watched, plan, Path(folder))
    spent = np.diff(begun)[1:] if len(begun) > 2 else np.diff(begun)
    return [float(value) for value in found], f"{spent.min():.4f}"
