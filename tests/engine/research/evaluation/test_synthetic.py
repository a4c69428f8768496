"""The bundled pack on 48 recorded pictures of heads that no network was trained on.

The pictures are the first of the set that the card is measured on (seed 901).
"""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ofer_engine.contract.errors import OferError
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.research.evaluation.card import PackCard, comparison, put_between, sections
from ofer_engine.research.evaluation.conditions import by_occluder, figures_of, grouped
from ofer_engine.research.evaluation.measured import HeadMeasurements, joined, measure
from ofer_engine.research.evaluation.metrics import Interval
from ofer_engine.research.evaluation.synthetic import POINTS, figures
from ofer_engine.research.evaluation.tables import millimetres, percent
from ofer_engine.research.evaluation.truths import own_truth
from ofer_engine.research.training.photo_set import PhotoSet


@pytest.fixture(scope="module")
def measured(held_out) -> HeadMeasurements:
    crops, truth = held_out
    labels = {label: torch.from_numpy(column) for label, column in truth.items()}
    pack = read_open_pack(BUNDLED / "open", torch.device("cpu"))
    photos = PhotoSet(images=(crops,), person=torch.arange(len(crops)), **labels)
    kinds = np.arange(48) % 2
    return measure(pack, photos, own_truth(pack.head, photos), 24, kinds, kinds * 0.4)


@pytest.fixture(scope="module")
def found(measured):
    return figures(measured)


def test_the_mean_of_samples_beats_both_controls(found):
    error = found.errors
    assert error["mean_of_samples"].mean < 0.95 * error["mean_head"].mean
    assert error["mean_of_samples"].mean < 0.95 * error["another_person"].mean
    assert found.removed["mean_of_samples"].low > 0


def test_the_best_sample_beats_the_medoid_and_what_is_ranked_first_the_average(found):
    """The mean of the samples may be ranked first, and is not one of them: it can beat the best."""
    best, ranked, average = (
        found.errors[name].mean for name in ("best_sample", "ranked_first", "average_sample")
    )
    assert best < found.errors["medoid"].mean < average
    assert ranked < average
    recovered = found.recovered["ranked_first"]
    assert recovered.low > 0
    assert recovered.mean == pytest.approx((average - ranked) / (average - best))


def test_the_head_s_own_people_are_within_its_basis(found):
    assert found.errors["floor"].mean < 0.1


def test_the_own_person_is_nearer_than_another(found):
    assert found.closer.mean > 0.7
    assert found.identified.mean > 2 / 48


def test_intervals_cover_what_they_should_roughly(found):
    assert 0.75 < found.interval_visible.mean < 0.98
    assert 0.75 < found.interval_hidden.mean < 0.99
    assert found.wide_hidden == found.interval_hidden


def test_what_the_basis_cannot_say_widens_the_interval(measured, found):
    wide = figures(replace(measured, covered_widely=measured.covered | True))
    assert wide.wide_hidden.mean == wide.wide_visible.mean == 1
    assert wide.interval_hidden == found.interval_hidden


def test_a_photo_narrows_the_spread_that_heads_have_without_one(found):
    assert 0 < found.spread_visible.mean < found.control_visible.mean
    assert found.control_hidden.mean > found.spread_hidden.mean * 0.8


def test_expressions_beat_always_neutral(found):
    assert found.expression_ratio.mean < 0.97
    assert found.expression.low < found.expression.mean < found.expression.high


def test_points_are_nearer_than_their_average_places_and_as_unsure_as_they_are_off(found):
    for name in POINTS:
        assert found.points[name].mean < 0.5 * found.points_average[name].mean
    assert found.points["visible"].mean < found.points["hidden"].mean
    for name in ("visible", "hidden"):
        assert 0.6 < found.points_expected[name].mean / found.points[name].mean < 1.6


def test_some_heads_are_measured_as_they_were_among_all(measured):
    some = measured.rows(np.arange(8))
    assert len(some) == 8
    twice = joined([some, some])
    np.testing.assert_array_equal(twice.mean_head[8:], measured.mean_head[:8])
    np.testing.assert_array_equal(twice.seen.contour[8:], measured.seen.contour[:8])


def test_heads_are_grouped_by_angle_and_by_occluder(measured):
    groups = grouped({"own: clean": measured})
    frontal = groups["own: clean, yaw ≤ 30°"]
    assert 0 < len(frontal) < len(measured)
    assert np.abs(frontal.yaw).max() <= 30
    kinds = by_occluder({"own: 40 % hidden": measured, "own: clean": measured}, "own")
    assert {name: len(heads) for name, heads in kinds.items()} == {"none": 24, "hand": 24}
    assert by_occluder({"own: clean": measured}, "ict") == {}


def test_hidden_points_are_set_beside_the_same_moment_s_clean_picture(measured):
    hidden = replace(measured, visible=measured.visible & False, spread=measured.spread * 1.5)
    conditions = {"own: clean": measured, "own: 40 % hidden": hidden.rows(np.arange(12))}
    grown = figures_of(conditions)
    assert grown["own: 40 % hidden"].spread_growth.mean == pytest.approx(1.5)
    assert math.isnan(grown["own: clean"].spread_growth.mean)


@pytest.fixture
def card(found) -> PackCard:
    return PackCard("open", "0.1", {"own: clean": found}, {"own": {"hand": found}})


def test_a_card_is_read_back_as_it_was_written(tmp_path, card):
    card.save(tmp_path / "card.json")
    assert "NaN" not in (tmp_path / "card.json").read_text()
    again = PackCard.load(tmp_path / "card.json")
    assert sections(again) == sections(card)
    assert again.figures["own: clean"].errors == card.figures["own: clean"].errors


def test_every_table_is_whole_and_shows_the_controls(card, found):
    text = sections(card)
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1
    assert "control" in text and f"{found.errors['mean_head'].mean:.2f}" in text
    assert f"| outline, beside the true one, mm | {millimetres(found.points['outline'])} |" in text
    assert "jawOpen" in text and "| hand | 48 |" in text
    assert percent(Interval(math.nan, math.nan, math.nan)) == "–"


def test_a_card_from_before_the_outline_was_found_has_no_table_of_it(card, found):
    earlier = replace(found, points={}, points_average={}, points_expected={})
    text = sections(replace(card, figures={"own: clean": earlier}))
    assert "outline" not in text and "jawOpen" in text


def test_two_versions_stand_side_by_side_between_the_marks_of_a_page(tmp_path, card):
    text = comparison(card, card)
    assert "clean, 0.1" in text and "**" in text
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- x: begin -->\nold\n<!-- x: end -->\nafter\n")
    put_between(page, "x", text)
    put_between(page, "x", text)
    written = page.read_text()
    assert written.startswith("before\n") and written.endswith("\nafter\n")
    assert "old" not in written and written.count(text) == 1
    with pytest.raises(OferError):
        put_between(page, "y", text)
