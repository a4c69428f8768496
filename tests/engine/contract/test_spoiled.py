"""Folders that a stranger spoiled: one sentence each, before anything large is read."""

import shutil
import sys

import numpy as np
import pytest

from ofer_engine.contract import reconstruction
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.reconstruction import ARRAYS, OPTIONAL_ARRAYS, read
from tests.engine.contract.small_folder import arrays_of, write_small
from tests.engine.contract.spoiled import SPOILED

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="makes pipes and links")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_small(tmp_path_factory.mktemp("whole"))


def read_all(folder):
    """Everything that a client or the engine ever reads of a folder."""
    record = read(folder)
    for name in (*ARRAYS, *(name for name in OPTIONAL_ARRAYS if record.has(name))):
        record.array(name)
    for hypothesis in (*record.identities, *record.expressions):
        record.picture(hypothesis)
    return record


def test_the_whole_one_is_read(whole):
    record = read_all(whole.folder)
    assert record == whole
    for name, values in arrays_of().items():
        found = record.array(name)
        assert found.dtype == values.dtype and (found == values).all()


@pytest.mark.parametrize("kind", SPOILED)
def test_a_spoiled_folder_is_refused_in_a_sentence(whole, tmp_path, kind):
    folder = shutil.copytree(whole.folder, tmp_path / "spoiled.ofer")
    SPOILED[kind](folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(OferError) as caught:
        read_all(folder)
    assert caught.value.code is ErrorCode.RECONSTRUCTION_DAMAGED
    assert "spoiled.ofer" in caught.value.message and caught.value.hint
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_an_odd_byte_of_a_file_s_name_becomes_a_mark(whole, tmp_path):
    """As folders of earlier releases may have it; Blender takes no such text."""
    folder = shutil.copytree(whole.folder, tmp_path / "other.ofer")
    record = folder / reconstruction.RECORD
    text = record.read_text("utf-8").replace(
        "zo\xeb.jpg", "zo\\udceb \\udcc3\\udcab\\ud83d\\ude00.jpg"
    )
    record.write_text(text, "utf-8")
    assert read_all(folder).photo.name == "zo\ufffd \xeb\N{GRINNING FACE}.jpg"


def test_big_endian_numbers_and_other_orders_are_read(whole, tmp_path):
    folder = shutil.copytree(whole.folder, tmp_path / "other.ofer")
    values = arrays_of()["uv"]
    np.save(folder / "uv.npy", np.asfortranarray(values.astype(">f4")))
    assert (read_all(folder).array("uv") == values).all()


def test_a_huge_record_is_not_read(whole, tmp_path):
    folder = shutil.copytree(whole.folder, tmp_path / "huge.ofer")
    with (folder / reconstruction.RECORD).open("ab") as file:
        file.truncate(1 << 40)
    with pytest.raises(OferError) as caught:
        read(folder)
    assert caught.value.code is ErrorCode.RECONSTRUCTION_DAMAGED
