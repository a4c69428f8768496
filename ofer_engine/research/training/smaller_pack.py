"""A pack's copy whose weights are kept as bytes: nearly the same heads from half the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from ...contract.errors import ErrorCode, OferError
from ...packs.open_description import DESCRIPTION, NETWORKS
from ...packs.open_files import read_files, write_pack


def write_smaller(pack: Path, out: Path) -> dict[str, tuple[int, int]]:
    """Write the pack of folder `pack` into the new folder `out`, its networks as bytes.

    Files beside the networks are copied. A pack that is kept as bytes already gives the same bytes
    again. Returns the sizes in bytes of each network's file, before and after. Raises
    OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED | WEIGHTS_WRONG), and OferError(BAD_REQUEST) where
    `out` is there.
    """
    if out.exists():
        raise OferError(
            ErrorCode.BAD_REQUEST, "{out} is there already.", "Name a folder that is not.", out=out
        )
    record, sizes, _, networks = read_files(pack, torch.device("cpu"))
    written = {f"{name}.safetensors" for name in NETWORKS}
    shutil.copytree(pack, out, ignore=lambda _, names: written.union([DESCRIPTION]) & set(names))
    write_pack(out, record, sizes, networks, small=True)
    return {
        name: ((pack / name).stat().st_size, (out / name).stat().st_size)
        for name in sorted(written)
    }
