"""Drawing: recorded calls, the published sizes, and products in half precision."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ofer_engine.diffusion.denoiser import Denoiser, DenoiserShape
from ofer_engine.diffusion.folded import FoldedDenoiser
from ofer_engine.diffusion.recorded import cuda_recording
from ofer_engine.diffusion.samplers import Sampler, ddpm, dpm_solver_pp_2m, seeded_noise
from ofer_engine.diffusion.schedule import Schedule
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import OpenPack, read_open_pack

from .bench import CPU, FULL, Bench, TableRow
from .difference import in_deviations, in_millimetres


def recordings(bench: Bench) -> Iterator[TableRow]:
    """That a call can be recorded at all: the product goes on plainly where it cannot."""
    if bench.device.type != "cuda":
        yield TableRow("a call as a CUDA graph", "the plain call", "no CUDA device")
        return
    network = invented_denoiser(bench.scale.idgen, 0).to(bench.device)
    x = torch.randn(bench.scale.heads, network.shape.coefficients, device=bench.device)
    context = _context(network.shape.context).to(bench.device)
    with torch.inference_mode():
        expected = network(x, 500, context)
        level = torch.tensor([500], device=bench.device)
        replay, result = cuda_recording(lambda: network(x, level, context))
        replay()
        bench.wait()
        yield TableRow(
            "a call as a CUDA graph, replayed",
            "the plain call",
            in_deviations(result, expected),
            bench.seconds(replay),
        )


def sampling(bench: Bench) -> Iterator[TableRow]:
    """Published sizes: graphs against plain calls, and both against the CPU."""
    scale, device = bench.scale, bench.device
    for name, shape, rows in (
        ("IdGen", scale.idgen, scale.heads),
        ("ExpGen", scale.expgen, scale.expressions),
    ):
        network = invented_denoiser(shape, 1)
        on_cpu = sample(network, rows, CPU)
        network = network.to(device)
        plain = sample(network, rows, device, recorded=False)
        yield TableRow(
            f"{name}, published size, 20 calls x {rows}, plain",
            "the CPU's",
            in_deviations(plain, on_cpu),
            bench.seconds(lambda n=network, r=rows: sample(n, r, device, recorded=False)),
        )
        yield TableRow(
            f"{name}, the same, recorded (recording included)",
            "plain",
            in_deviations(sample(network, rows, device), plain),
            bench.seconds(lambda n=network, r=rows: sample(n, r, device)),
        )
    steps = 1000 if scale is FULL else 50
    network = invented_denoiser(scale.expgen, 1).to(device)
    plain = sample(network, scale.expressions, device, recorded=False, sampler=ddpm, steps=steps)
    yield TableRow(
        f"ExpGen, {steps} calls of ddpm x {scale.expressions}, recorded",
        "plain",
        in_deviations(sample(network, scale.expressions, device, sampler=ddpm, steps=steps), plain),
        bench.seconds(
            lambda: sample(network, scale.expressions, device, sampler=ddpm, steps=steps)
        ),
    )


def halves(bench: Bench) -> Iterator[TableRow]:
    """Heads of the bundled pack with products in half precision, against float32's."""
    scale, device = bench.scale, bench.device
    pack = read_open_pack(BUNDLED / "open", CPU)
    network = pack.networks.idgen
    exact = _heads(pack, sample(network, scale.heads, CPU))
    network = network.to(device)
    title = f"{scale.heads} heads of the bundled pack"
    yield TableRow(
        f"{title}, float32",
        "the CPU's",
        in_millimetres(_heads(pack, sample(network, scale.heads, device)), exact),
        bench.seconds(lambda: sample(network, scale.heads, device)),
    )
    for kind in (torch.float16, torch.bfloat16):

        def drawn(kind: torch.dtype = kind) -> Tensor:
            # A graph must not hold casts that autocast remembered.
            with torch.autocast(device.type, kind, cache_enabled=False):
                return sample(network, scale.heads, device, recorded=False)

        yield TableRow(
            f"{title}, products in {str(kind).removeprefix('torch.')}",
            "float32 of the CPU",
            in_millimetres(_heads(pack, drawn()), exact),
            bench.seconds(drawn),
        )


def _heads(pack: OpenPack, drawn: Tensor) -> np.ndarray:
    return pack.head.vertices(drawn.cpu().numpy())


def invented_denoiser(shape: DenoiserShape, seed: int) -> Denoiser:
    torch.manual_seed(seed)
    return Denoiser(shape).eval().requires_grad_(False)


def _context(width: int) -> Tensor:
    return torch.randn(1, width, generator=torch.Generator().manual_seed(7))


@torch.inference_mode()
def sample(
    network: Denoiser,
    rows: int,
    device: torch.device,
    *,
    recorded: bool = True,
    sampler: Sampler = dpm_solver_pp_2m,
    steps: int = 20,
) -> Tensor:
    context = _context(network.shape.context).to(device)
    denoise = FoldedDenoiser(network).condition(context, recorded)
    noise = seeded_noise(0)
    start = noise((rows, network.shape.coefficients)).to(device)
    return sampler(denoise, start, Schedule.linear(), noise=noise, steps=steps)
