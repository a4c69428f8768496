"""Malicious pickles wherever else than at the importer a user's file is read: nothing runs."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.published.benchmarks.mesh_files import read_landmarks
from ofer_engine.published.training.crops import CropReader
from ofer_engine.published.training.parameters import read_parameters
from ofer_engine.published.training.scan_data import Example, read_scan_data
from ofer_engine.research.training.loop import TrainingPlan, train
from ofer_engine.research.training.optimizer import ParameterGroup
from tests.engine.published.pickle_reader.gadgets import KINDS, gadgets


def _pickled_parameters(gadget, folder: Path) -> None:
    (folder / "a.npy").write_bytes(pickle.dumps({"shape": gadget}))
    read_parameters(folder / "a.npy")


def _array_of_parameters(gadget, folder: Path) -> None:
    np.save(folder / "a.npy", np.array({"shape": gadget}, object), allow_pickle=True)
    read_parameters(folder / "a.npy")


def _archive_of_parameters(gadget, folder: Path) -> None:
    np.savez(folder / "a.npz", shape=np.array([gadget], object))
    read_parameters(folder / "a.npz")


def _index(gadget, folder: Path) -> None:
    index = folder / "image_paths" / "arcface23"
    index.mkdir(parents=True)
    np.save(index / "LYHM.npy", np.array({"anna": gadget}, object), allow_pickle=True)
    read_scan_data(folder)


def _blob(gadget, folder: Path) -> None:
    np.save(folder / "x.npy", np.array([gadget], object), allow_pickle=True)
    example = Example("anna", (folder / "x.jpg",), np.zeros(300), None, True)
    CropReader(None, folder / "kept", pictures=False).read(example, 0)


def _landmarks(gadget, folder: Path) -> None:
    np.save(folder / "x.npy", np.array([gadget] * 21, object).reshape(7, 3), allow_pickle=True)
    read_landmarks(folder / "x.npy")


def _head(gadget, folder: Path) -> None:
    np.savez(folder / "head.npz", template=np.array([gadget], object))
    OpenHead.load(folder / "head.npz")


def _checkpoint(gadget, folder: Path) -> None:
    torch.save({"model": {}, "step": gadget}, folder / "checkpoint.pt")
    model = torch.nn.Linear(1, 1)
    groups = [ParameterGroup(list(model.parameters()))]
    train(model, groups, lambda *_: {}, TrainingPlan(steps=1, rate=1.0), folder)


PLACES = {
    "pickled parameters": _pickled_parameters,
    "array of parameters": _array_of_parameters,
    "archive of parameters": _archive_of_parameters,
    "index": _index,
    "blob": _blob,
    "landmarks": _landmarks,
    "head of a pack": _head,
    "checkpoint to go on from": _checkpoint,
}
CODES = (ErrorCode.WEIGHTS_UNSAFE, ErrorCode.WEIGHTS_DAMAGED, ErrorCode.BAD_REQUEST)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_nothing_runs_and_a_sentence_is_said(tmp_path, place, kind):
    marker = tmp_path / "ran"
    marker.with_suffix(".py").write_text(f"open({str(marker)!r}, 'w')")
    folder = tmp_path / "data"
    folder.mkdir()
    with pytest.raises(OferError) as refused:
        PLACES[place](gadgets(marker)[kind], folder)
    assert refused.value.code in CODES
    assert refused.value.message and refused.value.hint
    assert not marker.exists()
