"""Training with encoders: it learns, stops and goes on with the same bits, alone or in company."""

import csv
import dataclasses
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ofer_engine.contract.errors import OferError
from ofer_engine.published.arcface import ArcFace
from ofer_engine.published.training.batches import Batches
from ofer_engine.published.training.crops import CropReader
from ofer_engine.published.training.generators import NoiseLoss, plan_of, train_generator, truth
from ofer_engine.published.training.networks import freeze_arcface, prepare
from ofer_engine.published.training.props import PropPicture
from ofer_engine.published.training.recipes import TrainingStage
from ofer_engine.published.training.scan_data import read_scan_data
from ofer_engine.research.training.ranks import Ranks
from tests.engine.published.training.one_of_two import main as train_alone
from tests.engine.published.training.tiny import RECIPE, tiny_trainee

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[4]


def run(batches, folder, steps, every, **options):
    trainee = tiny_trainee()
    plan = dataclasses.replace(plan_of(RECIPE, batches, steps, every), watch_every=1)
    train_generator(TrainingStage.IDGEN, trainee, batches, (), RECIPE, plan, folder, CPU, **options)
    return trainee


def test_the_loss_falls_below_what_guessing_gives(mica, tmp_path):
    """Noise of unit deviation, guessed as zero, has the squared error 1."""
    examples = read_scan_data(mica.root, ["TEMPEH"]).examples
    reader = CropReader(None, tmp_path, pictures=False)
    batches = Batches(examples, reader, 4, 2, 5, Ranks())
    recipe = dataclasses.replace(RECIPE, rate=1e-2, noise_draws=8)
    trainee = tiny_trainee(53, widths=(64, 16))
    plan = plan_of(recipe, batches, 60, 60)
    train_generator(
        TrainingStage.EXPGEN, trainee, batches, examples[:2], recipe, plan, tmp_path, CPU
    )
    with (tmp_path / "log.csv").open() as log:
        (row,) = csv.DictReader(log)
    assert float(row["total"]) < 0.65 and float(row["held_total"]) < 0.75


class Stopped(Exception):
    pass


def test_a_stopped_run_with_props_goes_on_with_the_same_bits(mica, tmp_path):
    """Props, epochs' orders, noise and averages are all functions of seed and step."""
    rng = np.random.default_rng(0)
    prop = PropPicture(rng.integers(0, 256, (160, 160, 4), np.uint8), rng.uniform(40, 120, (5, 2)))
    reader = CropReader(None, tmp_path)
    points = rng.uniform(60, 160, (5, 2))
    plain = reader.read
    reader.read = lambda *which: dataclasses.replace(plain(*which), points=points)
    examples = read_scan_data(mica.root, ["FLORENCE"]).examples
    batches = Batches(examples, reader, 4, 2, 5, Ranks(), 0.5, [prop])
    clean = dataclasses.replace(batches, props=())
    changed = (batches.load(0).blobs != clean.load(0).blobs).flatten(1).any(1)
    assert changed.any() and not changed.all()

    whole = run(batches, tmp_path / "whole", 9, every=3)

    def stop(step, _):
        if step == 7:
            raise Stopped

    with pytest.raises(Stopped):
        run(batches, tmp_path / "parts", 9, every=3, watch=stop)
    resumed = run(batches, tmp_path / "parts", 9, every=3)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_two_processes_do_what_one_does_with_the_double_batch(mica, tmp_path):
    train_alone(mica.root, tmp_path)
    alone = torch.load(tmp_path / "model0of1.pt", weights_only=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    module = "tests.engine.published.training.one_of_two"
    out = tmp_path / "two"
    out.mkdir()
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", module, str(mica.root), str(out)],
            cwd=ROOT,
            env={
                **os.environ, "RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank),
                "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1",
            },
        )
        for rank in range(2)
    ]  # fmt: skip
    assert [process.wait(timeout=300) for process in processes] == [0, 0]
    first, second = (torch.load(out / f"model{rank}of2.pt", weights_only=True) for rank in range(2))
    begun = tiny_trainee().state_dict()
    for name, value in alone.items():
        assert torch.equal(first[name], second[name]), name
        torch.testing.assert_close(first[name], value, atol=2e-5, rtol=0)
    assert any((alone[name] - begun[name]).abs().max() > 5e-4 for name in alone)


def test_a_batch_that_does_not_divide_is_refused(batches):
    with pytest.raises(OferError, match="cannot be dealt evenly to 3"):
        dataclasses.replace(batches, ranks=Ranks(0, 3)).load(0)


def test_more_people_than_there_are_is_refused(examples, tmp_path):
    with pytest.raises(OferError, match="takes 9 people, and there are 8"):
        Batches(examples, CropReader(None, tmp_path), 9, 1, 0, Ranks())


def test_an_epoch_visits_everybody_once(batches, examples):
    seen = torch.cat([batches.load(step).identity[::2] for step in range(batches.epoch)])
    expected = np.stack([example.identity for example in examples])
    assert sorted(map(tuple, seen.tolist())) == sorted(map(tuple, expected.tolist()))


def test_arcface_thaws_from_its_fourth_layer_on():
    with torch.device("meta"):
        arcface = ArcFace()
    freeze_arcface(arcface, trained=True)
    trained = {name.split(".")[0] for name, p in arcface.named_parameters() if p.requires_grad}
    assert trained == {"layer4", "bn2", "fc", "features"}
    assert arcface.features.bias.requires_grad and not arcface.features.weight.requires_grad
    freeze_arcface(arcface, trained=False)
    assert not any(p.requires_grad for p in arcface.parameters())


def test_rates_of_their_own():
    trainee = tiny_trainee(53, farl=True)
    recipe = dataclasses.replace(RECIPE, rate=1e-3, arcface_rate=1e-4, farl_rate=1e-5)
    network, arcface, farl = prepare(trainee, recipe)
    assert (network.scale, arcface.scale, farl.scale) == pytest.approx((1.0, 0.1, 0.01))
    assert {id(p) for p in farl.parameters} == {id(p) for p in trainee.farl.parameters()}
    assert len(prepare(trainee, dataclasses.replace(recipe, farl_rate=0.0))) == 2
    assert not any(p.requires_grad for p in trainee.farl.parameters())


@pytest.mark.parametrize("moving", [False, True])
def test_batch_norms_follow_the_batch_only_where_the_recipe_says(batches, moving):
    trainee = tiny_trainee(batch_statistics=moving).train()
    before = trainee.arcface.bn2.running_mean.clone()
    batch = batches.load(0)
    trainee.context(batch.blobs, batch.pictures)
    assert torch.equal(before, trainee.arcface.bn2.running_mean) != moving
    assert trainee.network.training


def test_expgen_learns_the_jaw_at_twice_its_angle_because_the_pipeline_halves_it(mica, tmp_path):
    examples = read_scan_data(mica.root, ["TEMPEH"]).examples
    batch = Batches(examples, CropReader(None, tmp_path), 4, 1, 0, Ranks()).load(0)
    target = truth(TrainingStage.EXPGEN, batch, 2.0)
    assert torch.equal(target[:, :50], batch.expression[:, :50])
    assert torch.equal(target[:, 50:], 2 * batch.expression[:, 50:])
    loss = NoiseLoss(TrainingStage.EXPGEN, RECIPE, Ranks(), CPU)
    value = loss(tiny_trainee(53, farl=True), batch, 4, torch.Generator().manual_seed(0))
    assert value.ndim == 0 and torch.isfinite(value) and value.requires_grad
