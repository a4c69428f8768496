"""One training run from data and imported weights to a checkpoint that the pack takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import load_file

from ...contract.errors import ErrorCode, OferError
from ...diffusion.denoiser import Denoiser
from ...pack_registry import BUNDLED
from ...photo.faces import FaceDetector
from ...research.training.curves import event_files
from ...research.training.loop import Precision
from ...research.training.ranks import Ranks
from ..arcface import ArcFace
from ..catalogue import Part
from ..flame import SHAPES, FlameHead
from ..imported_files import part_file
from ..published_keys import IDGEN_SHAPE
from ..published_pack import load_network
from .batches import Batches
from .checkpoint_file import write_checkpoint
from .crops import CropReader
from .generators import plan_of, train_generator
from .networks import new_trainee
from .props import prop_bank
from .rankers import CandidateSource, RankView, train_ranker
from .recipes import Recipe, TrainingStage
from .scan_data import Example, ScanData

_SPLIT_SEED: Final = 9


@dataclass(frozen=True)
class TrainingRun:
    """home : where the imported weights are; out : the run's folder, checkpoints and all;
    steps : instead of the recipe's epochs; every : steps between checkpoints.
    """

    stage: TrainingStage
    recipe: Recipe
    home: Path
    out: Path
    seed: int = 0
    steps: int | None = None
    every: int = 500


def run(job: TrainingRun, data: ScanData, ranks: Ranks, device: torch.device) -> Path:
    """Train, or go on training, and write `model_STAGE.safetensors`, whose path is given back.

    Raises OferError(BAD_REQUEST | WEIGHTS_MISSING | …).
    """
    recipe = _on_device(job.recipe, device)
    job.out.mkdir(parents=True, exist_ok=True)
    batches, held = _batches(job, recipe, data, ranks)
    torch.manual_seed(job.seed)
    trainee = new_trainee(job.stage, job.home, recipe)
    plan = plan_of(recipe, batches, job.steps, job.every)
    made = {"stage": job.stage, "seed": job.seed, "steps": plan.steps, **asdict(recipe)}
    record = json.dumps(made, indent=1)
    if ranks.leads:
        (job.out / "recipe.json").write_text(record + "\n", encoding="utf-8")
    checkpoints = job.out / "checkpoint"
    with event_files(job.out / "curves") if ranks.leads else nullcontext() as watch:
        if job.stage is TrainingStage.IDRANK:
            source, view = _candidates(job, recipe, device)
            train_ranker(
                trainee, source, view, batches, held, recipe, plan, checkpoints, device, watch
            )
        else:
            train_generator(
                job.stage, trainee, batches, held, recipe, plan, checkpoints, device, watch
            )
    path = job.out / f"model_{job.stage}.safetensors"
    if ranks.leads:
        write_checkpoint(trainee, path, record)
    ranks.wait()
    return path


def _on_device(recipe: Recipe, device: torch.device) -> Recipe:
    """bfloat16 costs time on most CPUs: there the recipe's products are float32."""
    return replace(recipe, precision=Precision.FLOAT32) if device.type == "cpu" else recipe


def _batches(
    job: TrainingRun, recipe: Recipe, data: ScanData, ranks: Ranks
) -> tuple[Batches, tuple[Example, ...]]:
    examples = data.examples
    if job.stage is TrainingStage.EXPGEN:
        examples = tuple(example for example in examples if example.expression is not None)
    pasting = recipe.occluded > 0 and recipe.occluders > 0
    pictures = job.stage is not TrainingStage.IDGEN
    needed = (pasting and pictures) or any(not example.prepared for example in examples)
    detector = FaceDetector.load(BUNDLED / "faces") if needed else None
    reader = CropReader(detector, job.out / "crops", pictures)
    if ranks.leads:
        examples = with_faces(examples, reader)
        props = _props(job, recipe) if pasting else ()
    ranks.wait()
    if not ranks.leads:
        examples = with_faces(examples, reader)
        props = _props(job, recipe) if pasting else ()
    kept, held = split(examples, recipe.held_out)
    batches = Batches(
        kept, reader, recipe.people, recipe.images, job.seed, ranks, recipe.occluded, props
    )
    return batches, held


def _props(job: TrainingRun, recipe: Recipe):
    head = BUNDLED / "open" / "head.npz"
    return prop_bank(head, recipe.occluders, job.seed, job.out / "props.npz")


def with_faces(examples: Sequence[Example], reader: CropReader) -> tuple[Example, ...]:
    """The examples with their usable pictures, of those that have any."""
    found = [replace(example, images=reader.usable(example)) for example in examples]
    kept = tuple(example for example in found if example.images)
    if not kept:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "No entry of the data has both a readable picture of a face and what is to be learnt.",
            "docs/training.md shows both layouts.",
        )
    return kept


def split(
    examples: Sequence[Example], share: float
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """(training, held out): people apart; frames of one subject (`NAME__…`) stay together."""
    subjects = sorted({_subject(example) for example in examples})
    order = np.random.default_rng(_SPLIT_SEED).permutation(len(subjects))
    away = {subjects[i] for i in order[: round(share * len(subjects))]}
    kept = tuple(example for example in examples if _subject(example) not in away)
    return kept, tuple(example for example in examples if _subject(example) in away)


def _subject(example: Example) -> str:
    return example.name.split("__")[0]


def _candidates(
    job: TrainingRun, recipe: Recipe, device: torch.device
) -> tuple[CandidateSource, RankView]:
    idgen = part_file(job.home, Part.IDGEN)
    flame = load_file(part_file(job.home, Part.FLAME_2020))
    front = load_file(part_file(job.home, Part.FRONT_VERTICES))["front_vertices"]
    head = FlameHead.from_arrays({key: flame[key].numpy() for key in SHAPES}, front.numpy())
    source = CandidateSource(
        load_network(lambda: Denoiser(IDGEN_SHAPE), idgen, "network.", device),
        load_network(ArcFace, idgen, "arcface.", device),
        recipe.candidates,
        device,
    )
    return source, RankView(head, device)
