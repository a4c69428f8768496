"""What a refused pickle asks for is gone with it: the next genuine file reads as it should."""

import copyreg
import io
import pickle
import zipfile

import numpy as np
import pytest
import torch

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.published.pickle_reader.safe_load import load_array, load_checkpoint, load_pickle
from tests.engine.published.pickle_reader.gadgets import SHARED, dtype_reversed, state_for

GENUINE = {"net": {"w": torch.arange(6.0).reshape(2, 3) + 1}, "loss": np.float64(2.5), "epoch": 3}
HEAD = {"v_template": np.arange(6.0).reshape(2, 3), "names": {"a", "b"}, "n": np.float64(-1.5)}


@pytest.fixture
def genuine(tmp_path):
    """Reads a genuine file of each kind, and says whether all is as it was written."""
    zipped, legacy, head, array = (tmp_path / n for n in ("a.tar", "b.pth", "c.pkl", "d.npy"))
    torch.save(GENUINE, zipped)
    torch.save(GENUINE, legacy, _use_new_zipfile_serialization=False)
    head.write_bytes(pickle.dumps(HEAD))
    np.save(array, np.array({"static": torch.arange(4.0)}, object), allow_pickle=True)

    def is_whole():
        for path in (zipped, legacy):
            read = load_checkpoint(path)
            assert torch.equal(read["net"]["w"], GENUINE["net"]["w"])
            assert read["loss"] == 2.5 and read["epoch"] == 3
        read = load_pickle(head)
        np.testing.assert_array_equal(read["v_template"], HEAD["v_template"])
        assert read["names"] == {"a", "b"} and read["n"] == -1.5
        np.testing.assert_array_equal(load_array(array)["static"], np.arange(4.0))
        torch.testing.assert_close(torch.load(zipped, weights_only=False)["net"], GENUINE["net"])
        assert np.dtype("f8").str == "<f8" and np.frombuffer(bytes(7) + b"\x40", "f8")[0] == 2.0

    is_whole()
    return is_whole


def _as_pickle(code, path):
    path.write_bytes(code)
    return load_pickle


def _as_array(code, path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|O", "fortran_order": False, "shape": ()}
    )
    path.write_bytes(header.getvalue() + code)
    return load_array


def _as_checkpoint(code, path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", code)
        archive.writestr("archive/version", "3\n")
    return load_checkpoint


def _as_legacy(code, path):
    machine = {"little_endian": True, "protocol_version": 1001, "type_sizes": {}}
    parts = (torch.serialization.MAGIC_NUMBER, 1001, machine)
    whole = b"".join(pickle.dumps(part, protocol=2) for part in parts)
    path.write_bytes(whole + code + pickle.dumps([], protocol=2))
    return load_checkpoint


PLACES = {
    "pickle": _as_pickle,
    "array": _as_array,
    "checkpoint": _as_checkpoint,
    "older checkpoint": _as_legacy,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", SHARED)
def test_state_for_what_the_process_shares_is_refused_and_gone(genuine, tmp_path, place, kind):
    path = tmp_path / "weights"
    load = PLACES[place](state_for(*SHARED[kind]), path)
    with pytest.raises(OferError) as refused:
        load(path)
    assert refused.value.code is ErrorCode.WEIGHTS_UNSAFE and refused.value.hint
    genuine()


@pytest.mark.parametrize("place", PLACES)
def test_the_byte_order_of_numpy_s_own_types_stays(genuine, tmp_path, place):
    path = tmp_path / "weights"
    PLACES[place](dtype_reversed(), path)(path)
    genuine()


OTHERS = {
    "a number of the register of extensions": b"\x80\x02}X\x01\0\0\0a\x82\x01s.",
    "a register filled before": b"\x80\x02}X\x01\0\0\0a\x83\x01\x01s.",
    "a foreign buffer": b"\x80\x05}X\x01\0\0\0a\x97s.",
    "a call of a call": b"\x80\x02}X\x01\0\0\0accollections\nOrderedDict\n)R)Rs.",
    "items for a class": b"\x80\x02ccollections\nOrderedDict\nK\x01K\x02s.",
    "a persistent id": b"\x80\x02}X\x01\0\0\0aX\x01\0\0\0xQs.",
    "a text id": b"Pmine\n.",
    "keys of keys": b"\x80\x02}" + b")" + b"2\x86" * 60 + b"K\x01s.",
    "a memo that was not": b"\x80\x02h\x05.",
    "a stack that is empty": b"\x80\x02R.",
    "a mark too many": b"\x80\x02((}.",
    "no end": b"\x80\x02}",
    "two objects": b"\x80\x02}}.",
    "state for a list": b"\x80\x02]}b.",
    "state for a number": b"\x80\x02K\x01}b.",
    "Python's own reconstructor of a function": b"ccopy_reg\n_reconstructor\n(cos\nsystem\nNNtR.",
    "deep lists": b"\x80\x02}X\x01\0\0\0a" + b"]" * 50_000 + b"a" * 49_999 + b"s.",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", OTHERS)
def test_other_abuse_ends_in_a_sentence(genuine, tmp_path, place, kind):
    copyreg.add_extension("os", "system", 1)
    try:
        path = tmp_path / "weights"
        load = PLACES[place](OTHERS[kind], path)
        with pytest.raises(OferError) as refused:
            load(path)
    finally:
        copyreg.remove_extension("os", "system", 1)
    codes = (ErrorCode.WEIGHTS_UNSAFE, ErrorCode.WEIGHTS_DAMAGED, ErrorCode.WEIGHTS_WRONG)
    assert refused.value.code in codes and refused.value.hint
    genuine()


def _laid(path, kind="FloatStorage", key="0", count=4, offset=0, size=(4,), stride=(1,)):
    """A checkpoint whose tensor is laid over four numbers as told."""

    def said(value):
        return pickle.dumps(value, protocol=2)[2:-1]

    storage = b"(" + said("storage") + b"ctorch\n" + kind.encode() + b"\n"
    storage += said(key) + said("cpu") + said(count) + b"tQ"
    call = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage
    call += said(offset) + said(size) + said(stride) + said(False) + b"}tR"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}" + said("w") + call + b"s.")
        archive.writestr("archive/data/0", np.arange(4, dtype="f4").tobytes())
    return path


def test_a_tensor_laid_by_hand_is_read(tmp_path):
    path = _laid(tmp_path / "a.tar", size=(2, 2), stride=(1, 2))
    assert load_checkpoint(path)["w"].tolist() == [[0.0, 2.0], [1.0, 3.0]]


@pytest.mark.parametrize(
    "change",
    [
        {"size": (5,)},
        {"size": (4,), "offset": 1},
        {"size": (2, 3)},
        {"stride": (1 << 40,)},
        {"size": (1 << 40,), "stride": (0,)},
        {"size": (1 << 62, 1 << 62), "stride": (0, 0)},
        {"size": (-4,)},
        {"stride": (-1,)},
        {"offset": -1},
        {"size": (True,)},
        {"size": (2.0,)},
        {"count": 1 << 50},
        {"count": -1},
        {"count": 5},
        {"kind": "DoubleStorage"},
        {"kind": "UnknownStorage"},
        {"key": "1"},
        {"key": "../0"},
    ],
    ids=str,
)
def test_a_tensor_never_reaches_beyond_its_numbers(tmp_path, change):
    path = _laid(tmp_path / "a.tar", **change)
    with pytest.raises(OferError) as refused:
        load_checkpoint(path)
    assert refused.value.code in (ErrorCode.WEIGHTS_DAMAGED, ErrorCode.WEIGHTS_UNSAFE)
