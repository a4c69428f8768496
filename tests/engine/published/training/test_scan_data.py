"""Data layouts: what is in them arrives, and nothing in them runs."""

import json
import os
import pickle

import numpy as np
import pytest
from PIL import Image

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.published.training.parameters import read_parameters
from ofer_engine.published.training.scan_data import read_scan_data


def test_mica_people_with_the_pictures_that_are_there(mica):
    data = read_scan_data(mica.root, ["FLORENCE"])
    assert [example.name for example in data.examples] == [f"FLORENCE/person{i}" for i in range(8)]
    assert data.absent == 8
    for example, identity in zip(data.examples, mica.identity, strict=True):
        assert [path.name for path in example.images] == ["0.jpg", "1.jpg"]
        np.testing.assert_array_equal(example.identity, identity)
        assert example.expression is None and example.prepared


@pytest.mark.parametrize("name", ["TEMPEH", "COMA"])
def test_frames_have_expression_and_jaw(mica, name):
    data = read_scan_data(mica.root, [name])
    for row, example in enumerate(data.examples):
        expected = np.concatenate([mica.expression[row], mica.jaw[row]])
        np.testing.assert_array_equal(example.expression, expected.astype(np.float32))
        np.testing.assert_array_equal(example.identity, mica.identity[row])


def test_all_indices_by_default(mica):
    assert len(read_scan_data(mica.root).examples) == 24


def test_the_halves_of_stirling_share_a_folder(mica, tmp_path):
    picture = tmp_path / "STIRLING" / "arcface_input" / "HQ"
    picture.mkdir(parents=True)
    Image.new("RGB", (224, 224)).save(picture / "F1.jpg")
    np.save(picture / "F1.npy", np.zeros((3, 112, 112), np.float32))
    parameters = tmp_path / "STIRLING" / "FLAME23_parameters" / "F1"
    parameters.mkdir(parents=True)
    np.savez(parameters / "F1.npz", shape=np.ones(300, np.float32))
    index = tmp_path / "image_paths" / "arcface23"
    index.mkdir(parents=True)
    np.save(index / "STIRLING_HQ.npy", {"F1": ["F1/F1.npz", ["HQ/F1.jpg"]]}, allow_pickle=True)
    (example,) = read_scan_data(tmp_path, swapped=["STIRLING_HQ"]).examples
    assert example.images == (picture / "F1.jpg",) and example.swapped


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("place", ["index", "parameters"])
def test_nothing_in_a_file_runs(tmp_path, place):
    ran = tmp_path / "ran"
    index = tmp_path / "image_paths" / "arcface23"
    picture = tmp_path / "SET" / "arcface_input"
    parameters = tmp_path / "SET" / "FLAME23_parameters"
    for folder in (index, picture, parameters):
        folder.mkdir(parents=True)
    Image.new("RGB", (224, 224)).save(picture / "a.jpg")
    np.save(picture / "a.npy", np.zeros((3, 112, 112), np.float32))
    entries = {"a": ["a.npy", ["a.jpg"]]}
    np.save(index / "SET.npy", entries if place == "parameters" else np.array([Malicious(ran)]))
    (parameters / "a.npy").write_bytes(pickle.dumps({"shape": Malicious(ran)}))
    with pytest.raises(OferError) as refused:
        read_scan_data(tmp_path)
    assert refused.value.code == ErrorCode.WEIGHTS_UNSAFE
    assert not ran.exists()


def test_objects_in_an_archive_are_refused(tmp_path):
    np.savez(tmp_path / "p.npz", shape=np.array([Malicious(tmp_path / "ran")], object))
    with pytest.raises(OferError) as refused:
        read_parameters(tmp_path / "p.npz")
    assert refused.value.code == ErrorCode.WEIGHTS_UNSAFE
    assert not (tmp_path / "ran").exists()


def test_not_finite_and_cut_parameters_are_named(tmp_path):
    np.savez(tmp_path / "p.npz", shape=np.full(300, np.nan))
    with pytest.raises(OferError, match="p.npz is damaged: shape"):
        read_parameters(tmp_path / "p.npz")
    whole = (tmp_path / "p.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OferError, match="cut.npz is damaged"):
        read_parameters(tmp_path / "cut.npz")


def plain(folder, rows):
    folder.mkdir(exist_ok=True)
    Image.new("RGB", (60, 60)).save(folder / "a.png")
    people = [{"name": "anna", "images": ["a.png"]}, {"name": "bert", "images": ["b.png"]}]
    (folder / "people.json").write_text(json.dumps({"people": people}))
    arrays = {"identity": np.arange(rows * 300.0).reshape(rows, 300)}
    arrays |= {"expression": np.ones((rows, 50)), "jaw": np.full((rows, 3), 2.0)}
    np.savez(folder / "parameters.npz", **arrays)
    return folder


def test_plain_layout_goes_by_rows(tmp_path):
    data = read_scan_data(plain(tmp_path, 2))
    (example,) = data.examples
    assert (example.name, data.absent, example.prepared) == ("anna", 1, False)
    np.testing.assert_array_equal(example.identity, np.arange(300))
    np.testing.assert_array_equal(example.expression, [1.0] * 50 + [2.0] * 3)


def test_rows_that_do_not_match_the_people_are_refused(tmp_path):
    with pytest.raises(OferError, match="3 rows of identity for 2 people"):
        read_scan_data(plain(tmp_path, 3))


def test_a_folder_in_no_layout_is_refused(tmp_path):
    with pytest.raises(OferError) as refused:
        read_scan_data(tmp_path)
    assert refused.value.code == ErrorCode.BAD_REQUEST
