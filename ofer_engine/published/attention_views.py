"""The attention projections of a checkpoint: those stored in it, or drawn again, and which."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from ..contract.sentence import Sentence
from .catalogue import Part
from .pickle_reader.safe_load import check_tensors
from .projections import COUNT, Draw, drawn_projections, views


def attention_views(
    name: str, net: Mapping[str, Tensor], part: Part, attentions: Mapping[str, str], draw: Draw
) -> tuple[dict[str, Tensor], str]:
    """The projections by our names, and the sentence that says where they come from.

    name : of the file; attentions : published module name → our key; draw : which to make where
    `net` has none. Raises OferError(WEIGHTS_WRONG | WEIGHTS_DAMAGED).
    """
    stored = {
        place: [f"{place}.fn.fn.to_qkv.{i}.weight" for i in range(COUNT)] for place in attentions
    }
    if all(key in net for keys in stored.values() for key in keys):
        found = {
            place: np.stack([net[key].float().numpy()[..., 0] for key in keys])
            for place, keys in stored.items()
        }
        note = "Attention projections: those stored in the file, trained."
    else:
        found = drawn_projections(part.value, draw)
        note = _drawn_note(net, found, draw)
    tensors = {}
    for place, key in attentions.items():
        tensors[key] = torch.from_numpy(views(found[place]))
        check_tensors(name, tensors, {key: tuple(tensors[key].shape)})
    return tensors, note


def _drawn_note(net: Mapping[str, Tensor], found: Mapping[str, np.ndarray], draw: Draw) -> str:
    seed = {Draw.TRAINING: "training (seed 0)", Draw.DEMO: "the published demo (seed 1)"}[draw]
    last = {place: net.get(f"{place}.fn.fn.qkv.weight") for place in found}
    known = {place: tensor for place, tensor in last.items() if tensor is not None}
    if not known:
        return Sentence(
            "Attention projections: drawn again as in {seed}; the file has none to compare with.",
            seed=seed,
        )
    equal = all(
        np.array_equal(tensor.float().numpy().reshape(found[place][-1].shape), found[place][-1])
        for place, tensor in known.items()
    )
    if equal:
        return Sentence(
            "Attention projections: drawn again as in {seed}, equal to the one in the file.",
            seed=seed,
        )
    return Sentence(
        "Attention projections: drawn again as in {seed}, but the one stored in the file "
        "differs: this network was trained with others, and results will be worse.",
        seed=seed,
    )
