"""IdGen's and ExpGen's networks and trajectories against the published code."""

import numpy as np
import pytest
import torch

from ofer_engine.diffusion.samplers import ddim_as_published, ddpm
from ofer_engine.diffusion.schedule import Schedule

NETWORKS = ("idgen", "expgen")


@pytest.mark.parametrize("name", NETWORKS)
def test_one_call_at_every_timestep(goldens, pack, name):
    published = goldens("denoiser")
    x, context = (torch.from_numpy(published[f"{name}_{part}"]) for part in ("x", "ctx"))
    denoise = getattr(pack, name).condition(context)
    for timestep, eps in zip(published["t"].tolist(), published[f"{name}_eps"], strict=True):
        assert np.abs(denoise(x, timestep).numpy() - eps).max() <= 5e-5


@pytest.mark.parametrize("name", NETWORKS)
def test_one_row_alone_is_the_same_row(goldens, pack, name):
    # The published code cannot do this: its bare squeeze() breaks a batch of one.
    published = goldens("denoiser")
    x, context = (torch.from_numpy(published[f"{name}_{part}"]) for part in ("x", "ctx"))
    eps = getattr(pack, name).condition(context[:1])(x[:1], int(published["t"][0]))
    assert np.abs(eps.numpy() - published[f"{name}_eps"][0, :1]).max() <= 5e-5


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("sampler", [ddim_as_published, ddpm], ids=["ddim", "ddpm"])
def test_whole_trajectory(goldens, pack, name, sampler):
    published = goldens(f"{name}_{'ddpm' if sampler is ddpm else 'ddim'}")
    tape = goldens.seeded.noise_tape(int(published["noise_seed"]))
    x = torch.from_numpy(tape(published["x_T"].shape))
    np.testing.assert_array_equal(x.numpy(), published["x_T"])
    network = getattr(pack, name).condition(torch.from_numpy(published["ctx"]))
    recorded = {int(t): i for i, t in enumerate(published["t"])}

    def relative(ours: torch.Tensor, theirs: np.ndarray) -> float:
        return float(np.abs(ours.numpy() - theirs).max() / max(1.0, np.abs(theirs).max()))

    def watched(state: torch.Tensor, timestep: int) -> torch.Tensor:
        eps = network(state, timestep)
        if timestep in recorded:
            i = recorded[timestep]
            assert relative(state, published["x_at_t"][i]) <= 1e-4
            assert relative(eps, published["eps_at_t"][i]) <= 1e-4
            seen.append(timestep)
        return eps

    seen: list[int] = []
    final = sampler(
        watched, x, Schedule.linear(), noise=lambda shape: torch.from_numpy(tape(shape))
    )
    assert sorted(seen) == sorted(recorded)
    assert relative(final, published["final"]) <= 1e-4
    if sampler is ddim_as_published:
        assert np.abs(final.numpy() - published["final"]).max() <= 1e-4
