"""People with two photos each: rendered ones, whose heads are known."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from ofer_engine.__main__ import main
from ofer_engine.contract.errors import OferError
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.research.evaluation.people import faces_beside_mean, people_in, rms_distances
from ofer_engine.research.studio.photo_head import load_open_photo_head
from ofer_engine.research.studio.studio import Studio

_PEOPLE = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five synthetic people in two pictures each, the clean ones among many; one without a face."""
    place = tmp_path_factory.mktemp("people")
    studio = Studio(load_open_photo_head(BUNDLED / "open" / "head.npz"), 0.0)
    for person in range(_PEOPLE):
        shots = (studio.photograph_again(5, person, moment) for moment in range(40))
        clean = (
            shot for shot in shots if shot.face_covered == 0 and abs(shot.rotation[2, 0]) < 0.4
        )
        for which in "ab":
            picture = Image.fromarray(next(clean).image)
            Image.fromarray(np.pad(picture, ((60, 60), (60, 60), (0, 0)), mode="edge")).save(
                place / f"person_{person}_{which}.png"
            )
    for which in "ab":
        Image.new("RGB", (90, 90), "grey").save(place / f"nobody_{which}.png")
    return place


def test_only_pairs_count_and_a_folder_without_any_is_refused(folder, tmp_path):
    assert [one.name for one in people_in(folder)] == [
        "nobody", *(f"person_{k}" for k in range(_PEOPLE))
    ]  # fmt: skip
    Image.new("RGB", (9, 9)).save(tmp_path / "one_a.jpg")
    Image.new("RGB", (9, 9)).save(tmp_path / "two_b.jpg")
    with pytest.raises(OferError, match="two photos of at least two people") as caught:
        people_in(tmp_path)
    assert "NAME_a.jpg" in caught.value.hint


def test_faces_are_compared_without_size_and_place():
    head = read_open_pack(BUNDLED / "open", torch.device("cpu")).head
    rng = np.random.default_rng(0)
    people = rng.standard_normal((4, len(head.identity)))
    beside = faces_beside_mean(head, people)
    assert np.abs(faces_beside_mean(head, np.zeros_like(people))).max() < 1e-3
    own, other = rms_distances(beside, beside)
    assert own.max() < 1e-2
    expected = np.sqrt(np.square(beside[0] - beside[1:]).mean(axis=1) * 3).mean()
    assert other[0] == pytest.approx(expected, rel=1e-3)
    assert 1 < other[0] < 5


def test_the_command_measures_two_packs_on_the_same_people(folder, capsys, tmp_path):
    file = tmp_path / "people.json"
    pack = str(BUNDLED / "open")
    options = ["--pack", pack, "--against", "open", "--samples", "6", "--json", str(file)]
    assert main(["evaluate", "people", str(folder), *options]) == 0
    table = capsys.readouterr().out
    assert "5 people" in table and "1 people without a face" in table
    figures = json.loads(file.read_text("utf-8"))
    first, second = figures["packs"]
    assert first == second and first["people"] == _PEOPLE
    assert first["coefficients"]["auc"]["mean"] > 0.6
    assert first["own_millimetres"]["mean"] < first["other_millimetres"]["mean"]
    assert 0 < first["cross_photo"]["own"]["mean"] < 6
    assert figures["gain"]["geometry"]["auc"] == {"mean": 0.0, "low": 0.0, "high": 0.0}


def test_too_few_faces_are_one_sentence(tmp_path, capsys):
    for name in ("a_a", "a_b", "b_a", "b_b"):
        Image.new("RGB", (90, 90), "grey").save(tmp_path / f"{name}.png")
    assert main(["evaluate", "people", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "Only 0 people have a face in both photos." in said and "Traceback" not in said
