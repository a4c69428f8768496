"""Weight files that want to run code or are broken: nothing runs, each is told in a sentence."""

import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import torch
from safetensors.torch import save_file

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.published.conversion import read_published
from ofer_engine.published.pickle_reader.safe_load import (
    load_array,
    load_checkpoint,
    load_pickle,
    load_safetensors,
)
from tests.engine.published.pickle_reader.gadgets import KINDS, Gadget, gadgets


def _as_checkpoint(gadget, path):
    torch.save({"net": {"init_conv.weight": torch.zeros(2)}, "epoch": gadget}, path)


def _as_legacy_checkpoint(gadget, path):
    torch.save({"epoch": gadget}, path, _use_new_zipfile_serialization=False)


def _as_flame(gadget, path):
    path.write_bytes(pickle.dumps({"v_template": np.zeros((5, 3)), "f": gadget}))


def _as_old_flame(gadget, path):
    path.write_bytes(pickle.dumps({"v_template": np.zeros((5, 3)), "f": gadget}, protocol=0))


def _as_array(gadget, path):
    with path.open("wb") as file:
        np.save(file, np.array({"static_lmk_faces_idx": gadget}, dtype=object), allow_pickle=True)


def _as_tensor_in_array(gadget, path):
    """A torch storage inside a landmark file carries bytes that torch would unpickle."""
    inner = io.BytesIO()
    torch.save(gadget, inner)
    storage = Gadget(torch.storage._load_from_bytes, inner.getvalue())
    with path.open("wb") as file:
        np.save(file, np.array({"static_lmk_faces_idx": storage}, dtype=object), allow_pickle=True)


PLACES = {
    "model_idgen_flame20.tar": _as_checkpoint,
    "old.pth": _as_legacy_checkpoint,
    "generic_model.pkl": _as_flame,
    "generic_model_text.pkl": _as_old_flame,
    "landmark_embedding.npy": _as_array,
    "landmark_tensors.npy": _as_tensor_in_array,
    "idgen.Safetensors": _as_flame,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PLACES)
def test_a_pickle_that_runs_code_is_refused_and_nothing_runs(tmp_path, name, kind):
    marker = tmp_path / "ran"
    marker.with_suffix(".py").write_text(f"open({str(marker)!r}, 'w')")
    path = tmp_path / name
    PLACES[name](gadgets(marker)[kind], path)
    with pytest.raises(OferError) as refused:
        read_published(path)
    assert refused.value.code == ErrorCode.WEIGHTS_UNSAFE
    assert path.name in refused.value.message
    assert refused.value.hint
    assert not marker.exists()


def test_gadgets_would_run_elsewhere(tmp_path):
    marker = tmp_path / "ran"
    path = tmp_path / "generic_model.pkl"
    _as_flame(gadgets(marker)["os.system"], path)
    pickle.loads(path.read_bytes())
    assert marker.exists()


def test_names_below_an_allowed_module_are_not_reached(tmp_path):
    # STACK_GLOBAL walks dots: a stand-in's own globals must not be a way out.
    for name in ("Ch.__init__.__globals__", "ch.os.system"):
        code = (
            b"\x80\x04\x8c\x09chumpy.ch" + b"\x8c" + bytes([len(name)]) + name.encode() + b"\x93."
        )
        path = tmp_path / "generic_model.pkl"
        path.write_bytes(code)
        with pytest.raises(OferError) as refused:
            read_published(path)
        assert refused.value.code in (ErrorCode.WEIGHTS_WRONG, ErrorCode.WEIGHTS_DAMAGED)


def test_numpy_arrays_scalars_and_sparse_matrices_come_through(tmp_path):
    rng = np.random.default_rng(0)
    content = {
        "a": rng.standard_normal((4, 3)),
        "fortran": np.asfortranarray(rng.standard_normal((3, 5))).astype("f4"),
        "big": np.arange(6, dtype=">u4").reshape(2, 3),
        "n": np.float64(2.5),
        "csc": scipy.sparse.random(7, 5, 0.4, format="csc", random_state=0),
        "csr": scipy.sparse.random(5, 7, 0.4, format="csr", random_state=1),
        "text": "lbs",
        "objects": np.array([1, "two", None], dtype=object),
    }
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path = tmp_path / f"p{protocol}.pkl"
        path.write_bytes(pickle.dumps(content, protocol=protocol))
        read = load_pickle(path)
        for key in ("a", "fortran", "big"):
            np.testing.assert_array_equal(read[key], content[key])
        assert read["n"] == 2.5 and read["text"] == "lbs"
        assert read["objects"].tolist() == [1, "two", None]
        for key in ("csc", "csr"):
            np.testing.assert_array_equal(read[key], content[key].toarray())


def test_python2_numpy_strings_come_through():
    # As Python 2 wrote arrays: text pickled, names of the old numpy.
    import pickletools

    from ofer_engine.published.pickle_reader.safe_pickle import read_pickle

    array = np.arange(5, dtype="f8")
    code = pickle.dumps(array, protocol=2).replace(b"numpy._core.", b"numpy.core.")
    assert any(
        arg == "numpy.core.multiarray _reconstruct" for _, arg, _ in pickletools.genops(code)
    )
    np.testing.assert_array_equal(read_pickle(code), array)


def test_tensors_inside_an_array_file_come_through(tmp_path):
    path = tmp_path / "landmark_embedding.npy"
    content = {"static_lmk_faces_idx": torch.arange(51), "bary": np.full((51, 3), 1 / 3)}
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    read = load_array(path)
    np.testing.assert_array_equal(read["static_lmk_faces_idx"], np.arange(51))
    np.testing.assert_array_equal(read["bary"], content["bary"])


def _chumpy(name: str, state: dict) -> bytes:
    """A pickle of {'v': chumpy.ch.NAME instance with this state}, as protocol 2 writes it."""
    node_state = pickle.dumps(state, protocol=2)[2:-1]
    make = (
        b"ccopy_reg\n_reconstructor\n(cchumpy.ch\n" + name.encode() + b"\nc__builtin__\nobject\nNtR"
    )
    return b"\x80\x02}U\x01v" + make + node_state + b"bs."


@pytest.mark.parametrize(
    "name, state, expected",
    [
        ("Ch", {"x": np.arange(6.0), "_dirty_vars": {"x"}, "_itr": None}, np.arange(6.0)),
        ("reshape", {"a": np.arange(6.0), "newshape": (3, 2)}, np.arange(6.0).reshape(3, 2)),
        ("Select", {"a": np.arange(6.0), "idxs": np.array([4, 1])}, np.array([4.0, 1.0])),
        (
            "transpose",
            {"a": np.arange(6.0).reshape(2, 3), "axes": None},
            np.arange(6.0).reshape(2, 3).T,
        ),
    ],
)
def test_chumpy_objects_become_arrays_without_chumpy(tmp_path, name, state, expected):
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(_chumpy(name, state))
    np.testing.assert_array_equal(load_pickle(path)["v"], expected)


def test_a_chumpy_expression_that_cannot_be_evaluated_says_so(tmp_path):
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(_chumpy("sqrt", {"a": np.arange(3.0)}))
    with pytest.raises(OferError, match="sqrt") as refused:
        load_pickle(path)
    assert refused.value.code == ErrorCode.WEIGHTS_DAMAGED


def test_a_small_pickle_cannot_grow_without_bound(tmp_path):
    bomb: list = []
    for _ in range(60):
        bomb = [bomb, bomb]
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickle.dumps({"v_template": bomb}))
    assert len(load_pickle(path)["v_template"]) == 2
    path.write_bytes(b"\x80\x02}r\xff\xff\xff\x7f.")  # room for two thousand million memos
    assert load_pickle(path) == {}


def _valid_files(folder: Path) -> dict[Path, object]:
    numbers = torch.randn(20, 3)
    torch.save({"net": {"w": numbers}}, folder / "a.tar")
    torch.save({"net": {"w": numbers}}, folder / "b.pth", _use_new_zipfile_serialization=False)
    save_file({"net.w": numbers}, folder / "c.safetensors")
    (folder / "d.pkl").write_bytes(pickle.dumps({"v_template": numbers.numpy(), "n": [1, "x"]}))
    np.save(folder / "e.npy", np.array({"static": numbers.numpy()}, object), allow_pickle=True)
    np.save(folder / "f.npy", numbers.numpy())
    loaders = (
        load_checkpoint, load_checkpoint, load_safetensors, load_pickle, load_array, load_array
    )  # fmt: skip
    return dict(zip(sorted(folder.iterdir()), loaders, strict=True))


@pytest.mark.parametrize("index", range(6))
def test_200_flipped_bytes_and_every_cut_end_in_a_sentence_or_a_reading(tmp_path, index):
    path, load = list(_valid_files(tmp_path).items())[index]
    content = path.read_bytes()
    rng = np.random.default_rng(index)
    spoiled = []
    for _ in range(200):
        flipped = bytearray(content)
        flipped[rng.integers(len(content))] ^= 1 << rng.integers(8)
        spoiled.append(bytes(flipped))
    spoiled += [content[:size] for size in rng.integers(0, len(content), 30)]
    for data in spoiled:
        path.write_bytes(data)
        try:
            load(path)
        except OferError as error:
            assert error.code in (
                ErrorCode.WEIGHTS_DAMAGED, ErrorCode.WEIGHTS_UNSAFE, ErrorCode.WEIGHTS_WRONG
            )  # fmt: skip
            assert path.name in error.message


def test_one_flipped_bit_in_a_checkpoint_is_noticed(tmp_path):
    path = tmp_path / "a.tar"
    numbers = torch.randn(4000)
    torch.save({"net": numbers}, path)
    content = bytearray(path.read_bytes())
    place = bytes(content).index(numbers.numpy().tobytes())
    content[place + 8000] ^= 1
    path.write_bytes(content)
    with pytest.raises(OferError, match="checksum") as refused:
        load_checkpoint(path)
    assert refused.value.code == ErrorCode.WEIGHTS_DAMAGED


def test_a_huge_safetensors_header_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.Safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 40) + b"{" + b" " * 100)
    with pytest.raises(OferError) as refused:
        read_published(path)
    assert refused.value.code == ErrorCode.WEIGHTS_DAMAGED


@pytest.mark.parametrize(
    "content",
    [b"", b"<!DOCTYPE html><html>", b"\x00" * 64, b"PNG"],
    ids=["empty", "html", "0", "x"],
)
def test_something_else_is_called_no_weight_file(tmp_path, content):
    path = tmp_path / "model_idgen_flame20.tar"
    path.write_bytes(content)
    with pytest.raises(OferError) as refused:
        read_published(path)
    assert refused.value.code == ErrorCode.WEIGHTS_WRONG


def test_a_missing_file_and_a_compressed_archive(tmp_path):
    import zipfile

    with pytest.raises(OferError) as missing:
        read_published(tmp_path / "nothing.tar")
    assert missing.value.code == ErrorCode.WEIGHTS_MISSING
    path = tmp_path / "FLAME2020.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("generic_model.pkl", b"0" * 10_000)
    with pytest.raises(OferError) as packed:
        read_published(path)
    assert packed.value.code == ErrorCode.WEIGHTS_WRONG
    assert "unpack" in packed.value.hint


def test_an_archive_in_several_parts(tmp_path):
    path = tmp_path / "model.tar"
    torch.save({"net": {"w": torch.zeros(3)}}, path)
    content = path.read_bytes()
    locator = content.rindex(b"PK\x06\x07")
    parts = struct.pack("<I", 2)  # of several disks, of which Python's zipfile says so early
    path.write_bytes(content[: locator + 16] + parts + content[locator + 20 :])
    with pytest.raises(OferError) as refused:
        load_checkpoint(path)
    assert refused.value.code == ErrorCode.WEIGHTS_DAMAGED
