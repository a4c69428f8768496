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
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load as load_tensors
from safetensors.torch import save_file
from torch import Tensor, nn

from ..contract.errors import ErrorCode, OferError
from ..contract.records import PackRecord
from ..heads.open_head import OpenHead
from .byte_weights import SCALE, as_bytes, as_weights
from .open_description import (
    DESCRIPTION,
    HEAD,
    NETWORKS,
    damaged,
    read_description,
    write_description,
)
from .open_networks import Networks, Sizes, build_networks

_BESIDE: Final = {
    "hint_axes": "idgen",
    "spread": "idgen",
    "expression_mean": "expgen",
    "expression_deviation": "expgen",
}
"""Tensors that are no network's own, and the file that holds them."""
_BELIEF: Final = "belief."
"""What the names of the belief's tensors begin with, in IdGen's file."""


def read_files(folder: Path, device: torch.device) -> tuple[PackRecord, Sizes, OpenHead, Networks]:
    """Load and verify a whole pack.

    Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED | WEIGHTS_WRONG).
    """
    description = read_description(folder)
    record = description.record
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
            raise damaged(folder, f"{name}.safetensors") from cause
        network.to(device).eval().requires_grad_(False)
    head = OpenHead.load(folder / HEAD)
    sizes = description.sizes
    declared = (sizes.points, sizes.identities, sizes.rank_vertices)
    if declared != (len(head.point_vertices), len(head.identity), len(head.rank_vertices)):
        raise damaged(folder, HEAD)
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
        raise damaged(folder, DESCRIPTION) from cause
    believing = any(key.startswith(_BELIEF) for key in tensors["idgen"])
    for name in NETWORKS:
        network: nn.Module = getattr(planned, name)
        wanted = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
        beside = [key for key, file in _BESIDE.items() if file == name]
        wanted |= {key: tuple(getattr(planned, key).shape) for key in beside}
        if name == "idgen" and believing:
            wanted |= {key: tuple(tensor.shape) for key, tensor in _believed(planned).items()}
        if wanted != {key: tuple(tensor.shape) for key, tensor in tensors[name].items()}:
            raise damaged(folder, f"{name}.safetensors")
    networks = build_networks(sizes)
    return networks if believing else replace(networks, belief=None)


def _believed(networks: Networks) -> dict[str, Tensor]:
    """The belief's tensors by their names in IdGen's file."""
    if networks.belief is None:
        return {}
    return {_BELIEF + name: value for name, value in networks.belief.state_dict().items()}


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
    write_description(folder, record, sizes, files)


def kept_as_bytes(folder: Path) -> bool:
    """Whether a pack's weights are kept as bytes: `write_pack`'s `small`."""
    with safe_open(folder / "conditioner.safetensors", "pt") as file:
        return any(name.endswith(SCALE) for name in file.keys())


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
        raise damaged(folder, name)
    return content


def _tensors(folder: Path, name: str, contents: Mapping[str, bytes]) -> dict[str, Tensor]:
    file = f"{name}.safetensors"
    try:
        return as_weights(load_tensors(contents[file]))
    except (KeyError, ValueError, SafetensorError) as cause:
        raise damaged(folder, file) from cause
