"""The factor that makes intervals right, on people whose spread is known, and its command."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ofer_engine.__main__ import main
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.research.evaluation.conditions import Condition
from ofer_engine.research.evaluation.measured import BasisInMillimetres
from ofer_engine.research.evaluation.spread import (
    IdentitySamples,
    covered_by_surface,
    fitting_factor,
    right_share,
)
from ofer_engine.research.evaluation.truths import own_truth

PEOPLE, SAMPLES = 16, 40


@pytest.fixture(scope="module")
def head() -> OpenHead:
    return OpenHead.load(BUNDLED / "open" / "head.npz")


@pytest.fixture(scope="module")
def samples_of(head):
    """samples_of(name, narrowed): people who lie 1 / narrowed times as far out as their samples."""

    def samples_of(name: str, narrowed: float) -> IdentitySamples:
        rng = np.random.default_rng(3)
        who = rng.standard_normal((PEOPLE, len(head.identity))).astype(np.float32)
        samples = rng.standard_normal((PEOPLE, SAMPLES, len(head.identity))).astype(np.float32)
        truth = own_truth(head, SimpleNamespace(identity=torch.from_numpy(who)))
        nobody = np.zeros(PEOPLE)
        condition = Condition(name, SimpleNamespace(), truth, nobody, nobody)
        basis = BasisInMillimetres.of(SimpleNamespace(head=head), truth)
        return IdentitySamples(condition, basis, samples * np.float32(narrowed))

    return samples_of


def test_samples_of_the_right_width_cover_what_they_should(samples_of):
    covered = samples_of("own: clean", 1.0).covered(1.0)
    assert covered == pytest.approx(right_share(SAMPLES), abs=0.03)
    assert right_share(100) == pytest.approx(0.882, abs=5e-4)


def test_samples_too_close_together_are_moved_apart(samples_of):
    close = samples_of("own: clean", 0.7)
    assert close.covered(1.0) < right_share(SAMPLES) - 0.1
    assert fitting_factor([close]) == pytest.approx(1 / 0.7, abs=0.1)


def test_surfaces_count_alike_however_many_conditions_they_have(samples_of):
    right, narrow = samples_of("own: clean", 1.0), samples_of("ict: clean", 0.7)
    hidden = samples_of("ict: 40 % hidden", 0.7)
    shares = covered_by_surface([right, narrow, hidden], 1.0)
    assert list(shares) == ["own", "ict"]
    assert shares["ict"] == pytest.approx(narrow.covered(1.0))
    together = fitting_factor([right, narrow])
    assert 1.05 < together < 1 / 0.7
    assert fitting_factor([right, narrow, hidden]) == together


@pytest.fixture
def recorded(tmp_path, held_out) -> Path:
    """The recorded pictures as a folder of test photos."""
    chunk = tmp_path / "photos" / "own" / "000000"
    chunk.mkdir(parents=True)
    crops, labels = held_out
    nobody = np.zeros(len(crops))
    columns = labels | {"images": crops, "occluder": nobody, "face_covered": nobody}
    for name, column in columns.items():
        np.save(chunk / f"{name}.npy", column)
    (chunk / "complete.json").write_text("{}")
    return tmp_path / "photos"


def test_the_command_writes_the_spread_into_the_pack(recorded, tmp_path, capsys):
    copy = shutil.copytree(BUNDLED / "open", tmp_path / "open")
    line = f"evaluate spread --photos {recorded} --heads 24 --samples 24 --into {copy}"
    assert main(line.split()) == 0
    said = capsys.readouterr().out
    before, after = (
        float(read_open_pack(f, torch.device("cpu")).networks.spread)
        for f in (BUNDLED / "open", copy)
    )
    assert after != before and 0.6 < after / before < 1.6
    assert f"with a spread of {before:.2f}" in said and f"with a spread of {after:.2f}" in said
    assert main([*line.split(), "--ict", "x"]) != 0
