"""A recorded part of the goldens that is tested everywhere: `recorded.npz`, made by `record.py`."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ofer_engine.diffusion.denoiser import Denoiser
from ofer_engine.diffusion.folded import FoldedDenoiser
from ofer_engine.diffusion.samplers import ddim_as_published
from ofer_engine.diffusion.schedule import Schedule
from ofer_engine.published.arcface import ArcFace
from ofer_engine.published.farl import Farl, preprocess
from ofer_engine.published.projections import Draw, drawn_projections, views
from ofer_engine.published.published_keys import (
    EXPGEN_SHAPE,
    IDGEN_SHAPE,
    VIEWS,
    denoiser_keys,
    published_attention,
    renamed,
)
from tests.engine.goldens import seeded


@pytest.fixture(scope="module")
def recorded():
    return np.load(Path(__file__).with_name("recorded.npz"))


@pytest.fixture(scope="module")
def denoisers() -> dict[str, FoldedDenoiser]:
    found = {}
    for name, shape in (("idgen", IDGEN_SHAPE), ("expgen", EXPGEN_SHAPE)):
        network = Denoiser(shape)
        keys = denoiser_keys(network)
        state = renamed(seeded.tensors(name, dict(keys.values())), keys)
        projections = drawn_projections(name, Draw.DEMO)
        for key in network.state_dict():
            if key.endswith(VIEWS):
                state[key] = torch.from_numpy(views(projections[published_attention(key)]))
        network.load_state_dict(state)
        found[name] = FoldedDenoiser(network)
    return found


@pytest.mark.parametrize("name", ["idgen", "expgen"])
def test_one_denoiser_call_at_every_timestep(recorded, denoisers, name):
    x, context = (torch.from_numpy(recorded[f"{name}_{part}"]) for part in ("x", "ctx"))
    denoise = denoisers[name].condition(context)
    for timestep, eps in zip(recorded["t"].tolist(), recorded[f"{name}_eps"], strict=True):
        assert np.abs(denoise(x, timestep).numpy() - eps).max() <= 5e-5


def test_published_ddim_trajectory(recorded, denoisers):
    tape = seeded.noise_tape(int(recorded["ddim_noise_seed"]))
    final = ddim_as_published(
        denoisers["idgen"].condition(torch.from_numpy(recorded["ddim_ctx"])),
        torch.from_numpy(tape(recorded["ddim_final"].shape)),
        Schedule.linear(),
        noise=lambda shape: torch.from_numpy(tape(shape)),
    )
    assert np.abs(final.numpy() - recorded["ddim_final"]).max() <= 1e-4


def filled(make, group: str, prefix: str = "") -> torch.nn.Module:
    with torch.device("meta"):
        network = make()
    shapes = {prefix + key: tuple(t.shape) for key, t in network.state_dict().items()}
    state = seeded.tensors(group, shapes)
    network.load_state_dict({k.removeprefix(prefix): t for k, t in state.items()}, assign=True)
    return network.eval()


def assert_aligned(features: torch.Tensor, published: np.ndarray) -> None:
    ours = features[0].double()
    expected = torch.from_numpy(published).double()
    assert torch.nn.functional.cosine_similarity(ours, expected, dim=0).item() >= 0.999999
    assert (ours - expected).abs().max() <= 1e-4 * expected.abs().max()


@torch.inference_mode()
def test_arcface_with_and_without_its_last_norm(recorded):
    arcface = filled(ArcFace, "idgen_arcface")
    blob = torch.from_numpy(((recorded["blob"] - 127.5) / 127.5).astype(np.float32))[None]
    assert_aligned(arcface(blob, final_norm=True), recorded["idgen_arcface"])
    assert_aligned(arcface(blob, final_norm=False), recorded["idgen_arcface_alone"])


@torch.inference_mode()
def test_farl(recorded):
    farl = filled(Farl, "expgen_farl", "visual.")
    assert_aligned(farl(preprocess(recorded["picture"])[None]), recorded["expgen_farl"])
