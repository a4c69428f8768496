"""The networks of the published OFER, and the demo's own way along them.

`as_published` makes the same draws in the same order as the published demo, with its quirks
(docs/method.md §1, §8), so that its files can be reproduced. The corrected way, with a solver that
denoises fully, any number of candidates, and expressions for one identity only, is that of every
pack: `pipeline.Reconstructor`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from ..diffusion.denoiser import Denoiser
from ..diffusion.folded import FoldedDenoiser
from ..diffusion.samplers import OnStep, ddim_as_published, ddpm
from ..diffusion.schedule import Schedule
from ..packs.pack import Contexts, PublishedResult
from ..ranking.ranker import Ranker
from .arcface import ArcFace, identity_embedding
from .catalogue import REQUIRED, Part
from .farl import Farl
from .flame import EXPRESSIONS, SHAPES, FlameHead
from .imported_files import lacking, missing_parts, part_file
from .published_keys import EXPGEN_SHAPE, IDGEN_SHAPE, IDRANK_SHAPE

Network = TypeVar("Network", bound=nn.Module)

PUBLISHED_CANDIDATES: Final = 100
PUBLISHED_EXPRESSIONS: Final = 15
JAW_SCALE: Final = 0.5
"""Jaw angles are halved at sampling time (§0.6)."""


@dataclass(frozen=True, eq=False)
class PublishedPack:
    """The networks as the three checkpoints carry them.

    files : the verified parts. The five encoders (1.5 GB) are read from them for each photo, one
    after the other: a photo is encoded once, and memory is worth more than 0.3 s.
    """

    head: FlameHead
    idgen: FoldedDenoiser
    idrank: Ranker
    expgen: FoldedDenoiser
    files: Mapping[Part, Path]
    device: torch.device


def read_published_pack(home: Path, device: torch.device) -> PublishedPack:
    """Load the imported parts. Raises OferError(WEIGHTS_MISSING) that names every missing one,
    or OferError(WEIGHTS_DAMAGED).
    """
    if missing := lacking(home):
        raise missing_parts(home, missing)
    files = {part: part_file(home, part) for part in REQUIRED}

    def network(make: Callable[[], Network], part: Part) -> Network:
        return load_network(make, files[part], "network.", device)

    return PublishedPack(
        head=read_flame_head(home),
        idgen=FoldedDenoiser(network(lambda: Denoiser(IDGEN_SHAPE), Part.IDGEN)),
        idrank=network(lambda: Ranker(IDRANK_SHAPE), Part.IDRANK),
        expgen=FoldedDenoiser(network(lambda: Denoiser(EXPGEN_SHAPE), Part.EXPGEN)),
        files=files,
        device=device,
    )


def read_flame_head(home: Path) -> FlameHead:
    """FLAME 2020 as imported. Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED)."""
    flame, front = (
        load_file(part_file(home, part)) for part in (Part.FLAME_2020, Part.FRONT_VERTICES)
    )
    arrays = {key: flame[key].numpy() for key in SHAPES}
    return FlameHead.from_arrays(arrays, front["front_vertices"].numpy())


@torch.inference_mode()
def photo_contexts(pack: PublishedPack, blob: Tensor, picture: Tensor) -> Contexts:
    """Encode one face once.

    blob : (3, 112, 112) float32, the five-point crop in -1..1, channels as published (BGR);
    picture : (3, 224, 224) float32 from `conditioning.farl.preprocess`. The published code encodes
    100 copies for IdGen and ExpGen, so ArcFace's last norm acts there, and one for IdRank, where it
    does not (§0.4).
    """
    blobs, pictures = blob[None].to(pack.device), picture[None].to(pack.device)

    def identity(part: Part, final_norm: bool) -> Tensor:
        arcface = load_network(ArcFace, pack.files[part], "arcface.", pack.device)
        return identity_embedding(arcface, blobs, final_norm)

    def look(part: Part) -> Tensor:
        return load_network(Farl, pack.files[part], "farl.", pack.device)(pictures)

    ranking, expression = Part.IDRANK, Part.EXPGEN
    return Contexts(
        identity=identity(Part.IDGEN, final_norm=True),
        ranking=torch.cat([look(ranking), identity(ranking, final_norm=False)], 1),
        expression=torch.cat([look(expression), identity(expression, final_norm=True)], 1),
    )


@torch.inference_mode()
def rank(pack: PublishedPack, contexts: Contexts, identities: np.ndarray) -> np.ndarray:
    """IdRank's scores of candidates (N, 300), any N. Returns (N,) float32."""
    millimetres = torch.from_numpy((pack.head.rank_view(identities) * 1000).astype(np.float32))
    return pack.idrank(millimetres.to(pack.device), contexts.ranking[0]).cpu().numpy()


class PublishedDraws:
    """The demo's two generators, numpy's and torch's, in the order in which it asks them (§8).

    Made once for a list of photos: each photo goes on where the last one stopped, so results
    depend on the order of the list.
    """

    def __init__(self) -> None:
        self._reseed(1)
        self._reseed(int(self._numpy.randint(1000)))

    def start(self, rows: int, coefficients: int) -> Tensor:
        """x_T (rows, coefficients), and the unused number that the sampler draws after it."""
        x = self.noise((rows, coefficients))
        self._numpy.randint(rows)
        return x

    def noise(self, shape: tuple[int, ...]) -> Tensor:
        """Standard normal from torch's generator."""
        return torch.randn(shape, generator=self._torch)

    def seed_expressions(self) -> None:
        """Both generators begin anew before ExpGen, from a number of numpy's."""
        self._reseed(int(self._numpy.randint(1000)))

    def _reseed(self, seed: int) -> None:
        self._numpy = np.random.RandomState(seed)
        self._torch = torch.Generator().manual_seed(seed)


def as_published(
    pack: PublishedPack,
    contexts: Contexts,
    draws: PublishedDraws,
    on_step: OnStep | None = None,
) -> PublishedResult:
    """What the published demo computes for one photo, its draws included.

    ExpGen's rows do not influence one another, so only the 15 that the demo writes are computed;
    all 100 are drawn.
    """
    schedule = Schedule.linear()
    count, kept = PUBLISHED_CANDIDATES, PUBLISHED_EXPRESSIONS
    x = draws.start(count, IDGEN_SHAPE.coefficients)
    denoise = pack.idgen.condition(contexts.identity)
    drawn = ddim_as_published(
        denoise, x.to(pack.device), schedule, noise=draws.noise, on_step=on_step
    )
    identities = drawn.cpu().numpy()
    scores = rank(pack, contexts, identities)
    draws.seed_expressions()
    x = draws.start(count, EXPGEN_SHAPE.coefficients)[:kept]
    denoise = pack.expgen.condition(contexts.expression)

    def noise(shape: tuple[int, ...]) -> Tensor:
        return draws.noise((count, *shape[1:]))[:kept]

    drawn = ddpm(denoise, x.to(pack.device), schedule, noise=noise, on_step=on_step)
    return PublishedResult(identities, scores, int(scores.argmax()), scaled_jaw(drawn))


def scaled_jaw(drawn: Tensor) -> np.ndarray:
    """(E, 53) float32 for FLAME of ExpGen's draws (E, 53): the jaw's angles are halved (§0.6)."""
    scaled = drawn.cpu().numpy().copy()
    scaled[:, EXPRESSIONS:] *= JAW_SCALE
    return scaled


def load_network(
    make: Callable[[], Network], path: Path, prefix: str, device: torch.device
) -> Network:
    """A network that holds the tensors named `prefix`*, without ever having had others."""
    with torch.device("meta"):
        network = make()
    with safe_open(path, "pt") as file:
        keys = [key for key in file.keys() if key.startswith(prefix)]
        own = {key.removeprefix(prefix): file.get_tensor(key) for key in keys}
    network.load_state_dict(own, assign=True)
    return network.to(device).eval().requires_grad_(False)
