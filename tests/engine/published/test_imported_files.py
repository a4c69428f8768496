"""Importing published files: recognised by content, checked, converted once, reported."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.diffusion.denoiser import Denoiser
from ofer_engine.published import conversion, flame_file
from ofer_engine.published.arcface import ArcFace
from ofer_engine.published.catalogue import REQUIRED, Part
from ofer_engine.published.conversion import read_published
from ofer_engine.published.farl import Farl
from ofer_engine.published.imported_files import import_files, pack_home, part_file, status
from ofer_engine.published.projections import Draw, drawn_projections
from ofer_engine.published.published_keys import IDGEN_SHAPE, denoiser_keys
from ofer_engine.published.published_pack import read_published_pack
from tests.engine.published.invented import flame, save_flame
from tests.engine.published.tiny_scrfd import tiny_scrfd

CPU = torch.device("cpu")


def thin(shape: tuple[int, ...], value: float = 0.0) -> torch.Tensor:
    """A tensor of any shape that takes four bytes in a checkpoint."""
    return torch.tensor(value).expand(shape)


def encoder(make, prefix: str = "") -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        state = make().state_dict()
    return {prefix + key: thin(tuple(tensor.shape)) for key, tensor in state.items()}


def idgen_net() -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        keys = denoiser_keys(Denoiser(IDGEN_SHAPE))
    generator = torch.Generator().manual_seed(0)
    return {key: torch.randn(shape, generator=generator) for key, shape in keys.values()}


def idgen_checkpoint() -> dict:
    return {"net": idgen_net(), "arcface": encoder(ArcFace), "epoch": 3}


def save(content: object, folder: Path, name: str = "weights.tar") -> Path:
    path = folder / name
    torch.save(content, path)
    return path


def refusal(path: Path) -> OferError:
    with pytest.raises(OferError) as caught:
        read_published(path)
    assert path.name in caught.value.message
    assert caught.value.hint
    return caught.value


def test_idgen_is_recognised_by_its_content_and_stored_once(tmp_path):
    path = save(idgen_checkpoint(), tmp_path, "any name.bin")
    report = import_files([path], tmp_path / "home")
    (record,) = report.imported
    assert record.part == Part.IDGEN and not report.refused
    assert report.missing == tuple(part for part in REQUIRED if part != Part.IDGEN)
    assert len(record.source_sha256) == 64 and record.source_name == "any name.bin"
    stored = load_file(part_file(tmp_path / "home", Part.IDGEN))
    network = Denoiser(IDGEN_SHAPE)
    network.load_state_dict(
        {k.removeprefix("network."): t for k, t in stored.items() if k.startswith("network.")}
    )
    original = idgen_net()
    assert torch.equal(network.first.weight, original["init_conv.weight"][..., 0])
    views = network.last_attention.views
    expected = drawn_projections("idgen", Draw.TRAINING)["finals.0.1"]
    assert torch.equal(views[1, 2, 3], torch.from_numpy(expected[3, 128 + 64 : 128 + 96]))
    assert "training (seed 0)" in record.notes[0]


def test_projections_say_where_they_come_from(tmp_path):
    content = idgen_checkpoint()
    drawn = drawn_projections("idgen", Draw.TRAINING)
    for place, values in drawn.items():
        content["net"][f"{place}.fn.fn.qkv.weight"] = torch.from_numpy(values[15])[..., None]
    equal = read_published(save(content, tmp_path))
    assert "equal to the one in the file" in equal.notes[0]
    demo = read_published(save(content, tmp_path), Draw.DEMO)
    assert "published demo (seed 1)" in demo.notes[0] and "differs" in demo.notes[0]
    for place, values in drawn.items():
        for i in range(16):
            content["net"][f"{place}.fn.fn.to_qkv.{i}.weight"] = torch.from_numpy(values[i] + 1)[
                ..., None
            ]
    stored = read_published(save(content, tmp_path))
    assert "stored in the file" in stored.notes[0]
    mixed = stored.tensors["network.middle.attention.views"][0, 0, 4, 5]
    assert torch.equal(mixed, torch.from_numpy(drawn["mid_attn"][4, 5] + 1))


def test_surprises_are_reported_not_hidden(tmp_path):
    content = idgen_checkpoint()
    content["net"]["downs.9.weight"] = torch.zeros(3)
    content["extra"] = {"a": 1}
    content["var_sched"] = {"betas": torch.linspace(1e-4, 2e-2, 1000)}
    content["diffusion"] = {"net.init_conv.bias": torch.ones(300)}
    converted = read_published(save(content, tmp_path))
    said = " ".join(converted.notes)
    for word in ("downs.9.weight", "extra", "noise schedule", "diffusion's are used"):
        assert word in said
    # The published loader lets `diffusion` win.
    assert torch.equal(converted.tensors["network.first.bias"], torch.ones(300))


def test_encoders_alone_are_recognised(tmp_path):
    arcface = read_published(save(encoder(ArcFace), tmp_path, "backbone.pth"))
    assert arcface.part == Part.ARCFACE
    content = {"state_dict": encoder(Farl, "visual.") | {"logit_scale": torch.zeros(())}}
    farl = read_published(save(content, tmp_path, "farl.pth"))
    assert farl.part == Part.FARL
    assert not any("logit" in key for key in farl.tensors)


def _drop(content):
    del content["net"]["mid_attn.fn.norm.g"]


def _misshape(content):
    content["net"]["mid_attn.fn.norm.g"] = torch.zeros(1, 11, 1)


def _poison(content):
    content["net"]["mid_block1.block1.norm.bias"][3] = float("nan")


def _behead(content):
    del content["arcface"]


@pytest.mark.parametrize(
    "spoil, code, word",
    [
        (_drop, ErrorCode.WEIGHTS_WRONG, "mid_attn.fn.norm.g"),
        (_misshape, ErrorCode.WEIGHTS_WRONG, "(1, 11, 1)"),
        (_poison, ErrorCode.WEIGHTS_DAMAGED, "not finite"),
        (_behead, ErrorCode.WEIGHTS_WRONG, "'arcface'"),
    ],
    ids=["missing key", "wrong shape", "NaN", "missing section"],
)
def test_spoiled_checkpoint_is_refused_by_name(tmp_path, spoil, code, word):
    content = idgen_checkpoint()
    spoil(content)
    error = refusal(save(content, tmp_path))
    assert error.code == code and word in error.message


def test_checkpoint_of_another_program_is_refused(tmp_path):
    assert refusal(save({"model": {"a": torch.zeros(2)}}, tmp_path)).code == ErrorCode.WEIGHTS_WRONG


def test_flame_2020_is_converted_with_its_sparse_regressor(tmp_path):
    content = flame()
    converted = read_published(save_flame(content, tmp_path, "generic_model.pkl"))
    assert converted.part == Part.FLAME_2020
    (note,) = converted.notes
    assert note.startswith("Not byte for byte the published FLAME 2020")
    dense = content["J_regressor"].toarray().astype(np.float32)
    np.testing.assert_array_equal(converted.tensors["J_regressor"].numpy(), dense)
    assert converted.tensors["kintree_table"][0].tolist() == [-1, 0, 1, 1, 1]


def _far_triangle(content):
    content["f"][17, 1] = 5023


def _other_topology(content):
    content["v_template"] = content["v_template"][:5000]


def _flipped_exponent(content):
    content["shapedirs"][100, 1, 7] = 1e30


def _not_finite(content):
    content["posedirs"][5, 0, 0] = np.nan


def _greedy_weights(content):
    content["weights"][4] *= 2


@pytest.mark.parametrize(
    "spoil, code",
    [
        (_far_triangle, ErrorCode.WEIGHTS_DAMAGED),
        (_other_topology, ErrorCode.WEIGHTS_WRONG),
        (_flipped_exponent, ErrorCode.WEIGHTS_DAMAGED),
        (_not_finite, ErrorCode.WEIGHTS_DAMAGED),
        (_greedy_weights, ErrorCode.WEIGHTS_DAMAGED),
    ],
)
def test_spoiled_flame_is_refused_by_name(tmp_path, spoil, code):
    content = flame()
    spoil(content)
    assert refusal(save_flame(content, tmp_path)).code == code


@pytest.mark.parametrize(
    "name, part",
    [("flame2023.pkl", Part.FLAME_2023), ("flame2023_Open.pkl", Part.FLAME_2023_OPEN)],
)
def test_flame_2023_does_not_stand_in_for_2020(tmp_path, name, part):
    home = tmp_path / "home"
    report = import_files([save_flame(flame(), tmp_path, name)], home)
    (record,) = report.imported
    assert record.part == part
    assert "need FLAME 2020" in record.notes[0] and "generic_model.pkl" in record.notes[0]
    assert Part.FLAME_2020 in report.missing
    with pytest.raises(OferError, match="FLAME 2020 head model") as caught:
        read_published_pack(home, CPU)
    assert caught.value.code == ErrorCode.WEIGHTS_MISSING
    assert "head model cannot take the place of FLAME 2020" in caught.value.message


def test_published_editions_of_flame_are_known_by_their_bytes(monkeypatch, tmp_path):
    # The published files are not ours to have: their digests stand in for them.
    digests = {part: digest for digest, part in flame_file._PUBLISHED.items()}
    for part, name in (
        (Part.FLAME_2020, "flame2023_Open.pkl"),
        (Part.FLAME_2023, "generic_model.pkl"),
        (Part.FLAME_2023_OPEN, "generic_model.pkl"),
    ):
        path = save_flame(flame(), tmp_path, name)
        digest = digests[part]
        monkeypatch.setattr(conversion, "sha256_of", lambda _, digest=digest: digest)
        converted = read_published(path)
        assert converted.part == part
        assert bool(converted.notes) is (part != Part.FLAME_2020)


def test_what_only_flame_2023_open_holds_tells_it_under_any_name(tmp_path):
    content = flame() | {"supr_expression_metadata": {"version": "1"}}
    converted = read_published(save_flame(content, tmp_path, "generic_model.pkl"))
    assert converted.part == Part.FLAME_2023_OPEN
    assert "need FLAME 2020" in converted.notes[0]


def test_a_detector_with_points_is_recognised_and_kept_as_it_is(tmp_path):
    pytest.importorskip("onnxruntime")
    path = tmp_path / "any name"
    path.write_bytes(tiny_scrfd())
    report = import_files([path], tmp_path / "home")
    (record,) = report.imported
    assert record.part == Part.SCRFD and not record.commercial
    kept = load_file(part_file(tmp_path / "home", Part.SCRFD))
    assert kept["model"].numpy().tobytes() == tiny_scrfd()
    path.write_bytes(tiny_scrfd()[:-900])
    assert refusal(path).code == ErrorCode.WEIGHTS_DAMAGED


def test_a_jawless_flame_is_2023_whatever_it_is_called(tmp_path):
    content = flame()
    content["weights"][:, 2] = 0
    content["weights"] /= content["weights"].sum(1, keepdims=True)
    path = save_flame(content, tmp_path, "generic_model.pkl")
    assert read_published(path).part == Part.FLAME_2023


def test_front_vertices_and_landmarks(tmp_path):
    vertices = np.sort(np.random.default_rng(0).choice(3929, 1785, replace=False))
    np.save(tmp_path / "x.npy", vertices)
    converted = read_published(tmp_path / "x.npy")
    assert converted.part == Part.FRONT_VERTICES
    np.testing.assert_array_equal(converted.tensors["front_vertices"].numpy(), vertices)
    np.save(tmp_path / "y.npy", vertices[::-1])
    assert refusal(tmp_path / "y.npy").code == ErrorCode.WEIGHTS_WRONG
    embedding = {"full_lmk_faces_idx": np.arange(68), "full_lmk_bary_coords": np.ones((68, 3)) / 3}
    np.save(tmp_path / "z.npy", np.array(embedding, object), allow_pickle=True)
    assert read_published(tmp_path / "z.npy").part == Part.LANDMARKS


def test_a_folder_is_searched_and_one_bad_file_does_not_stop_the_others(tmp_path):
    source = tmp_path / "download"
    (source / "deeper").mkdir(parents=True)
    save_flame(flame(), source / "deeper", "generic_model.pkl")
    np.save(source / "frontindices.npy", np.arange(1785))
    (source / "README.txt").write_text("read me")
    content = (source / "frontindices.npy").read_bytes()
    (source / "broken.npy").write_bytes(content[:2000])
    seen: list[Path] = []
    report = import_files([source], tmp_path / "home", on_file=seen.append)
    assert {record.part for record in report.imported} == {Part.FLAME_2020, Part.FRONT_VERTICES}
    assert [refused.path.name for refused in report.refused] == ["broken.npy"]
    assert len(seen) == 3
    assert [line.part for line in status(tmp_path / "home") if line.record] == [
        Part.FLAME_2020,
        Part.FRONT_VERTICES,
    ]


def test_missing_parts_are_named_with_their_publisher(tmp_path):
    with pytest.raises(OferError) as caught:
        read_published_pack(tmp_path, CPU)
    assert caught.value.code == ErrorCode.WEIGHTS_MISSING
    for name in ("model_idgen_flame20.tar", "model_idrank.tar", "generic_model.pkl"):
        assert name in caught.value.message
    assert "flame.is.tue.mpg.de" in caught.value.hint


def test_a_part_changed_on_the_disk_is_noticed(tmp_path):
    np.save(tmp_path / "frontindices.npy", np.arange(1785))
    import_files([tmp_path / "frontindices.npy"], tmp_path)
    path = pack_home(tmp_path) / "front_vertices.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(OferError) as caught:
        part_file(tmp_path, Part.FRONT_VERTICES)
    assert caught.value.code == ErrorCode.WEIGHTS_DAMAGED
    record = json.loads(path.with_suffix(".json").read_text())
    assert record["licence"].startswith("OFER licence") and record["commercial"] is False


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    np.save(tmp_path / "frontindices.npy", np.arange(1785))
    (tmp_path / "home").write_text("a file where a folder should be")
    with pytest.raises(OferError) as caught:
        import_files([tmp_path / "frontindices.npy"], tmp_path / "home")
    assert caught.value.code == ErrorCode.READ_ONLY


WEIRD = {
    "text": "lbs",
    "nothing": None,
    "number": 3,
    "ragged": [[1.0], [2.0, 3.0]],
    "objects": np.array([{}, None], object),
    "dict": {"a": np.zeros(3)},
    "empty": np.zeros((0, 3)),
    "complex": np.zeros((5023, 3), complex),
}


@pytest.mark.parametrize("kind", WEIRD)
def test_a_flame_with_something_else_in_a_place_is_refused_by_name(kind):
    content = flame()
    for key in ("f", "v_template", "J_regressor", "weights", "kintree_table"):
        with pytest.raises(OferError, match="model.pkl") as refused:
            flame_file.convert_flame("model.pkl", content | {key: WEIRD[kind]}, "")
        assert refused.value.code in (ErrorCode.WEIGHTS_WRONG, ErrorCode.WEIGHTS_DAMAGED)


@pytest.mark.parametrize("name", ["frontindices.npy", "landmark_embedding.npy"])
def test_200_flipped_bytes_of_the_small_files_end_in_a_sentence_or_an_import(tmp_path, name):
    rng = np.random.default_rng(4)
    embedding = {"full_lmk_faces_idx": np.arange(68), "full_lmk_bary_coords": np.ones((68, 3)) / 3}
    content = np.arange(1785) if name[0] == "f" else np.array(embedding, object)
    np.save(tmp_path / name, content, allow_pickle=True)
    whole = (tmp_path / name).read_bytes()
    for _ in range(200):
        spoiled = bytearray(whole)
        spoiled[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        (tmp_path / name).write_bytes(spoiled)
        try:
            read_published(tmp_path / name)
        except OferError as error:
            assert name in error.message and error.hint
