"""The open pack's files: networks of given sizes, written once and verified whenever they are read.

pack.json                 what it is, the sizes of its networks, the sha256 of every file
head.npz                  `heads/open_head`
conditioner.safetensors   `conditioning/evidence`
idgen.safetensors, expgen.safetensors, idrank.safetensors
CARD.md, card.json        how it was made, and how far it can be trusted
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save_file
from torch import Tensor, nn

from ..conditioning.evidence import EvidenceNetwork
from ..conditioning.person import EXTRA, HINTS
from ..contract.errors import ErrorCode, OferError
from ..contract.records import PackRecord
from ..diffusion.denoiser import Denoiser, DenoiserShape
from ..heads.open_head import OpenHead
from ..ranking.ranker import Ranker, RankerShape

FORMAT_VERSION: Final = 5
DESCRIPTION: Final = "pack.json"
HEAD: Final = "head.npz"
NETWORKS: Final = ("conditioner", "idgen", "expgen", "idrank")
_BESIDE: Final = {
    "hint_axes": "idgen",
    "spread": "idgen",
    "expression_mean": "expgen",
    "expression_deviation": "expgen",
}
"""Tensors that are no network's own, and the file that holds them."""


@dataclass(frozen=True)
class Sizes:
    """What the four networks must be built with.

    points : P evidence points; contour, irises : L and I that move; identities : K;
    expressions : X; rank_vertices : R; idgen_widths, expgen_widths : U-Net levels;
    rank_widths : hidden layers of IdRank.
    """

    points: int
    contour: int
    irises: int
    identities: int
    expressions: int
    rank_vertices: int
    idgen_widths: tuple[int, ...]
    expgen_widths: tuple[int, ...]
    rank_widths: tuple[int, ...]

    @staticmethod
    def of(numbers: Mapping[str, Any]) -> Sizes:
        """From a description's JSON. Raises TypeError or AttributeError where it is none."""
        listed: dict[str, Any] = {
            key: tuple(n) if isinstance(n, list) else n for key, n in numbers.items()
        }
        for key, number in listed.items():
            if not all(type(n) is int for n in (number if type(number) is tuple else (number,))):
                raise TypeError(f"{key} is no size")
        return Sizes(**listed)


@dataclass(frozen=True)
class Networks:
    """The trained parts, and numbers beside them, float32.

    expression_mean, expression_deviation : (X,), that standardise what ExpGen draws, the difference
    of an expression from the regressed one;
    hint_axes : (3, K), directions of age, sex and build among the identity coefficients;
    spread : (), how many times as far from their mean as IdGen draws them the samples are told
    (`evaluation/spread` finds it).
    """

    conditioner: EvidenceNetwork
    idgen: Denoiser
    expgen: Denoiser
    idrank: Ranker
    expression_mean: Tensor
    expression_deviation: Tensor
    hint_axes: Tensor
    spread: Tensor


def build_networks(sizes: Sizes) -> Networks:
    """Networks of these sizes with fresh weights."""
    conditioner = EvidenceNetwork(
        sizes.points, sizes.contour, sizes.irises, sizes.identities, sizes.expressions
    )
    photo = conditioner.context_size
    person = photo + EXTRA
    return Networks(
        conditioner=conditioner,
        idgen=Denoiser(DenoiserShape(sizes.identities, 2 * person, sizes.idgen_widths)),
        expgen=Denoiser(DenoiserShape(sizes.expressions, 2 * photo, sizes.expgen_widths)),
        idrank=Ranker(RankerShape(sizes.rank_vertices + 1, person, sizes.rank_widths)),
        expression_mean=torch.zeros(sizes.expressions),
        expression_deviation=torch.ones(sizes.expressions),
        hint_axes=torch.zeros(len(HINTS), sizes.identities),
        spread=torch.ones(()),
    )


def read_files(folder: Path, device: torch.device) -> tuple[PackRecord, Sizes, OpenHead, Networks]:
    """Load and verify a whole pack.

    Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED | WEIGHTS_WRONG).
    """
    description = _read_description(folder)
    record = _record(folder, description)
    files: Mapping[str, str] = description["files"]
    try:
        sizes = Sizes.of(description["sizes"])
    except (KeyError, TypeError, AttributeError) as cause:
        raise _damaged(folder, DESCRIPTION) from cause
    contents = {name: _verified(folder, name, digest) for name, digest in files.items()}
    networks = build_networks(sizes)
    tensors = {name: _tensors(folder, name, contents) for name in NETWORKS}
    for name in NETWORKS:
        network: nn.Module = getattr(networks, name)
        try:
            for key in [key for key, file in _BESIDE.items() if file == name]:
                getattr(networks, key).copy_(tensors[name].pop(key))
            network.load_state_dict(tensors[name])
        except (KeyError, RuntimeError) as cause:
            raise _damaged(folder, f"{name}.safetensors") from cause
        network.to(device).eval().requires_grad_(False)
    return record, sizes, OpenHead.load(folder / HEAD), networks


def read_record(folder: Path) -> PackRecord:
    """What a pack says of itself; its networks are not touched. Raises as `read_files`."""
    return _record(folder, _read_description(folder))


def write_pack(folder: Path, record: PackRecord, sizes: Sizes, networks: Networks) -> None:
    """Write networks and description beside a `head.npz` that is already in `folder`.

    Trained parameters are kept as float16 and computed with as float32.
    """
    for name in NETWORKS:
        network: nn.Module = getattr(networks, name)
        halved = dict(network.named_parameters())
        tensors = {
            key: (value.half() if key in halved else value).contiguous().clone()
            for key, value in network.state_dict().items()
        }
        beside = [key for key, file in _BESIDE.items() if file == name]
        tensors |= {key: getattr(networks, key).clone() for key in beside}
        save_file(tensors, folder / f"{name}.safetensors")
    names = (HEAD, *(f"{name}.safetensors" for name in NETWORKS))
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    about = {key: getattr(record, key) for key in (*_ABOUT, "hints")}
    description = {"format": FORMAT_VERSION} | about | {"sizes": asdict(sizes), "files": files}
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


_ABOUT: Final = ("id", "version", "title", "licence", "commercial", "claim")


def _read_description(folder: Path) -> dict:
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            f"There is no pack in {folder.name}: its {DESCRIPTION} is missing.",
            "Install OFER Faces again, or choose another pack.",
        ) from cause
    except (OSError, ValueError) as cause:
        raise _damaged(folder, DESCRIPTION) from cause
    if not isinstance(description, dict) or not isinstance(description.get("format"), int):
        raise _damaged(folder, DESCRIPTION)
    if description["format"] != FORMAT_VERSION:
        raise OferError(
            ErrorCode.WEIGHTS_WRONG,
            f"The pack {folder.name} was made for another version of OFER Faces.",
            "Train it again with this version, or choose another pack.",
        )
    return description


def _record(folder: Path, description: dict) -> PackRecord:
    try:
        about = {key: description[key] for key in _ABOUT}
        hints = tuple(description.get("hints", ()))
        return PackRecord(**about, fingerprint=_fingerprint(description["files"]), hints=hints)
    except (KeyError, TypeError, AttributeError) as cause:
        raise _damaged(folder, DESCRIPTION) from cause


def _verified(folder: Path, name: str, digest: str) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as cause:
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            f"The file {name} of the pack {folder.name} cannot be read.",
            "Install OFER Faces again, or import the weights again.",
        ) from cause
    if hashlib.sha256(content).hexdigest() != digest:
        raise _damaged(folder, name)
    return content


def _tensors(folder: Path, name: str, contents: Mapping[str, bytes]) -> dict[str, Tensor]:
    file = f"{name}.safetensors"
    try:
        tensors = load_tensors(contents[file])
    except (KeyError, SafetensorError) as cause:
        raise _damaged(folder, file) from cause
    return {
        key: value.float() if value.is_floating_point() else value for key, value in tensors.items()
    }


def _fingerprint(files: Mapping[str, str]) -> str:
    return hashlib.sha256("".join(sorted(files.values())).encode()).hexdigest()[:16]


def _damaged(folder: Path, name: str) -> OferError:
    return OferError(
        ErrorCode.WEIGHTS_DAMAGED,
        f"The file {name} of the pack {folder.name} is damaged: it is not what was released.",
        "Install OFER Faces again, or import the weights again.",
    )
