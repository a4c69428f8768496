"""New heads near a chosen one are added, and nothing that was there changes."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract import protocol, reconstruction
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.files.replacement import Replacement
from ofer_engine.contract.reconstruction import ARRAYS, RECORD
from ofer_engine.contract.record_sense import MOST_PINS
from ofer_engine.contract.records import NO_HINTS, Hints, PinRecord
from ofer_engine.geometry.photo_views import photo_views
from ofer_engine.geometry.pins import Prior

GROWN = {
    "identity_vertices",
    "identity_joints",
    "identity_coefficients",
    "identity_scores",
    "hint_values",
}
RECOMPUTED = {"identity_order", "vertex_visible"}


def _request(made, out, **more):
    chosen = made.identities[1].candidate
    usual = {"rows": (chosen,), "weights": (1.0,), "identities": 6, "keep": 2, "steps": 4}
    return protocol.MoreLikeThis(1, str(made.folder), str(out), "more", **(usual | more))


def test_new_heads_come_after_the_old_ones(engine, made, tmp_path):
    seen = []
    record = engine.read(_request(made, tmp_path, seed=5), watch=seen.append)
    assert record.identities[:3] == made.identities and record.expressions == made.expressions
    new = record.identities[3:]
    assert [(h.name, h.rank, h.draw) for h in new] == [("identity_04", 1, 1), ("identity_05", 2, 1)]
    before = len(made.array("identity_scores"))
    assert all(h.candidate >= before for h in new)
    for name in GROWN:
        old, grown = made.array(name), record.array(name)
        np.testing.assert_array_equal(grown[: len(old)], old)
    for name in set(ARRAYS) - GROWN - RECOMPUTED:
        np.testing.assert_array_equal(record.array(name), made.array(name))
    scores = record.array("identity_scores")
    assert (np.diff(scores[record.array("identity_order")]) <= 0).all()
    ready = [event for event in seen if isinstance(event, protocol.HypothesisReady)]
    assert [(e.name, e.row, e.number, e.of) for e in ready] == [
        ("identity_04", 3, 1, 2),
        ("identity_05", 4, 2, 2),
    ]
    for hypothesis in made.identities + made.expressions:
        picture = made.thumbnail(hypothesis).read_bytes()
        assert record.thumbnail(hypothesis).read_bytes() == picture
    assert all(record.thumbnail(h).is_file() for h in new)


def test_it_is_near_as_far_as_the_strength_goes(engine, made, tmp_path):
    coefficients = made.array("identity_coefficients")
    chosen = coefficients[made.identities[1].candidate]
    away = []
    for strength in (0.0, 0.3, 0.7, 1.0):
        record = engine.read(_request(made, tmp_path, strength=strength))
        drawn = record.array("identity_coefficients")[len(coefficients) :]
        away.append(float(np.linalg.norm(drawn - chosen, axis=1).mean()))
    assert away == sorted(away) and away[0] < 0.05 * away[-1]
    others = np.linalg.norm(np.delete(coefficients, made.identities[1].candidate, 0) - chosen)
    assert away[-1] > 0.3 * others / np.sqrt(len(coefficients) - 1)


def _missed(made, vertices, pins):
    """Millimetres across the line of sight that a head (V, 3) misses pins by, its pose the best."""
    none = np.zeros((0, *vertices.shape), np.float32)
    pose = Prior.of(vertices, none, photo_views(made)[:1]).poses[0]
    missed = [pose.observed(pin.vertex, np.array(pin.place))[2] for pin in pins]
    return 1000 * float(np.linalg.norm(missed, axis=1).mean())


def test_new_heads_obey_pins_and_vary_where_none_are(engine, made, tmp_path):
    """Pins at the places of one head of the gallery, on its nose, mouth and chin."""
    heads, (photo,) = made.array("identity_vertices"), photo_views(made)
    points, seen = made.array("evidence_vertices"), made.array("evidence_visible")[0]
    chosen = points[np.argsort(-seen)[:60:4]]
    whose = heads[2].astype(np.float64)
    pose = Prior.of(whose, np.zeros((0, *whose.shape), np.float32), [photo]).poses[0]
    camera = photo.viewpoint.moved(pose.best, pose.anchor)
    places = camera.project((whose + photo.expression)[chosen])
    pins = tuple(PinRecord(int(v), tuple(p.tolist())) for v, p in zip(chosen, places, strict=True))
    asked = {"strength": 1.0, "identities": 24, "keep": 24, "steps": 8, "seed": 2}
    free = engine.read(_request(made, tmp_path, **asked))
    held = engine.read(_request(made, tmp_path, **asked, pins=pins))
    assert held.additions[0].pins == pins and not held.additions[0].free
    drawn = [record.array("identity_vertices")[3:] for record in (free, held)]
    missed = [np.mean([_missed(made, head, pins) for head in heads]) for heads in drawn]
    assert missed[1] < 0.7 * missed[0] and missed[1] < 1.5
    spread = [np.linalg.norm(heads.std(0), axis=1) for heads in drawn]
    assert spread[1][chosen].mean() < 0.9 * spread[0][chosen].mean()
    assert spread[1].mean() > 0.7 * spread[0].mean(), "what is not pinned stays open"
    for name in ("identity_modes", "identity_spread", "shape_spread", "hint_gram"):
        np.testing.assert_array_equal(held.array(name), made.array(name), "what the photos tell")
        assert not np.array_equal(free.array(name), made.array(name))


def test_hints_told_later_move_the_new_heads_their_way(engine, made, tmp_path):
    axis = engine.session.reconstructor("open").pack.hint_axes[0]
    ages = []
    for age in (15.0, 70.0):
        addition = {"hints": Hints(age=age), "strength": 1.0, "identities": 12}
        record = engine.read(_request(made, tmp_path, **addition))
        assert record.additions[0].hints == Hints(age=age) and not record.additions[0].free
        new = record.array("identity_coefficients")[len(made.array("identity_scores")) :]
        ages.append(float(new.mean(axis=0) @ axis))
    assert ages[1] > ages[0] + 0.3


def test_pins_are_a_part_of_what_gives_the_same_bits_again(engine, made, tmp_path):
    width, height = made.camera.width, made.camera.height
    pins = (PinRecord(1668, (width / 2, height / 2)),)
    one = engine.read(_request(made, tmp_path, pins=pins))
    addition = {
        f.name: getattr(one.additions[0], f.name) for f in dataclasses.fields(one.additions[0])
    }
    del addition["first"]
    again = protocol.MoreLikeThis(2, str(made.folder), str(tmp_path), "again", **addition)
    two = engine.read(again)
    without = engine.read(dataclasses.replace(again, pins=()))
    coefficients = [each.array("identity_coefficients") for each in (one, two, without)]
    np.testing.assert_array_equal(coefficients[0], coefficients[1])
    assert not np.array_equal(coefficients[0], coefficients[2])


def test_a_pin_far_beyond_all_heads_asks_for_no_more_than_heads_do(engine, made, tmp_path):
    pins = (PinRecord(1668, (0.0, 0.0)),)
    drawn = engine.read(_request(made, tmp_path, pins=pins)).array("identity_coefficients")
    assert np.isfinite(drawn).all() and np.abs(drawn).max() < 8


def test_the_recorded_seed_gives_the_same_bits_without_the_photo(engine, made, tmp_path):
    one = engine.read(_request(made, tmp_path, seed=9))
    addition = dataclasses.asdict(one.additions[0])
    assert addition.pop("pins") == () and addition.pop("hints") == dataclasses.asdict(NO_HINTS)
    assert addition.pop("first") == len(made.array("identity_scores"))
    engine.session.unload()
    again = protocol.MoreLikeThis(2, str(made.folder), str(tmp_path), "again", **addition)
    two = engine.read(again)
    for name in ARRAYS:
        np.testing.assert_array_equal(one.array(name), two.array(name))
    other = engine.read(dataclasses.replace(again, seed=10))
    assert not np.array_equal(
        other.array("identity_coefficients"), one.array("identity_coefficients")
    )


def test_it_can_be_added_to_the_folder_itself_again_and_again(engine, made, tmp_path):
    folder = shutil.copytree(made.folder, tmp_path / "anna.ofer")
    (folder / "skin").mkdir()
    (folder / "skin" / "albedo.png").write_bytes(b"painted")
    mine = dataclasses.replace(made, folder=folder)
    request = dataclasses.replace(_request(mine, tmp_path), name="anna")
    first = engine.read(request)
    rows = (first.identities[3].candidate, first.identities[0].candidate)
    second = engine.read(dataclasses.replace(request, rows=rows, weights=(0.5, 0.5)))
    assert second.folder == folder and [path.name for path in tmp_path.iterdir()] == ["anna.ofer"]
    assert [h.draw for h in second.identities] == [0, 0, 0, 1, 1, 2, 2]
    assert len({h.name for h in second.identities}) == 7
    assert second.additions[0] == first.additions[0] and second.additions[1].rows == rows
    assert second.array("identity_vertices").shape[0] == 7
    assert (folder / "skin" / "albedo.png").read_bytes() == b"painted"


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": (99,)},
        {"rows": (-1,)},
        {"rows": ()},
        {"rows": (1, 2)},
        {"weights": (float("nan"),)},
        {"strength": 1.5},
        {"keep": 7},
        {"hints": Hints(age=300.0)},
        {"pins": (PinRecord(999_999, (9.0, 9.0)),)},
        {"pins": (PinRecord(-1, (9.0, 9.0)),)},
        {"pins": (PinRecord(3, (9.0, 1e9)),)},
        {"pins": (PinRecord(3, (float("nan"), 9.0)),)},
        {"pins": (PinRecord(3, (9.0, 9.0, 9.0)),)},
        {"pins": (PinRecord(3, (9.0, 9.0), 1),)},
        {"pins": (PinRecord(3, (9.0, 9.0)),) * (MOST_PINS + 1)},
    ],
)
def test_what_makes_no_sense_is_refused(engine, made, tmp_path, wrong):
    with pytest.raises(OferError) as caught:
        engine.ask(_request(made, tmp_path, **wrong))
    assert caught.value.code is ErrorCode.BAD_REQUEST and caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_cancel_leaves_the_folder_as_it_was(engine, made, tmp_path):
    folder = shutil.copytree(made.folder, tmp_path / "anna.ofer")
    mine = dataclasses.replace(made, folder=folder)
    before = _contents(folder)
    pictured = []
    with pytest.raises(OferError):
        engine.ask(
            dataclasses.replace(_request(mine, tmp_path), name="anna"),
            watch=lambda e: pictured.append(e) if hasattr(e, "number") else None,
            cancelled=lambda: bool(pictured),
        )
    assert _contents(folder) == before and len(list(tmp_path.iterdir())) == 1


def test_heads_of_another_version_of_the_pack_are_not_gone_on_with(engine, made, tmp_path):
    folder = shutil.copytree(made.folder, tmp_path / "anna.ofer")
    fields = json.loads((folder / RECORD).read_text())
    fields["pack"]["fingerprint"] = "0123456789abcdef"
    (folder / RECORD).write_text(json.dumps(fields))
    with pytest.raises(OferError) as caught:
        engine.ask(_request(dataclasses.replace(made, folder=folder), tmp_path))
    assert caught.value.code is ErrorCode.WEIGHTS_WRONG


@pytest.mark.parametrize("name", ["context_identity", "evidence_points", "identity_coefficients"])
def test_a_folder_with_a_damaged_array_is_refused(engine, made, tmp_path, name):
    folder = shutil.copytree(made.folder, tmp_path / "anna.ofer")
    (folder / f"{name}.npy").write_bytes(b"no array")
    with pytest.raises(OferError) as caught:
        engine.ask(_request(dataclasses.replace(made, folder=folder), tmp_path))
    assert caught.value.code is ErrorCode.RECONSTRUCTION_DAMAGED
    assert [path.name for path in tmp_path.iterdir()] == ["anna.ofer"]


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_a_copy_takes_no_name_that_is_taken(engine, made, tmp_path):
    taken = tmp_path / "more.ofer"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    grown = engine.read(_request(made, tmp_path))
    assert grown.folder.name == "more_02.ofer"
    assert [file.name for file in taken.iterdir()] == ["mine.txt"]


class _Meanwhile:
    """Watches a request, and does something once while its heads are being pictured."""

    def __init__(self, change):
        self._change, self.done = change, False

    def __call__(self, event):
        if isinstance(event, protocol.HypothesisReady) and not self.done:
            self.done = True
            self._change()


def _added(made, tmp_path):
    """A reconstruction of its own, and the request that adds heads to it."""
    folder = shutil.copytree(made.folder, tmp_path / "anna.ofer")
    mine = dataclasses.replace(made, folder=folder)
    return folder, dataclasses.replace(_request(mine, tmp_path), name="anna")


def test_of_two_at_once_each_keeps_its_heads(engine, made, tmp_path):
    folder, request = _added(made, tmp_path)
    other = dataclasses.replace(request, seed=77)
    meanwhile = _Meanwhile(lambda: engine.ask(other))
    second = engine.read(request, watch=meanwhile)
    first = reconstruction.read(folder)
    assert [each.seed for each in first.additions] == [77]
    assert second.folder.name == "anna_02.ofer" and second.name == "anna_02"
    assert [each.seed for each in second.additions] == [request.seed]
    assert str(second.notes[-1]) == ("anna is there already and stays as it is: this is anna_02.")


def test_what_was_painted_meanwhile_stays(engine, made, tmp_path):
    folder, request = _added(made, tmp_path)
    (folder / "skin").mkdir()
    picture = folder / "skin" / "albedo.png"
    picture.write_bytes(b"painted")
    meanwhile = _Meanwhile(lambda: picture.write_bytes(b"painted on"))
    grown = engine.read(request, watch=meanwhile)
    assert picture.read_bytes() == b"painted on" and grown.folder.name == "anna_02.ofer"


def test_a_copy_takes_no_name_that_was_taken_meanwhile(engine, made, tmp_path):
    taken = tmp_path / "more.ofer"

    def take():
        taken.mkdir()
        (taken / "mine.txt").write_text("mine")

    grown = engine.read(_request(made, tmp_path), watch=_Meanwhile(take))
    assert grown.folder.name == "more_02.ofer" and len(grown.identities) == 5
    assert [file.name for file in taken.iterdir()] == ["mine.txt"]


def test_what_another_is_making_in_the_folder_is_not_copied(engine, made, tmp_path):
    folder, request = _added(made, tmp_path)
    with Replacement(folder / "skin") as half:
        half.place.mkdir()
        (half.place / "albedo.png").write_bytes(b"half")
        grown = engine.read(dataclasses.replace(request, name="more"))
    assert not [each.name for each in grown.folder.iterdir() if each.name.startswith(".")]


def test_a_link_stays_and_what_it_leads_to_grows(engine, made, tmp_path):
    folder, request = _added(made, tmp_path)
    link = tmp_path / "links" / "portrait.ofer"
    link.parent.mkdir()
    link.symlink_to(folder)
    through = dataclasses.replace(request, folder=str(link), out=str(link.parent), name="portrait")
    grown = engine.read(through)
    assert link.is_symlink() and link.resolve() == folder
    assert grown.folder == folder and len(reconstruction.read(link).identities) == 5
    assert [each.name for each in link.parent.iterdir()] == ["portrait.ofer"]
