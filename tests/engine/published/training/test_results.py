"""What a run leaves behind: a checkpoint that the importer takes, curves, crops, pasted props."""

import dataclasses
import json
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ofer_engine.contract.errors import OferError
from ofer_engine.diffusion.denoiser import Denoiser
from ofer_engine.photo.align import arcface_crop, cut, five_points
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import load_photo
from ofer_engine.published.arcface import ArcFace
from ofer_engine.published.catalogue import Part
from ofer_engine.published.encoder_pictures import blob_tensor
from ofer_engine.published.imported_files import import_files, part_file
from ofer_engine.published.published_keys import IDGEN_SHAPE, ranker_keys, renamed
from ofer_engine.published.training import run as run_module
from ofer_engine.published.training.checkpoint_file import write_checkpoint
from ofer_engine.published.training.crops import BLOB_POINTS, CropReader
from ofer_engine.published.training.networks import Trainee
from ofer_engine.published.training.props import PropMaker, PropPicture, paste, prop_bank
from ofer_engine.published.training.recipes import TrainingStage
from ofer_engine.published.training.run import TrainingRun, run, split
from ofer_engine.published.training.scan_data import read_scan_data
from ofer_engine.ranking.ranker import Ranker, RankerShape
from ofer_engine.research.training.curves import event_files
from ofer_engine.research.training.ranks import Ranks
from tests.engine.published.training.tiny import RECIPE, TinyArcFace, TinyFarl, tiny_trainee

CPU = torch.device("cpu")


def test_the_importer_takes_a_trained_idgen_weight_for_weight(tmp_path):
    torch.manual_seed(3)
    with torch.device("meta"):
        arcface = ArcFace()
    arcface.load_state_dict(
        {key: torch.zeros_like(t, device="cpu") for key, t in arcface.state_dict().items()},
        assign=True,
    )
    trainee = Trainee(Denoiser(IDGEN_SHAPE), arcface, None)
    write_checkpoint(trainee, tmp_path / "mine.safetensors", "{}")
    report = import_files([tmp_path / "mine.safetensors"], tmp_path / "home")
    assert not report.refused
    (record,) = report.imported
    assert record.trained_here and not record.commercial
    assert record.licence.startswith("trained by a user") and "ArcFace" in record.licence
    assert record.notes == ("Attention projections: those stored in the file, trained.",)
    taken = load_file(part_file(tmp_path / "home", Part.IDGEN))
    state = trainee.state_dict()
    assert taken.keys() == state.keys()
    for key, value in state.items():
        assert torch.equal(taken[key], value.float() if value.is_floating_point() else value), key


def test_a_ranker_is_written_in_published_names(tmp_path):
    ranker = Ranker(RankerShape(15, 1024, (32, 16)))
    trainee = Trainee(ranker, TinyArcFace(), TinyFarl())
    write_checkpoint(trainee, tmp_path / "rank.safetensors", "{}")
    written = load_file(tmp_path / "rank.safetensors")
    net = {key.removeprefix("net."): t for key, t in written.items() if key.startswith("net.")}
    back = renamed(net, ranker_keys(ranker))
    assert all(torch.equal(back[name], value) for name, value in ranker.state_dict().items())
    assert torch.equal(written["farl.visual.proj.weight"], trainee.farl.proj.weight)


def test_a_run_from_the_data_to_the_file_and_its_continuation(mica, tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "new_trainee", lambda *_: tiny_trainee(53, farl=True))
    recipe = dataclasses.replace(RECIPE, held_out=0.3)
    data = read_scan_data(mica.root, ["COMA", "FLORENCE"])
    job = TrainingRun(
        TrainingStage.EXPGEN, recipe, tmp_path / "home", tmp_path / "out", steps=4, every=2
    )
    path = run(job, data, Ranks(), CPU)
    first = load_file(path)
    assert path.name == "model_expgen.safetensors"
    assert json.loads((tmp_path / "out" / "recipe.json").read_text())["steps"] == 4
    lines = (tmp_path / "out" / "checkpoint" / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["step", "2", "4"]
    path.unlink()
    again = load_file(run(job, data, Ranks(), CPU))
    assert all(torch.equal(again[key], value) for key, value in first.items())


def test_data_without_expressions_cannot_teach_expgen(mica, tmp_path):
    job = TrainingRun(TrainingStage.EXPGEN, RECIPE, tmp_path, tmp_path)
    with pytest.raises(OferError, match="what is to be learnt"):
        run(job, read_scan_data(mica.root, ["FLORENCE"]), Ranks(), CPU)


def test_frames_of_one_subject_are_never_on_both_sides(examples):
    frames = [
        dataclasses.replace(example, name=f"{example.name}__smile__{i}")
        for example in examples
        for i in range(3)
    ]
    kept, held = split(frames, 0.25)
    assert len(kept) == 18 and len(held) == 6
    assert not {e.name.split("__")[0] for e in kept} & {e.name.split("__")[0] for e in held}
    assert split(frames, 0.0) == (tuple(frames), ())


def test_curves_are_whole_event_records(tmp_path):
    event = pytest.importorskip("tensorboardX.proto.event_pb2")
    with event_files(tmp_path) as watch:
        watch(10, {"total": 0.5})
        watch(20, {"total": 0.25, "held_total": 2.0})
    (file,) = tmp_path.iterdir()
    data, found = file.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        record = event.Event.FromString(data[12 : 12 + length])
        found += [(record.step, v.tag, v.simple_value) for v in record.summary.value]
        data = data[16 + length :]
    assert found == [(10, "total", 0.5), (20, "total", 0.25), (20, "held_total", 2.0)]


def test_without_tensorboardx_there_is_no_curve(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboardX", None)
    with event_files(tmp_path) as watch:
        assert watch is None
    assert not list(tmp_path.iterdir())


def test_photos_are_cut_once_as_the_pipeline_cuts_them(portrait, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    people = {"people": [{"name": "eileen", "images": [str(portrait)]}]}
    (folder / "people.json").write_text(json.dumps(people))
    np.savez(folder / "parameters.npz", identity=np.zeros((1, 300)))
    (example,) = read_scan_data(folder).examples
    detector = FaceDetector.load(run_module.BUNDLED / "faces")
    crops = CropReader(detector, tmp_path / "kept").read(example, 0)
    again = CropReader(None, tmp_path / "kept").read(example, 0)
    photo = load_photo(portrait)
    points = five_points(detector.detect(photo)[0].landmarks)
    expected = np.round(cut(photo, arcface_crop(points), border=0.0, antialias=False) * 255)
    np.testing.assert_array_equal(crops.blob, expected)
    for one, other in (
        (crops.blob, again.blob),
        (crops.picture, again.picture),
        (crops.points, again.points),
    ):
        np.testing.assert_array_equal(one, other)
    # The two crops show the same face: the picture, aligned by its points, is the blob.
    assert crops.picture is not None and crops.points is not None
    inside = arcface_crop(crops.points)
    assert np.abs(inside.to_crop(crops.points) - BLOB_POINTS).max() < 8


def test_a_blob_is_bgr_and_comes_back_exactly(examples, tmp_path):
    stored = np.load(examples[0].images[0].with_suffix(".npy"))
    reader = CropReader(None, tmp_path, pictures=False)
    plain = blob_tensor(reader.read(examples[0], 0).blob).numpy()
    np.testing.assert_array_equal(plain, stored)
    swapped = dataclasses.replace(examples[0], swapped=True)
    turned = blob_tensor(reader.read(swapped, 0).blob).numpy()
    np.testing.assert_array_equal(turned, stored[::-1])


def test_drawn_props_repeat_themselves_and_lie_about_the_face(tmp_path):
    head = run_module.BUNDLED / "open" / "head.npz"
    bank = prop_bank(head, 4, 0, tmp_path / "props.npz")
    again = PropMaker(head).draw(0, 2)
    np.testing.assert_array_equal(bank[2].pixels, again.pixels)
    np.testing.assert_array_equal(bank[2].points, again.points)
    for prop in bank:
        assert prop.pixels[..., 3].max() == 255 and prop.pixels[..., 3].min() == 0
        right_eye, left_eye, nose, *mouth = prop.points
        assert right_eye[0] < nose[0] < left_eye[0] and nose[1] < min(corner[1] for corner in mouth)
    kept = prop_bank(head, 4, 0, tmp_path / "props.npz")
    np.testing.assert_array_equal([p.pixels for p in kept], [p.pixels for p in bank])


def test_a_prop_lands_where_the_face_is_and_nowhere_else():
    pixels = np.zeros((160, 160, 4), np.uint8)
    pixels[70:90, 60:100] = (200, 10, 10, 255)
    prop = PropPicture(pixels, np.array([(60, 60), (100, 60), (80, 80), (65, 100), (95, 100.0)]))
    face = np.full((112, 112, 3), 77, np.uint8)
    points = prop.points * 0.5 + 10
    pasted = paste(face, points, prop)
    assert (pasted[50, 50] == (200, 10, 10)).all()
    changed = (pasted != face).any(2)
    rows, columns = np.nonzero(changed)
    assert 44 <= rows.min() <= 46 and 54 <= rows.max() <= 56
    assert 39 <= columns.min() <= 41 and 59 <= columns.max() <= 61
    assert (face == 77).all()
