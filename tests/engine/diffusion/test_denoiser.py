"""The denoiser against a literal, row-by-row reading of docs/method.md §6, and its folded form."""

import math

import numpy as np
import pytest
import torch

from ofer_engine.diffusion.denoiser import Attention, Denoiser, DenoiserShape, ResidualBlock
from ofer_engine.diffusion.folded import FoldedDenoiser
from ofer_engine.diffusion.samplers import dpm_solver_pp_2m, seeded_noise
from ofer_engine.diffusion.schedule import Schedule

SHAPES = {
    "coefficients equal the outer width": DenoiserShape(24, 10, (24, 12, 6)),
    "coefficients narrower": DenoiserShape(9, 5, (32, 16, 12, 8), projections=4),
}


def random_denoiser(shape: DenoiserShape, seed: int = 0) -> Denoiser:
    torch.manual_seed(seed)
    network = Denoiser(shape)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return network.eval()


def silu(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(-x))


class Oracle:
    """§6 for one row, in float64, token by token and in the published order."""

    def __init__(self, network: Denoiser) -> None:
        self.weights = {k: v.detach().double().numpy() for k, v in network.state_dict().items()}
        self.depth = len(network.downs)

    def linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return self.weights[f"{name}.weight"] @ x + self.weights[f"{name}.bias"]

    def norm(self, name: str, x: np.ndarray) -> np.ndarray:
        unit = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
        return unit * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def block(self, name: str, x: np.ndarray, signal: np.ndarray) -> np.ndarray:
        scale, shift = np.split(self.linear(f"{name}.embed", silu(signal)), 2)
        hidden = self.norm(f"{name}.norm1", self.linear(f"{name}.layer1", x)) * (scale + 1) + shift
        hidden = silu(self.norm(f"{name}.norm2", self.linear(f"{name}.layer2", silu(hidden))))
        return hidden + (
            self.linear(f"{name}.skip", x) if f"{name}.skip.weight" in self.weights else x
        )

    def attention(self, name: str, x: np.ndarray) -> np.ndarray:
        unit = x / np.linalg.norm(x) * self.weights[f"{name}.gain"] * math.sqrt(len(x))
        query, key, value = self.weights[f"{name}.views"] @ unit  # each (heads, tokens, channels)
        heads, tokens, channels = query.shape
        seen = np.zeros((tokens, heads * channels))
        for head in range(heads):
            logits = query[head] @ key[head].T / math.sqrt(channels)
            weights = np.exp(logits - logits.max(1, keepdims=True))
            weights /= weights.sum(1, keepdims=True)
            seen[:, head * channels : (head + 1) * channels] = weights @ value[head]
        out = np.stack([self.linear(f"{name}.out", token) for token in seen])
        return x + (self.linear(f"{name}.mix", out))[0]

    def resample(self, name: str, x: np.ndarray) -> np.ndarray:
        return self.linear(f"{name}.2", silu(self.linear(f"{name}.0", x)))

    def __call__(self, x: np.ndarray, t: int, context: np.ndarray) -> np.ndarray:
        frequency = np.exp(-np.arange(256) * math.log(10000) / 255)
        wave = np.concatenate([np.sin(t * frequency), np.cos(t * frequency)])
        hidden = self.linear("time.0", wave)
        gelu = hidden * np.array([0.5 * (1 + math.erf(h / math.sqrt(2))) for h in hidden])
        signal = np.concatenate([self.linear("time.2", gelu), context])
        x = first = self.linear("first", x)
        skips = []
        for i in range(self.depth):
            x = self.block(f"downs.{i}.block1", x, signal)
            skips.append(x)
            x = self.attention(f"downs.{i}.attention", self.block(f"downs.{i}.block2", x, signal))
            skips.append(x)
            x = self.resample(f"downs.{i}.resample", x)
        x = self.attention("middle.attention", self.block("middle.block1", x, signal))
        x = self.block("middle.block2", x, signal)
        for i in range(self.depth):
            x = self.resample(f"ups.{i}.resample", x)
            x = self.block(f"ups.{i}.block1", np.concatenate([x, skips.pop()]), signal)
            x = self.block(f"ups.{i}.block2", np.concatenate([x, skips.pop()]), signal)
            x = self.attention(f"ups.{i}.attention", x)
        x = self.block("last_block", np.concatenate([x, first]), signal)
        return self.linear("last", self.attention("last_attention", x))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("timestep", [-1, 0, 500, 999])
def test_network_is_the_specification(shape, timestep):
    network = random_denoiser(shape)
    x, context = torch.randn(3, shape.coefficients), torch.randn(3, shape.context)
    with torch.inference_mode():
        out = network(x, timestep, context).numpy()
    oracle = Oracle(network)
    expected = np.stack(
        [oracle(x[i].double().numpy(), timestep, context[i].double().numpy()) for i in range(3)]
    )
    np.testing.assert_allclose(out, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("context_rows", [1, 7])
def test_folded_form_is_exact(shape, context_rows):
    network = random_denoiser(shape, seed=1)
    x, context = torch.randn(7, shape.coefficients), torch.randn(context_rows, shape.context)
    denoise = FoldedDenoiser(network).condition(context)
    for timestep in (-1, 0, 31, 999):
        with torch.inference_mode():
            plain = network(x, timestep, context)
        error = (denoise(x, timestep) - plain).abs().max() / plain.abs().max()
        assert error.item() <= 1e-5


def test_folded_form_serves_several_photos_without_mixing_them():
    network = random_denoiser(SHAPES["coefficients narrower"])
    folded = FoldedDenoiser(network)
    x, contexts = torch.randn(4, 9), torch.randn(2, 5)
    first, second = (folded.condition(contexts[i : i + 1]) for i in (0, 1))
    before = first(x, 10)
    assert not torch.equal(second(x, 10), before)
    assert torch.equal(first(x, 10), before)


def test_rows_are_independent_and_one_row_is_enough():
    shape = SHAPES["coefficients narrower"]
    network = random_denoiser(shape)
    x, context = torch.randn(6, shape.coefficients), torch.randn(6, shape.context)
    timesteps = torch.tensor([0, 3, 250, 500, 750, 999])
    with torch.inference_mode():
        together = network(x, timesteps, context)
        for i in range(6):
            alone = network(x[i : i + 1], int(timesteps[i]), context[i : i + 1])
            torch.testing.assert_close(alone[0], together[i], rtol=1e-5, atol=1e-5)


def test_every_parameter_is_trained():
    shape = SHAPES["coefficients equal the outer width"]
    network = random_denoiser(shape).train()
    x, context = torch.randn(8, shape.coefficients), torch.randn(8, shape.context)
    network(x, torch.randint(0, 1000, (8,)), context).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name
    assert "last_attention.views" in network.state_dict()


def test_published_sizes_have_the_published_number_of_parameters():
    for shape, published in (
        (DenoiserShape(300, 512, (300, 50, 10)), 6_246_954),
        (DenoiserShape(53, 1024, (53, 25, 10)), 1_815_673),
    ):
        network = Denoiser(shape)
        views = sum(m.views.numel() for m in network.modules() if isinstance(m, Attention))
        assert sum(p.numel() for p in network.parameters()) - views == published
        assert len(network.blocks()) == 11
        assert all(isinstance(block, ResidualBlock) for block in network.blocks())


def test_learns_a_conditional_gaussian():
    # Data N(±1, 0.1²), the sign told by the context: after a short training the samples must obey
    # it.
    torch.manual_seed(0)
    schedule = Schedule.linear()
    network = Denoiser(DenoiserShape(2, 1, (32, 16), projections=4))
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3)
    for _ in range(300):
        context = torch.randint(0, 2, (128, 1)) * 2.0 - 1.0
        clean = context + 0.1 * torch.randn(128, 2)
        timesteps, noise = torch.randint(0, schedule.levels, (128,)), torch.randn(128, 2)
        predicted = network(schedule.add_noise(clean, timesteps, noise), timesteps, context)
        loss = (predicted - noise).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    folded = FoldedDenoiser(network)
    noise = seeded_noise(1)
    for sign in (-1.0, 1.0):
        denoise = folded.condition(torch.tensor([[sign]]))
        samples = dpm_solver_pp_2m(denoise, noise((200, 2)), schedule, noise=noise)
        assert samples.mean().item() == pytest.approx(sign, abs=0.1)
        assert samples.std().item() == pytest.approx(0.1, abs=0.08)
