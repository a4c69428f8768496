"""One or more photos become a folder; what is told on the way is true."""

import dataclasses
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.contract import protocol
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.reconstruction import ARRAYS
from ofer_engine.contract.records import Hints
from ofer_engine.geometry.photo_pose import PosePosterior
from ofer_engine.geometry.photo_views import photo_views
from ofer_engine.geometry.similarity import best_similarity
from ofer_engine.handlers.certainty import covariance
from ofer_engine.handlers.hint_arrays import hint_arrays
from ofer_engine.handlers.resume import person_of

STAGES = (
    "Loading the pack",
    "Finding the face",
    "Drawing heads",
    "Ranking heads",
    "Drawing expressions",
    "Rendering the pictures",
    "Computing the ARKit units",
    "Writing",
)


def _request(small, out, **more):
    return protocol.Reconstruct(**(small | {"out": str(out), "name": "anna"} | more))


def test_heads_arrive_best_first_and_can_be_shown_at_once(engine, small, tmp_path):
    seen, shown = [], []

    def watch(event):
        seen.append(event)
        if isinstance(event, protocol.HypothesisReady):
            folder = Path(event.folder)
            assert folder.parent.parent == tmp_path and not (tmp_path / "anna.ofer").exists()
            with Image.open(folder / "thumbnails" / f"{event.name}.png") as picture:
                assert picture.size == (192, 192)
            there = {file.stem for file in folder.glob("*.npy")}
            assert {name for name in ARRAYS if "arkit" not in name} <= there
            shown.append(np.load(folder / f"{event.kind}_vertices.npy")[event.row])

    record = engine.read(_request(small, tmp_path, show="likely"), watch=watch)
    ready = [event for event in seen if isinstance(event, protocol.HypothesisReady)]
    heads = [(e.kind, e.name, e.row, e.rank, e.score) for e in ready]
    assert heads == [
        *(("identity", h.name, r, h.rank, h.score) for r, h in enumerate(record.identities)),
        *(("expression", h.name, r, h.rank, h.score) for r, h in enumerate(record.expressions)),
    ]
    assert [(e.number, e.of) for e in ready] == [(n, 5) for n in range(1, 6)]
    scores = record.array("identity_scores")
    assert (np.diff([scores[h.candidate] for h in record.identities]) <= 0).all()
    np.testing.assert_array_equal(np.stack(shown[:3]), record.array("identity_vertices"))
    np.testing.assert_array_equal(np.stack(shown[3:]), record.array("expression_vertices"))


def test_every_stage_is_told_with_the_time_left(engine, small, tmp_path):
    seen = []
    engine.ask(_request(small, tmp_path), watch=seen.append)
    stages = [event for event in seen if isinstance(event, protocol.Stage)]
    assert tuple(dict.fromkeys(event.name for event in stages)) == STAGES
    assert all(event.eta > 0 for event in stages[:-1]) and stages[-1].eta == 0


@pytest.mark.parametrize("stage", STAGES[:-1])
def test_a_cancel_in_any_stage_leaves_nothing(engine, small, tmp_path, stage):
    seen = set()

    def watch(event):
        if isinstance(event, protocol.Stage):
            seen.add(event.name)

    with pytest.raises(OferError) as caught:
        engine.ask(_request(small, tmp_path), watch=watch, cancelled=lambda: stage in seen)
    assert caught.value.code is ErrorCode.CANCELLED
    assert not list(tmp_path.iterdir())


def test_a_cancel_over_an_older_folder_leaves_that(engine, small, made, tmp_path):
    request = _request(small, tmp_path, seed=1)
    older = engine.read(request)
    vertices = older.array("identity_vertices")
    pictured = []

    def watch(event):
        if isinstance(event, protocol.HypothesisReady):
            assert event.folder != str(older.folder)
            pictured.append(event)

    with pytest.raises(OferError):
        engine.ask(
            dataclasses.replace(request, seed=2), watch=watch, cancelled=lambda: len(pictured) > 1
        )
    assert [path.name for path in tmp_path.iterdir()] == ["anna.ofer"]
    np.testing.assert_array_equal(older.array("identity_vertices"), vertices)


def test_the_irises_are_told_where_an_eye_is_seen(engine, small, made, tmp_path):
    colour = made.array("iris_colour")
    assert colour.shape == (3,) and (0 < colour).all() and (colour < 1).all()
    covered = dataclasses.replace(small["photos"][0], hidden=("eyes",))
    assert not engine.read(_request(small, tmp_path, photos=(covered,))).has("iris_colour")


def test_the_likeliest_is_first_and_the_others_differ(engine, small, tmp_path):
    apart = {}
    for show in ("likely", "diverse"):
        counts = {"expressions": 0, "identities": 60, "keep": 6}
        record = engine.read(_request(small, tmp_path, name=show, show=show, **counts))
        order = record.array("identity_order")
        rows = [each.candidate for each in record.identities]
        assert rows[0] == order[0] and record.settings.show == show
        assert (rows == order[:6].tolist()) == (show == "likely")
        heads = record.array("identity_vertices")
        away = [np.linalg.norm(a - b, axis=1).mean() for a in heads for b in heads]
        apart[show] = np.mean(away)
    assert apart["diverse"] > apart["likely"]


def test_every_candidate_may_be_kept(engine, small, tmp_path):
    record = engine.read(_request(small, tmp_path, keep=8, expressions=0, show="likely"))
    assert [h.rank for h in record.identities] == list(range(1, 9))
    assert record.expressions == () and record.array("expression_vertices").shape[0] == 0
    scores = record.array("identity_scores")
    assert len(scores) == 9  # eight drawn, and their mean
    shares = np.sort(np.exp(scores) / np.exp(scores).sum())[::-1]
    np.testing.assert_allclose([h.score for h in record.identities], shares[:8], rtol=1e-4)


def test_two_photos_are_one_person_with_an_expression_each(engine, small, tmp_path, portrait):
    photo = protocol.PhotoFace(str(portrait))
    half = dataclasses.replace(photo, hidden=("left",))
    both = engine.read(_request(small, tmp_path, photos=(photo, half)))
    # Not the module's `made`: other tests may have set another number of threads since.
    whole = engine.read(_request(small, tmp_path, name="whole"))
    one = engine.read(_request(small, tmp_path, name="half", photos=(half,)))
    assert [view.hidden for view in both.views] == [(), ("left",)]
    contexts = [record.array("context_ranking")[0] for record in (whole, one)]
    pooled = both.array("context_ranking")[0]
    hints = slice(-6, None)
    assert not any(row[hints].any() for row in (pooled, *contexts))
    between = slice(0, -7)
    assert (pooled[between] >= np.minimum(*contexts)[between] - 1e-4).all()
    assert (pooled[between] <= np.maximum(*contexts)[between] + 1e-4).all()
    assert contexts[0][-7] == contexts[1][-7] == 0 < pooled[-7] <= np.log(2) + 1e-6
    contexts = [record.array("context_expression") for record in (whole, one)]
    np.testing.assert_allclose(
        both.array("context_expression"), np.concatenate(contexts), atol=1e-3
    )
    assert [(h.view, h.rank) for h in both.expressions] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    np.testing.assert_allclose(
        both.array("expression_coefficients")[:2], whole.array("expression_coefficients"), atol=1e-2
    )
    seen = both.array("evidence_visible")
    np.testing.assert_allclose(seen[0], whole.array("evidence_visible")[0], atol=1e-3)
    assert seen[1].mean() < 0.7 * seen[0].mean()
    best = whole.array("vertex_visible")
    assert (both.array("vertex_visible") >= 0.9 * best).mean() > 0.95


def test_what_is_hidden_by_name_or_by_paint_is_not_believed(engine, small, made, tmp_path):
    below = dataclasses.replace(small["photos"][0], hidden=("below_nose",))
    mask = np.zeros((512, 512), np.uint8)
    x, y, width, height = (round(value) for value in made.face.box)
    mask[y + height * 6 // 10 : y + height * 2] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    painted = dataclasses.replace(small["photos"][0], mask=str(tmp_path / "mask.png"))
    for name, photo in (("below", below), ("painted", painted)):
        record = engine.read(_request(small, tmp_path, name=name, photos=(photo,)))
        lower = made.array("evidence_points")[0, :, 1] > y + height * 0.75
        upper = made.array("evidence_points")[0, :, 1] < y + height * 0.5
        visible = record.array("evidence_visible")[0]
        assert visible[lower].max() == 0 and visible[upper].mean() > 0.5
        assert not np.array_equal(
            record.array("identity_coefficients"), made.array("identity_coefficients")
        )
        assert record.array("vertex_visible").sum() < made.array("vertex_visible").sum()
    assert len(record.views[0].mask) == 64 and record.views[0].hidden == ()


def test_spread_is_how_far_the_candidates_disagree(engine, made):
    pack = engine.session.reconstructor("open").pack
    heads = pack.head.vertices(made.array("identity_coefficients")).astype(np.float64)
    away = np.square(heads - heads.mean(0)).sum(-1).mean(0)
    np.testing.assert_allclose(made.array("identity_spread"), np.sqrt(away), atol=1e-7)


def test_shape_spread_is_what_is_left_when_heads_are_laid_on_each_other(engine, made):
    head = engine.session.reconstructor("open").pack.head
    heads = head.vertices(made.array("identity_coefficients")).astype(np.float64)
    mean = heads.mean(0)
    laid = best_similarity(heads[:, head.rank_vertices], mean[head.rank_vertices]).apply(heads)
    wanted = np.sqrt(np.square(laid - laid.mean(0)).sum(-1).mean(0))
    face = head.point_vertices
    np.testing.assert_allclose(made.array("shape_spread")[face], wanted[face], rtol=0.15)
    people = head.vertices(head.prior.people(np.random.default_rng(4), 400)).astype(np.float64)
    laid = best_similarity(
        people[:, head.rank_vertices], head.template[head.rank_vertices].astype(np.float64)
    ).apply(people)
    wanted = np.sqrt(np.square(laid - laid.mean(0)).sum(-1).mean(0))
    np.testing.assert_allclose(made.array("prior_spread")[face], wanted[face], rtol=0.15)


def test_where_a_photo_shows_nothing_a_hint_moves_the_heads_as_they_vary(engine, made):
    pack = engine.session.reconstructor("open").pack
    person = person_of(made, pack.device)
    unseen = [replace(p, visible=np.zeros_like(p.visible)) for p in person.photos]
    coefficients = made.array("identity_coefficients").astype(np.float64)
    found = hint_arrays(pack, coefficients, coefficients, unseen)
    values = made.array("hint_values").astype(np.float64)
    np.testing.assert_allclose(values, coefficients @ pack.hint_axes.T, atol=1e-4)
    together = pack.hint_axes @ covariance(pack, coefficients)
    np.testing.assert_allclose(found["hint_gram"], together @ pack.hint_axes.T, atol=1e-4)
    moves = np.tensordot(together, pack.head.identity.astype(np.float64), 1)
    np.testing.assert_allclose(found["hint_pushes"], moves, atol=2e-5)


def test_a_hint_leaves_what_the_photo_shows_where_it_is(engine, made):
    """Told to be as far away on an axis, a head keeps its seen points nearer to their places than
    where nothing is seen, and gives way on the axis."""
    pack = engine.session.reconstructor("open").pack
    person = person_of(made, pack.device)
    coefficients = made.array("identity_coefficients")
    unseen = [replace(p, visible=np.zeros_like(p.visible)) for p in person.photos]
    contexts = {name: made.array(name).astype(np.float64) for name in ("hint_gram", "hint_pushes")}
    free = hint_arrays(pack, coefficients, coefficients, unseen)
    (view,) = photo_views(made)
    points, seen = view.vertices, view.precision > np.median(view.precision)
    head = made.array("identity_vertices")[0].astype(np.float64)

    def away(push):
        """Millimetres across the line of sight that seen points move, the best pose taken away."""
        none = np.zeros((0, *head.shape))
        pose = PosePosterior.of(head + push, none, replace(view, landmarks=places)).best
        moved = view.viewpoint.across(head[points]) @ push[points][..., None]
        turned = view.viewpoint.by_pose(
            head[points], view.viewpoint.to_camera(head[points].mean(0))
        )
        return 1000 * float(np.linalg.norm((moved[..., 0] + turned @ pose)[seen], axis=1).mean())

    places = view.viewpoint.project((head + view.expression)[points])
    for axis in range(3):
        assert 0 < contexts["hint_gram"][axis, axis] <= free["hint_gram"][axis, axis]
        pushes = (contexts["hint_pushes"][axis], free["hint_pushes"][axis].astype(np.float64))
        assert away(pushes[0]) < 0.7 * away(pushes[1])


def test_what_the_photo_shows_of_each_vertex_is_its_face(engine, made):
    head = engine.session.reconstructor("open").pack.head
    visible = made.array("vertex_visible")
    assert visible.min() >= 0 and visible.max() <= 1
    back = head.template[:, 2] < head.template[head.point_vertices, 2].min() - 0.02
    assert visible[back].max() < 0.05 < 0.5 < visible[head.point_vertices].mean()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"photos": ()}, "bad_request"),
        ({"hints": Hints(age=300.0)}, "bad_request"),
        ({"hints": Hints(sex=2.0)}, "bad_request"),
        ({"guidance": 1.5}, "bad_request"),
        ({"show": "all"}, "bad_request"),
        ({"guidance": float("nan")}, "bad_request"),
        ({"identities": 1001}, "bad_request"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(engine, small, tmp_path, change, code):
    with pytest.raises(OferError) as caught:
        engine.ask(_request(small, tmp_path, **change))
    assert caught.value.code == code and caught.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden": ("ears",)},
        {"mask": "/nowhere/mask.png"},
        {"points": (1.0, 2.0, 3.0)},
        {"points": (10.0, 10.0, 20.0, 10.0, 9000.0, 40.0)},
        {"points": (10.0, 10.0, 20.0, 10.0, 30.0, 10.0)},
        {"box": (1.0, 2.0)},
        {"box": (1.0, 2.0, -3.0, 4.0)},
    ],
)
def test_faces_that_make_no_sense_are_refused(engine, small, tmp_path, wrong):
    photo = dataclasses.replace(small["photos"][0], **wrong)
    with pytest.raises(OferError) as caught:
        engine.ask(_request(small, tmp_path, photos=(photo,)))
    assert caught.value.code in ("bad_request", "photo_missing") and caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_mask_of_another_shape_is_refused(engine, small, tmp_path):
    Image.new("L", (100, 300)).save(tmp_path / "mask.png")
    photo = dataclasses.replace(small["photos"][0], mask=str(tmp_path / "mask.png"))
    with pytest.raises(OferError, match="proportions"):
        engine.ask(_request(small, tmp_path / "out", photos=(photo,)))


def test_a_face_placed_by_its_eyes_and_chin_is_the_face(engine, small, made, tmp_path):
    photo = dataclasses.replace(
        small["photos"][0], points=(249.0, 103.0, 203.0, 107.0, 229.0, 174.0)
    )
    record = engine.read(_request(small, tmp_path, photos=(photo,)))
    assert record.face.by_hand and not record.face.low_confidence
    points, found = record.array("evidence_points")[0], made.array("evidence_points")[0]
    assert np.linalg.norm(points - found, axis=1).max() < 0.03 * max(made.face.box[2:])


def _bytes(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_results_that_are_there_stay_and_the_new_ones_get_a_number(engine, small, tmp_path):
    first = engine.read(_request(small, tmp_path))
    before = _bytes(first.folder)
    second = engine.read(_request(small, tmp_path, seed=1))
    assert (second.name, second.folder.name) == ("anna_02", "anna_02.ofer")
    assert "anna is there already and stays as it is: this is anna_02." in second.notes
    assert _bytes(first.folder) == before
    replaced = engine.read(_request(small, tmp_path, seed=1, overwrite=True))
    assert (replaced.name, replaced.folder) == ("anna", first.folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anna.ofer", "anna_02.ofer"]


def test_what_is_no_reconstruction_is_never_replaced(engine, small, tmp_path):
    (tmp_path / "anna.ofer").mkdir()
    (tmp_path / "anna.ofer" / "mine.txt").write_text("mine")
    with pytest.raises(OferError, match="is no reconstruction, and is not replaced"):
        engine.ask(_request(small, tmp_path, overwrite=True))
    assert engine.read(_request(small, tmp_path)).name == "anna_02"
    assert (tmp_path / "anna.ofer" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["../x", "/x", "..", "a/b", ""])
def test_a_name_that_is_a_path_writes_nothing(engine, small, tmp_path, name):
    with pytest.raises(OferError, match="cannot be the name"):
        engine.ask(_request(small, tmp_path / "out", name=name))
    assert not list(tmp_path.iterdir())
