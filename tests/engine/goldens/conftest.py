"""The goldens folder, and its seeded weights imported through the real importer once a session."""

import importlib.util
import pickle
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from ofer_engine.published.imported_files import import_files
from ofer_engine.published.projections import Draw
from ofer_engine.published.published_pack import PublishedPack, read_published_pack
from tests.engine.shared_files import shared

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Goldens:
    """folder : holds goldens/, seeded_weights.py, checkpoint_keys.json and frontindices.npy."""

    folder: Path
    seeded: ModuleType

    def __call__(self, name: str):
        return np.load(self.folder / "goldens" / f"{name}.npz")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def goldens() -> Goldens:
    folder = shared("spec")
    module = folder / "seeded_weights.py"
    if not module.is_file():
        pytest.skip(f"no goldens in {folder}: set OFER_SHARED to the folder that has spec/")
    spec = importlib.util.spec_from_file_location("seeded_weights", module)
    assert spec and spec.loader
    seeded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(seeded)
    return Goldens(folder, seeded)


@pytest.fixture(scope="session")
def home(goldens: Goldens, tmp_path_factory) -> Path:
    """A data folder into which every seeded file was imported.

    The goldens were made with the demo's attention projections, so that draw is named.
    """
    folder, home = tmp_path_factory.mktemp("published"), tmp_path_factory.mktemp("home")
    for name in goldens.seeded.PARTS:
        path = folder / name
        _save_checkpoint(goldens, name, path)
        report = import_files([path], home, Draw.DEMO)
        assert not report.refused and len(report.imported) == 1
        path.unlink()

    (folder / "generic_model.pkl").write_bytes(pickle.dumps(goldens.seeded.flame2020()))
    report = import_files([folder, goldens.folder / "frontindices.npy"], home)
    assert not report.refused and report.complete
    return home


@pytest.fixture(scope="session")
def pack(home: Path) -> PublishedPack:
    """The imported networks and FLAME."""
    return read_published_pack(home, torch.device("cpu"))


def _save_checkpoint(goldens: Goldens, name: str, path: Path) -> None:
    """As the published trainers store it: with the schedule, everything twice, and their state."""
    content: dict = {
        section: {key: torch.from_numpy(np.asarray(value)) for key, value in tensors.items()}
        for section, tensors in goldens.seeded.checkpoint(name).items()
    }
    if "idrank" not in name:
        tables = goldens("schedule")
        schedule = {
            key.removeprefix("train_"): torch.from_numpy(tables[key])
            for key in tables
            if key.startswith("train_")
        }
        content["var_sched"] = schedule
        content["diffusion"] = {
            **{f"net.{key}": tensor for key, tensor in content["net"].items()},
            **{f"var_sched.{key}": tensor for key, tensor in schedule.items()},
        }
    content |= {"optimizer": {}, "scheduler": {"best": np.float64(0.1)}, "epoch": 3}
    torch.save(content | {"global_step": 7, "batch_size": 4}, path)
