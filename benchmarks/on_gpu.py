"""What only a GPU can show: each row compares a result on the device with what it must equal.

    benchmarks/on_gpu.sh [--dry] [--out TABLE.md]

Without CUDA it stops; with --dry the same checks run on the CPU with small
networks, so that the script itself is tried; such figures say nothing of a GPU. A check that fails
becomes a row with the error, and the exit status is 1. Published sizes have invented weights.
"""

from __future__ import annotations

import argparse
import copy
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ofer_engine.conditioning.evidence import EvidenceNetwork
from ofer_engine.contract import reconstruction
from ofer_engine.contract.errors import OferError
from ofer_engine.diffusion.denoiser import Denoiser, DenoiserShape
from ofer_engine.diffusion.folded import FoldedDenoiser
from ofer_engine.diffusion.recorded import cuda_recording
from ofer_engine.diffusion.samplers import Sampler, ddpm, dpm_solver_pp_2m, seeded_noise
from ofer_engine.diffusion.schedule import Schedule
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import OpenPack, read_open_pack
from ofer_engine.published.arcface import ArcFace
from ofer_engine.published.farl import Farl
from ofer_engine.published.published_keys import EXPGEN_SHAPE, IDGEN_SHAPE, IDRANK_SHAPE
from ofer_engine.published.training.batches import Batch
from ofer_engine.published.training.generators import NoiseLoss
from ofer_engine.published.training.networks import Trainee, prepare
from ofer_engine.published.training.recipes import RECIPES, TrainingStage
from ofer_engine.ranking.ranker import Ranker
from ofer_engine.research.training.conditioner import Weights, loss_weights, losses
from ofer_engine.research.training.loop import Losses, Precision, TrainingPlan, train
from ofer_engine.research.training.optimizer import ParameterGroup
from ofer_engine.research.training.photo_set import LABELS, PhotoSet
from ofer_engine.research.training.ranks import Ranks

ROOT: Final = Path(__file__).resolve().parents[1]
HELD_OUT: Final = ROOT / "tests" / "engine" / "research" / "evaluation" / "data"
CPU: Final = torch.device("cpu")
_CROP: Final = 128


@dataclass(frozen=True)
class Scale:
    """How much is computed.

    heads, expressions : drawn; idgen, expgen : the published denoisers; batch : pictures of a
    conditioner's step; people : of a published step, four pictures each; rounds : timings of each;
    steps : of a training; stages, precisions : what is trained, and how.
    """

    heads: int
    expressions: int
    idgen: DenoiserShape
    expgen: DenoiserShape
    batch: int
    people: int
    rounds: int
    steps: int
    stages: tuple[TrainingStage, ...]
    precisions: tuple[Precision, ...]


FULL: Final = Scale(
    100,
    15,
    IDGEN_SHAPE,
    EXPGEN_SHAPE,
    48,
    16,
    5,
    4,
    (TrainingStage.IDGEN, TrainingStage.EXPGEN),
    tuple(Precision),
)
DRY: Final = Scale(
    8,
    2,
    DenoiserShape(30, 512, (30, 10), 2),
    DenoiserShape(12, 1024, (12, 6), 2),
    2,
    1,
    1,
    2,
    (TrainingStage.IDGEN,),
    (Precision.FLOAT32,),
)


@dataclass(frozen=True)
class Row:
    """One line of the table. seconds : of the device; megabytes : its largest memory, or ""."""

    what: str
    against: str
    figure: str
    seconds: str = ""
    megabytes: str = ""


@dataclass(frozen=True)
class Bench:
    """device : to be tried; scale : how much."""

    device: torch.device
    scale: Scale

    def seconds(self, work: Callable[[], object]) -> str:
        """Of the fastest of the rounds, the first of them not counted."""
        fastest = float("inf")
        for number in range(self.scale.rounds + 1):
            self.wait()
            started = time.perf_counter()
            work()
            self.wait()
            if number:
                fastest = min(fastest, time.perf_counter() - started)
        return f"{fastest:.4f}"

    def wait(self) -> None:
        """Until the device has done all that was asked of it."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every check and write the table; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry", action="store_true", help="on the CPU, with small sizes")
    names = [check.__name__ for check in CHECKS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="some checks")
    parser.add_argument("--out", type=Path, help="the table's file; it is printed, too")
    options = parser.parse_args(arguments)
    if not options.dry and not torch.cuda.is_available():
        print("This machine has no CUDA device; --dry tries the script on the CPU.")
        return 2
    if options.dry:
        bench = Bench(CPU, DRY)
        torch.set_num_threads(1)
    else:
        bench = Bench(torch.device("cuda"), FULL)
    failed = False
    lines = [*_machine(bench, options.dry), ""]
    lines += ["| what | compared with | figure | seconds | MB |", "|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    for check in (check for check in CHECKS if check.__name__ in options.only):
        for row in _rows(check, bench):
            failed |= row.figure.startswith("failed")
            cells = (row.what, row.against, row.figure, row.seconds, row.megabytes)
            lines.append("| " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
            if options.out:
                options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(failed)


def _machine(bench: Bench, dry: bool) -> Iterator[str]:
    if dry:
        yield "A dry run on the CPU with small networks: it tries the script, not a GPU."
        yield ""
    name, driver = platform.processor() or platform.machine(), "none"
    if bench.device.type == "cuda":
        name = torch.cuda.get_device_name()
        driver = _driver()
    yield f"- device: {name}; driver: {driver}"
    yield f"- torch {torch.__version__}, CUDA {torch.version.cuda}, HIP {torch.version.hip}"
    matmul, convolutions = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    yield f"- TF32: products {matmul}, convolutions {convolutions}"


def _driver() -> str:
    asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return answer.stdout.strip()


def _rows(check: Callable[[Bench], Iterator[Row]], bench: Bench) -> Iterator[Row]:
    """The rows of a check, each with the memory that it took; an error is the last of them."""
    cuda = bench.device.type == "cuda"
    rows = check(bench)
    while True:
        if cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        try:
            row = next(rows)
        except StopIteration:
            return
        except (RuntimeError, ValueError, TypeError, OSError, OferError) as cause:
            said = " ".join(str(cause).split())[:200].replace("|", "/")
            yield Row(check.__name__, "", f"failed: {type(cause).__name__}: {said}")
            return
        if cuda:
            row = replace(row, megabytes=f"{torch.cuda.max_memory_allocated() / 2**20:.0f}")
        yield row


def _apart(one: Tensor, other: Tensor) -> str:
    """The largest difference, in standard deviations of the second."""
    one, other = one.detach().cpu().double(), other.detach().cpu().double()
    if not (torch.isfinite(one).all() and torch.isfinite(other).all()):
        return "failed: numbers without end"
    scale = other.std().clamp_min(1e-12)
    return f"{float((one - other).abs().max() / scale):.1e} sd"


def _millimetres(one: np.ndarray, other: np.ndarray) -> str:
    """Distance of corresponding vertices (…, 3) in metres: root mean square, and largest."""
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return "failed: numbers without end"
    away = np.linalg.norm(one.astype(np.float64) - other, axis=-1) * 1000
    return f"{np.sqrt(np.square(away).mean()):.1e} mm rms, {away.max():.1e} mm at most"


def _invented(shape: DenoiserShape, seed: int) -> Denoiser:
    torch.manual_seed(seed)
    return Denoiser(shape).eval().requires_grad_(False)


def _context(width: int) -> Tensor:
    return torch.randn(1, width, generator=torch.Generator().manual_seed(7))


@torch.inference_mode()
def _sample(
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


def recordings(bench: Bench) -> Iterator[Row]:
    """That a call can be recorded at all: the product goes on plainly where it cannot."""
    if bench.device.type != "cuda":
        yield Row("a call as a CUDA graph", "the plain call", "no CUDA device")
        return
    network = _invented(bench.scale.idgen, 0).to(bench.device)
    x = torch.randn(bench.scale.heads, network.shape.coefficients, device=bench.device)
    context = _context(network.shape.context).to(bench.device)
    with torch.inference_mode():
        expected = network(x, 500, context)
        level = torch.tensor([500], device=bench.device)
        replay, result = cuda_recording(lambda: network(x, level, context))
        replay()
        bench.wait()
        yield Row(
            "a call as a CUDA graph, replayed",
            "the plain call",
            _apart(result, expected),
            bench.seconds(replay),
        )


def sampling(bench: Bench) -> Iterator[Row]:
    """Published sizes: graphs against plain calls, and both against the CPU."""
    scale, device = bench.scale, bench.device
    for name, shape, rows in (
        ("IdGen", scale.idgen, scale.heads),
        ("ExpGen", scale.expgen, scale.expressions),
    ):
        network = _invented(shape, 1)
        on_cpu = _sample(network, rows, CPU)
        network = network.to(device)
        plain = _sample(network, rows, device, recorded=False)
        yield Row(
            f"{name}, published size, 20 calls x {rows}, plain",
            "the CPU's",
            _apart(plain, on_cpu),
            bench.seconds(lambda n=network, r=rows: _sample(n, r, device, recorded=False)),
        )
        yield Row(
            f"{name}, the same, recorded (recording included)",
            "plain",
            _apart(_sample(network, rows, device), plain),
            bench.seconds(lambda n=network, r=rows: _sample(n, r, device)),
        )
    steps = 1000 if scale is FULL else 50
    network = _invented(scale.expgen, 1).to(device)
    plain = _sample(network, scale.expressions, device, recorded=False, sampler=ddpm, steps=steps)
    yield Row(
        f"ExpGen, {steps} calls of ddpm x {scale.expressions}, recorded",
        "plain",
        _apart(_sample(network, scale.expressions, device, sampler=ddpm, steps=steps), plain),
        bench.seconds(
            lambda: _sample(network, scale.expressions, device, sampler=ddpm, steps=steps)
        ),
    )


def halves(bench: Bench) -> Iterator[Row]:
    """Heads of the bundled pack with products in half precision, against float32's."""
    scale, device = bench.scale, bench.device
    pack = read_open_pack(BUNDLED / "open", CPU)
    network = pack.networks.idgen
    exact = _heads(pack, _sample(network, scale.heads, CPU))
    network = network.to(device)
    title = f"{scale.heads} heads of the bundled pack"
    yield Row(
        f"{title}, float32",
        "the CPU's",
        _millimetres(_heads(pack, _sample(network, scale.heads, device)), exact),
        bench.seconds(lambda: _sample(network, scale.heads, device)),
    )
    for kind in (torch.float16, torch.bfloat16):

        def drawn(kind: torch.dtype = kind) -> Tensor:
            # A graph must not hold casts that autocast remembered.
            with torch.autocast(device.type, kind, cache_enabled=False):
                return _sample(network, scale.heads, device, recorded=False)

        yield Row(
            f"{title}, products in {str(kind).removeprefix('torch.')}",
            "float32 of the CPU",
            _millimetres(_heads(pack, drawn()), exact),
            bench.seconds(drawn),
        )


def _heads(pack: OpenPack, drawn: Tensor) -> np.ndarray:
    return pack.head.vertices(drawn.cpu().numpy())


def encoders(bench: Bench) -> Iterator[Row]:
    """ArcFace, FaRL, IdRank and the bundled conditioner on one face."""
    torch.manual_seed(2)
    ranked = torch.randn(bench.scale.heads, IDRANK_SHAPE.vertices, 3), torch.randn(1024)
    crop = _held_out(1)[0]
    conditioner = read_open_pack(BUNDLED / "open", CPU).networks.conditioner
    works: Sequence[tuple[str, nn.Module, tuple[object, ...]]] = (
        ("ArcFace, invented weights", ArcFace(), (torch.randn(1, 3, 112, 112), True)),
        ("FaRL, invented weights", Farl(), (torch.randn(1, 3, 224, 224),)),
        (f"IdRank of {bench.scale.heads}, published size", Ranker(IDRANK_SHAPE), ranked),
        ("the bundled conditioner, its points", _Points(conditioner), (crop,)),
    )
    for name, network, given in works:
        network = network.eval()
        there = [one.to(bench.device) if isinstance(one, Tensor) else one for one in given]
        with torch.inference_mode():
            expected = network(*given)
            network = network.to(bench.device)
            found = network(*there)
            yield Row(
                name,
                "the CPU's",
                _apart(found, expected),
                bench.seconds(lambda n=network, t=there: n(*t)),
            )


class _Points(nn.Module):
    """The conditioner's points alone."""

    def __init__(self, conditioner: EvidenceNetwork) -> None:
        super().__init__()
        self.conditioner = conditioner

    def forward(self, crops: Tensor) -> Tensor:
        return self.conditioner(crops).points


def _held_out(count: int) -> tuple[Tensor, PhotoSet]:
    """Recorded synthetic pictures (count, 3, 128, 128) in 0..1 of the tests, with their truth."""
    sheet = np.asarray(Image.open(HELD_OUT / "held_out.jpg"))
    rows, columns = sheet.shape[0] // _CROP, sheet.shape[1] // _CROP
    crops = sheet.reshape(rows, _CROP, columns, _CROP, 3).swapaxes(1, 2)
    crops = crops.reshape(-1, _CROP, _CROP, 3)[:count].copy()
    with np.load(HELD_OUT / "held_out.npz") as truth:
        labels = {label: torch.from_numpy(truth[label][:count]) for label in LABELS}
    photos = PhotoSet(images=(crops,), person=torch.arange(count), **labels)
    return photos.crops(np.arange(count)), photos


def conditioner_steps(bench: Bench) -> Iterator[Row]:
    """Steps of the conditioner's training, as `train open` takes them, on the same pictures."""
    pack = read_open_pack(BUNDLED / "open", CPU)
    crops, truth = _held_out(bench.scale.batch)
    weights = loss_weights(pack.head, truth)

    def trained(device: torch.device, precision: Precision) -> tuple[list[float], str]:
        network = copy.deepcopy(pack.networks.conditioner)
        network.requires_grad_(True)
        network.trunk.freeze(len(network.trunk.stages))
        network.to(device, memory_format=torch.channels_last).train()  # pyright: ignore
        there = crops.to(device, memory_format=torch.channels_last)
        known = replace(truth, **{label: getattr(truth, label).to(device) for label in LABELS})
        shared = Weights(weights.identity.to(device), weights.expression.to(device))
        learning = [p for p in network.parameters() if p.requires_grad]
        groups = [
            ParameterGroup([p for p in learning if p.ndim < 2]),
            ParameterGroup([p for p in learning if p.ndim > 1], 2.0, matrices=True),
        ]

        def step(_: int, __: torch.Generator) -> Losses:
            return losses(network.rounds(there)[-1], known, shared)

        return _trained(bench, network, groups, step, precision)

    title = f"conditioner, {bench.scale.steps} steps of {bench.scale.batch} pictures"
    expected, _ = trained(CPU, Precision.FLOAT32)
    for precision in bench.scale.precisions:
        found, seconds = trained(bench.device, precision)
        yield Row(f"{title}, {precision}", "the CPU's losses", _parted(found, expected), seconds)


def published_steps(bench: Bench) -> Iterator[Row]:
    """Steps of a published network's training with its encoders: a few pictures, then all."""
    scale = bench.scale
    small, full = 1, scale.people
    for stage in scale.stages:
        shape = scale.idgen if stage is TrainingStage.IDGEN else scale.expgen
        expected, _ = _published(bench, CPU, stage, shape, small, Precision.FLOAT32)
        for precision in scale.precisions:
            found, seconds = _published(bench, bench.device, stage, shape, small, precision)
            if full > small:
                _, seconds = _published(bench, bench.device, stage, shape, full, precision)
            yield Row(
                f"{stage} with its encoders, {scale.steps} steps of 4 pictures, {precision}"
                f" (seconds and MB: of {4 * full} pictures)",
                "the CPU's losses",
                _parted(found, expected),
                seconds,
            )


def _published(
    bench: Bench,
    device: torch.device,
    stage: TrainingStage,
    shape: DenoiserShape,
    people: int,
    precision: Precision,
) -> tuple[list[float], str]:
    recipe = replace(RECIPES[stage, "ours"], precision=precision)
    torch.manual_seed(3)
    farl = Farl() if stage is TrainingStage.EXPGEN else None
    trainee = Trainee(Denoiser(shape), ArcFace(), farl)
    rows, width = people * recipe.images, shape.coefficients
    batch = Batch(
        torch.randn(rows, 3, 112, 112),
        torch.randn(rows, 3, 224, 224) if farl else torch.zeros(rows, 0),
        torch.randn(rows, width),
        torch.randn(rows, width),
    )
    trainee.to(device).train()
    loss = NoiseLoss(stage, recipe, Ranks(), device)
    groups = prepare(trainee, recipe)

    def step(_: int, generator: torch.Generator) -> Losses:
        return {"total": loss(trainee, batch, rows, generator)}

    return _trained(bench, trainee, groups, step, precision)


def _trained(
    bench: Bench,
    model: nn.Module,
    groups: Sequence[ParameterGroup],
    step: Callable[[int, torch.Generator], Losses],
    precision: Precision,
) -> tuple[list[float], str]:
    """The losses of the steps, and the seconds of one, the first not counted."""
    begun: list[float] = []
    found: list[Tensor] = []

    def watched(number: int, generator: torch.Generator) -> Losses:
        bench.wait()
        begun.append(time.perf_counter())
        values: Mapping[str, Tensor] = step(number, generator)
        found.append(values["total"].detach())
        return values

    steps = bench.scale.steps
    plan = TrainingPlan(steps, 1e-4, warmup=0, every=steps, precision=precision)
    with tempfile.TemporaryDirectory() as folder:
        train(model, groups, watched, plan, Path(folder))
    spent = np.diff(begun)[1:] if len(begun) > 2 else np.diff(begun)
    return [float(value) for value in found], f"{spent.min():.4f}"


def _parted(found: Sequence[float], expected: Sequence[float]) -> str:
    if not np.isfinite(found).all():
        return "failed: a loss without end"
    apart = np.abs(np.subtract(found, expected)) / np.abs(expected)
    return f"first {apart[0]:.1e}, last {apart[-1]:.1e} of the loss"


def reconstruct(bench: Bench) -> Iterator[Row]:
    """The command line's own road with the bundled pack, on the device and on the CPU."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        tile = Image.open(HELD_OUT / "held_out.jpg").crop((0, 0, _CROP, _CROP))
        tile.resize((4 * _CROP, 4 * _CROP), Image.Resampling.LANCZOS).save(place / "face.png")
        expected, _ = _reconstructed(place, "cpu", bench)
        found, seconds = _reconstructed(place, bench.device.type, bench)
        for name in ("identity_vertices", "expression_vertices"):
            apart = _millimetres(found.array(name), expected.array(name))
            yield Row(f"`reconstruct`, {name}", "the CPU's", apart, seconds)
        same = np.array_equal(found.array("identity_order"), expected.array("identity_order"))
        yield Row(
            "`reconstruct`, order of the ranked heads", "the CPU's", "same" if same else "other"
        )


def _reconstructed(
    place: Path, device: str, bench: Bench
) -> tuple[reconstruction.Reconstruction, str]:
    out = place / f"on_{device}_{len(list(place.iterdir()))}"
    command = [sys.executable, "-m", "ofer_engine", "reconstruct", str(place / "face.png")]
    command += ["--out", str(out), "--device", device, "--identities", str(bench.scale.heads)]
    command += ["--keep", "4", "--expressions", str(bench.scale.expressions)]
    started = time.perf_counter()
    ran = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=ROOT)
    if ran.returncode:
        raise RuntimeError(ran.stderr[-300:] or ran.stdout[-300:])
    seconds = f"{time.perf_counter() - started:.1f}, start of the process included"
    return reconstruction.read(next(out.glob("*.ofer"))), seconds


CHECKS: Final = (
    recordings,
    sampling,
    halves,
    encoders,
    conditioner_steps,
    published_steps,
    reconstruct,
)


if __name__ == "__main__":
    sys.exit(main())
