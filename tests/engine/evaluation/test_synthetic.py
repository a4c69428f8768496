"""The bundled pack on 48 recorded pictures of heads that no network was trained on.

The pictures are the first of the set that the card is measured on (seed 901).
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ofer_engine.evaluation.card import table
from ofer_engine.evaluation.synthetic import evaluate
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.packs.registry import BUNDLED
from ofer_engine.training.photo_set import LABELS, PhotoSet

DATA = Path(__file__).parent / "data"
SIDE = 128


@pytest.fixture(scope="module")
def figures():
    sheet = np.asarray(Image.open(DATA / "held_out.jpg"))
    rows, columns = sheet.shape[0] // SIDE, sheet.shape[1] // SIDE
    crops = sheet.reshape(rows, SIDE, columns, SIDE, 3).swapaxes(1, 2).reshape(-1, SIDE, SIDE, 3)
    with np.load(DATA / "held_out.npz") as truth:
        labels = {label: torch.from_numpy(truth[label]) for label in LABELS}
    pack = read_open_pack(BUNDLED / "open", torch.device("cpu"))
    return evaluate(pack, PhotoSet(images=(crops,), **labels), heads=48, samples=24)


def test_the_mean_of_samples_beats_both_controls(figures):
    assert figures.mean_of_samples.mean < 0.95 * figures.mean_head.mean
    assert figures.mean_of_samples.mean < 0.95 * figures.another_person.mean


def test_the_best_beats_the_ranked_and_the_ranked_beats_the_average(figures):
    assert figures.best_sample.mean < figures.ranked_first.mean < figures.average_sample.mean
    assert 0 < figures.rank_recovery < 1


def test_the_own_person_is_nearer_than_another(figures):
    assert figures.closer_than_other > 0.7


def test_intervals_cover_what_they_should_roughly(figures):
    assert 0.75 < figures.coverage_visible < 0.98
    assert 0.75 < figures.coverage_hidden < 0.99


def test_expressions_beat_always_neutral(figures):
    assert figures.expression_error < 0.95 * figures.expression_error_neutral


def test_the_table_shows_every_figure_beside_the_controls(figures):
    text = table({"clean": figures, "again": figures})
    rows = text.splitlines()
    assert all(row.count("|") == 4 for row in rows)
    assert "control" in text and f"{figures.mean_head.mean:.2f}" in text
