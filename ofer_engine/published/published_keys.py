"""How the published checkpoints name the weights of our networks (docs/method.md §6, §10)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from torch import Tensor

from ..diffusion.denoiser import Denoiser, DenoiserShape
from ..ranking.ranker import Ranker, RankerShape

IDGEN_SHAPE: Final = DenoiserShape(300, 512, (300, 50, 10))
EXPGEN_SHAPE: Final = DenoiserShape(53, 1024, (53, 25, 10))
IDRANK_SHAPE: Final = RankerShape(1785, 1024, (4096, 1024, 256, 64))

VIEWS: Final = ".views"
"""End of the names of the attention projections, which have no published key of their own."""

_PLACES: Final = (
    (r"^first\.", "init_conv."),
    (r"^time\.0\.", "time_mlp.1."),
    (r"^time\.2\.", "time_mlp.3."),
    (r"^downs\.(\d)\.block1\.", r"downs.\1.0."),
    (r"^downs\.(\d)\.block2\.", r"downs.\1.1."),
    (r"^downs\.(\d)\.attention\.", r"downs.\1.2."),
    (r"^downs\.(\d)\.resample\.", r"downs.\1.3."),
    (r"^ups\.(\d)\.resample\.", r"ups.\1.0."),
    (r"^ups\.(\d)\.block1\.", r"ups.\1.1."),
    (r"^ups\.(\d)\.block2\.", r"ups.\1.2."),
    (r"^ups\.(\d)\.attention\.", r"ups.\1.3."),
    (r"^middle\.block(\d)\.", r"mid_block\1."),
    (r"^middle\.attention\.", "mid_attn."),
    (r"^last_block\.", "finals.0.0."),
    (r"^last_attention\.", "finals.0.1."),
    (r"^last\.", "finals.0.2."),
)
_PIECES: Final = (
    (r"\.embed\.", ".mlp.1."),
    (r"\.layer(\d)\.", r".block\1.proj."),
    (r"\.norm(\d)\.", r".block\1.norm."),
    (r"\.skip\.", ".res_conv."),
    (r"\.out\.", ".fn.fn.to_out."),
    (r"\.mix\.", ".fn.fn.to_out_linear."),
    (r"\.gain$", ".fn.norm.g"),
)
_CONVOLUTIONS: Final = re.compile(r"(init_conv|finals\.0\.2|\.proj|res_conv|to_out)\.weight$")
_RANKER: Final = (
    (r"^layers\.", "ranklayers."),
    (r"\.linear\.", ".mlp."),
    (r"\.gate\.", ".scale."),
    (r"\.norm\.", ".gn."),
)


def published_attention(name: str) -> str:
    """`downs.0.attention.views` → `downs.0.2`, as `projections` names that attention."""
    return _replaced(name, _PLACES).removesuffix(VIEWS)


def denoiser_keys(network: Denoiser) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Our name → (published key, published shape), for all but the projections."""
    keys = {}
    for name, tensor in network.state_dict().items():
        if name.endswith(VIEWS):
            continue
        key = _replaced(_replaced(name, _PLACES), _PIECES)
        shape = tuple(tensor.shape)
        if key.endswith(".g"):
            shape = (1, *shape, 1)
        elif _CONVOLUTIONS.search(key):
            shape = (*shape, 1)
        keys[name] = key, shape
    return keys


def ranker_keys(network: Ranker) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Our name → (published key, published shape)."""
    return {
        name: (_replaced(name, _RANKER), tuple(tensor.shape))
        for name, tensor in network.state_dict().items()
    }


def renamed(
    tensors: Mapping[str, Tensor], keys: Mapping[str, tuple[str, tuple[int, ...]]]
) -> dict[str, Tensor]:
    """Published tensors under our names and in our shapes (the same numbers, without the ones)."""
    found = {}
    for name, (key, shape) in keys.items():
        ours = shape[1:-1] if key.endswith(".g") else shape
        if _CONVOLUTIONS.search(key):
            ours = shape[:-1]
        found[name] = tensors[key].reshape(ours)
    return found


def _replaced(name: str, rules: tuple[tuple[str, str], ...]) -> str:
    for pattern, published in rules:
        name = re.sub(pattern, published, name)
    return name
