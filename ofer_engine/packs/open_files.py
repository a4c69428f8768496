"""The open pack's files: networks of given sizes, written once and verified whenever they are read.

pack.json                 what it is, the sizes of its networks, the sha256 of every file
head.npz                  `heads/open_head`
conditioner.safetensors   `conditioning/evidence`
idgen.safetensors, expgen.safetensors, idrank.safetensors
                          (weights as float16, or as bytes since format 6: `byte_weights`;
                          idgen.safetensors with a `linear_belief` since format 8)
CARD.md, card.json        how it was made, and how far it can be trusted
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load as load_tensors
from safetensors.torch import save_file
from torch import Tensor, nn

from ..conditioning.evidence import CROP, EvidenceNetwork
from ..conditioning.person import EXTRA, HINTS
from ..contract import strict_json
from ..contract.errors import ErrorCode, OferError
from ..contract.fields import from_fields
from ..contract.files.pieces import read_piece
from ..contract.installed import MOST_TEXT
from ..contract.records import PackRecord
from ..diffusion.denoiser import Denoiser, DenoiserShape
from ..diffusion.folded import Conditional, FoldedDenoiser
from ..diffusion.linear_belief import FoldedBelief, LinearBelief
from ..heads.open_head import OpenHead
from ..ranking.ranker import Ranker, RankerShape
from .byte_weights import SCALE, as_bytes, as_weights

FORMAT_VERSION: Final = 8
_READ: Final = (5, 6, 8)
"""Formats that are read: 5 keeps no weight as bytes, 5 and 6 have no belief. 7, whose belief had
one doubt for the whole face, was never released."""
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
_BELIEF: Final = "belief."
"""What the names of the belief's tensors begin with, in IdGen's file."""


@dataclass(frozen=True)
class Sizes:
    """What the four networks must be built with.

    points : P evidence points; contour, irises : L and I that move; identities : K;
    expressions : X; rank_vertices : R; idgen_widths, expgen_widths : U-Net levels;
    rank_widths : hidden layers of IdRank; crop : pixels of the crops that the conditioner reads.
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
    crop: int = CROP


@dataclass(frozen=True)
class Networks:
    """The trained parts, and numbers beside them, float32.

    expression_mean, expression_deviation : (X,), that standardise what ExpGen draws, the difference
    of an expression from the regressed one;
    hint_axes : (3, K), directions of age, sex and build among the identity coefficients;
    spread : (), how many times as far from their mean as IdGen draws them the samples are put
    (`research/evaluation/spread` finds it);
    belief : what IdGen adds to, None in a pack whose IdGen answers by itself.
    """

    conditioner: EvidenceNetwork
    idgen: Denoiser
    expgen: Denoiser
    idrank: Ranker
    expression_mean: Tensor
    expression_deviation: Tensor
    hint_axes: Tensor
    spread: Tensor
    belief: LinearBelief | None

    def folded_idgen(self) -> Conditional:
        """IdGen, ready to draw."""
        if self.belief is None:
            return FoldedDenoiser(self.idgen)
        return FoldedBelief(self.idgen, self.belief)


def build_networks(sizes: Sizes) -> Networks:
    """Networks of these sizes with fresh weights."""
    conditioner = EvidenceNetwork(
        sizes.points,
        sizes.contour,
        sizes.irises,
        sizes.identities,
        sizes.expressions,
        sizes.crop,
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
        belief=LinearBelief(sizes.identities, photo, len(HINTS)),
    )


def read_files(folder: Path, device: torch.device) -> tuple[PackRecord, Sizes, OpenHead, Networks]:
    """Load and verify a whole pack.

    Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED | WEIGHTS_WRONG).
    """
    description = _read_description(folder)
    record = _record(description)
    contents = {name: _verified(folder, name, digest) for name, digest in description.files}
    tensors = {name: _tensors(folder, name, contents) for name in NETWORKS}
    networks = _empty_networks(folder, description.sizes, tensors)
    for name in NETWORKS:
        network: nn.Module = getattr(networks, name)
        try:
            for key in [key for key, file in _BESIDE.items() if file == name]:
                getattr(networks, key).copy_(tensors[name].pop(key))
            believed = {key for key in tensors[name] if key.startswith(_BELIEF)}
            if networks.belief is not None and believed:
                found = {key.removeprefix(_BELIEF): tensors[name].pop(key) for key in believed}
                networks.belief.load_state_dict(found)
                networks.belief.to(device)
            network.load_state_dict(tensors[name])
        except (KeyError, RuntimeError) as cause:
            raise _damaged(folder, f"{name}.safetensors") from cause
        network.to(device).eval().requires_grad_(False)
    head = OpenHead.load(folder / HEAD)
    sizes = description.sizes
    said = (sizes.points, sizes.identities, sizes.rank_vertices)
    if said != (len(head.point_vertices), len(head.identity), len(head.rank_vertices)):
        raise _damaged(folder, HEAD)
    return record, sizes, head, networks


def _empty_networks(
    folder: Path, sizes: Sizes, tensors: Mapping[str, Mapping[str, Tensor]]
) -> Networks:
    """Networks of these sizes, made once the files are seen to fill them: a description may ask
    for more memory than there is.
    """
    try:
        with torch.device("meta"):
            planned = build_networks(sizes)
    except (RuntimeError, ValueError, TypeError, ZeroDivisionError) as cause:
        raise _damaged(folder, DESCRIPTION) from cause
    believing = any(key.startswith(_BELIEF) for key in tensors["idgen"])
    for name in NETWORKS:
        network: nn.Module = getattr(planned, name)
        wanted = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
        beside = [key for key, file in _BESIDE.items() if file == name]
        wanted |= {key: tuple(getattr(planned, key).shape) for key in beside}
        if name == "idgen" and believing:
            wanted |= {key: tuple(tensor.shape) for key, tensor in _believed(planned).items()}
        if wanted != {key: tuple(tensor.shape) for key, tensor in tensors[name].items()}:
            raise _damaged(folder, f"{name}.safetensors")
    networks = build_networks(sizes)
    return networks if believing else replace(networks, belief=None)


def _believed(networks: Networks) -> dict[str, Tensor]:
    """The belief's tensors by their names in IdGen's file."""
    if networks.belief is None:
        return {}
    return {_BELIEF + name: value for name, value in networks.belief.state_dict().items()}


def read_record(folder: Path) -> PackRecord:
    """What a pack says of itself; its networks are not touched. Raises as `read_files`."""
    return _record(_read_description(folder))


def write_pack(
    folder: Path, record: PackRecord, sizes: Sizes, networks: Networks, small: bool = False
) -> None:
    """Write networks and description beside a `head.npz` that is already in `folder`.

    Trained parameters are kept as float16 and computed with as float32. small : their matrices are
    kept as bytes, but for those of the packaged trunk, which came as float16.
    """
    for name in NETWORKS:
        network: nn.Module = getattr(networks, name)
        trained = dict(network.named_parameters())
        tensors: dict[str, Tensor] = {}
        for key, value in network.state_dict().items():
            if key not in trained:
                tensors[key] = value
            elif small and not key.startswith("trunk."):
                tensors |= as_bytes(key, value)
            else:
                tensors[key] = value.half()
        tensors |= {key: getattr(networks, key) for key, file in _BESIDE.items() if file == name}
        if name == "idgen":
            tensors |= _believed(networks)
        kept = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
        save_file(kept, folder / f"{name}.safetensors")
    names = (HEAD, *(f"{name}.safetensors" for name in NETWORKS))
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    about = {key: getattr(record, key) for key in (*_ABOUT, "hints")}
    description = {"format": FORMAT_VERSION} | about | {"sizes": asdict(sizes), "files": files}
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


def kept_as_bytes(folder: Path) -> bool:
    """Whether a pack's weights are kept as bytes: `write_pack`'s `small`."""
    with safe_open(folder / "conditioner.safetensors", "pt") as file:
        return any(name.endswith(SCALE) for name in file.keys())


_ABOUT: Final = ("id", "version", "title", "licence", "commercial", "claim")
_FILES: Final = frozenset((HEAD, *(f"{name}.safetensors" for name in NETWORKS)))
_WIDEST: Final = 20_000
_DEEPEST: Final = 16


@dataclass(frozen=True)
class _Description:
    """What pack.json says; files : name and sha256 of each of `_FILES`."""

    id: str
    version: str
    title: str
    licence: str
    commercial: bool
    claim: str
    sizes: Sizes
    hints: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


def _read_description(folder: Path) -> _Description:
    path = folder / DESCRIPTION
    if not os.path.lexists(path):
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            "There is no pack in {name}: its {description} is missing.",
            "Install OFER Faces again, or choose another pack.",
            name=folder.name,
            description=DESCRIPTION,
        )
    try:
        fields = strict_json.parse(read_piece(path, MOST_TEXT))
        version = fields.pop("format", None)
        if type(version) is int and version not in _READ:
            raise _of_another_version(folder)
        described = from_fields(_Description, {"hints": [], **fields, "files": []})
        files = fields["files"]
        if type(version) is not int:
            raise ValueError("it has no format")
        if set(files) != _FILES or not all(map(_is_digest, files.values())):
            raise ValueError("it lists other files than a pack has")
        if not all(map(_is_size, asdict(described.sizes).values())):
            raise ValueError("its networks have no sizes")
        return replace(described, files=tuple(files.items()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise _damaged(folder, DESCRIPTION) from cause


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[0-9a-f]{64}", text) is not None


def _is_size(size: int | tuple[int, ...]) -> bool:
    """A network's width, or its widths."""
    if isinstance(size, int):
        return 1 <= size <= _WIDEST
    return 1 <= len(size) <= _DEEPEST and all(1 <= each <= _WIDEST for each in size)


def _of_another_version(folder: Path) -> OferError:
    return OferError(
        ErrorCode.WEIGHTS_WRONG,
        "The pack {name} was made for another version of OFER Faces.",
        "Train it again with this version, or choose another pack.",
        name=folder.name,
    )


def _record(description: _Description) -> PackRecord:
    about = {key: getattr(description, key) for key in (*_ABOUT, "hints")}
    return PackRecord(**about, fingerprint=_fingerprint(description.files))


def _verified(folder: Path, name: str, digest: str) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as cause:
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            "The file {name} of the pack {name_2} cannot be read.",
            "Install OFER Faces again, or import the weights again.",
            name=name,
            name_2=folder.name,
        ) from cause
    if hashlib.sha256(content).hexdigest() != digest:
        raise _damaged(folder, name)
    return content


def _tensors(folder: Path, name: str, contents: Mapping[str, bytes]) -> dict[str, Tensor]:
    file = f"{name}.safetensors"
    try:
        return as_weights(load_tensors(contents[file]))
    except (KeyError, ValueError, SafetensorError) as cause:
        raise _damaged(folder, file) from cause


def _fingerprint(files: Iterable[tuple[str, str]]) -> str:
    digests = sorted(digest for _, digest in files)
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]


def _damaged(folder: Path, name: str) -> OferError:
    return OferError(
        ErrorCode.WEIGHTS_DAMAGED,
        "The file {name} of the pack {name_2} is damaged: it is not what was released.",
        "Install OFER Faces again, or import the weights again.",
        name=name,
        name_2=folder.name,
    )
