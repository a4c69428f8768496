"""A tiny data set in MICA's layout, and encoders small enough to train in a test."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ofer_engine.published.training.batches import Batches
from ofer_engine.published.training.crops import CropReader
from ofer_engine.published.training.scan_data import Example, read_scan_data
from ofer_engine.research.training.ranks import Ranks

PEOPLE = 8


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def write_picture(folder: Path, name: str, tint: np.ndarray, seed: int) -> None:
    """A 224 px crop and its blob, both tinted by what is to be learnt."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    grain = rng.integers(-20, 20, (224, 224, 3))
    picture = (np.clip(tint * 90 + 128 + grain, 0, 255)).astype(np.uint8)
    Image.fromarray(picture).save(folder / f"{name}.jpg")
    blob = (picture[:112, :112, ::-1].transpose(2, 0, 1).astype(np.float32) - 127.5) / 127.5
    np.save(folder / f"{name}.npy", blob)


@dataclass(frozen=True)
class Mica:
    """root : of the data set; identity : (PEOPLE, 300); expression : (PEOPLE, 50); jaw."""

    root: Path
    identity: np.ndarray
    expression: np.ndarray
    jaw: np.ndarray


@pytest.fixture(scope="session")
def mica(tmp_path_factory) -> Mica:
    root = tmp_path_factory.mktemp("mica")
    rng = np.random.default_rng(4)
    identity = rng.standard_normal((PEOPLE, 300)).astype(np.float32)
    expression = rng.standard_normal((PEOPLE, 50)).astype(np.float32)
    jaw = rng.normal(0, 0.1, (PEOPLE, 3)).astype(np.float32)
    florence, tempeh, coma = {}, {}, {}
    for person in range(PEOPLE):
        name = f"person{person}"
        tint = np.tanh(identity[person, :3])
        for place in ("FLORENCE", "TEMPEH", "COMA"):
            for image in range(2):
                folder = root / place / "arcface_input" / name
                write_picture(folder, f"{image}", tint, 10 * person + image)
        images = [f"/{name}/0.jpg", f"{name}/1.jpg", f"{name}/absent.jpg"]
        parameters = root / "FLORENCE" / "FLAME23_parameters" / name
        parameters.mkdir(parents=True)
        np.savez(parameters / "fit.npz", shape=identity[person])
        florence[name] = [f"{name}/fit.npz", images]
        pose = np.concatenate([np.zeros(3), jaw[person], np.zeros(6)])[None]
        long = np.pad(expression[person], (0, 50))[None]
        frame = {"shape": identity[person][None], "exp": long, "trans": np.zeros((1, 3))}
        for place, entries, more in (
            ("TEMPEH", tempeh, {"pose": pose}),
            ("COMA", coma, {"jaw": jaw[person][None], "rot": np.zeros((1, 3))}),
        ):
            (root / place / "flame").mkdir(exist_ok=True)
            np.save(root / place / "flame" / f"{name}.npy", frame | more, allow_pickle=True)
            entries[f"{name}__smile__0001"] = [f"flame/{name}.npy", images]
    index = root / "image_paths" / "arcface23"
    index.mkdir(parents=True)
    for name, entries in (("FLORENCE", florence), ("TEMPEH", tempeh), ("COMA", coma)):
        np.save(index / f"{name}.npy", entries, allow_pickle=True)
    return Mica(root, identity, expression, jaw)


@pytest.fixture
def examples(mica) -> tuple[Example, ...]:
    return read_scan_data(mica.root, ["FLORENCE"]).examples


@pytest.fixture
def batches(examples, tmp_path) -> Batches:
    return Batches(examples, CropReader(None, tmp_path / "crops", pictures=False), 4, 2, 5, Ranks())
