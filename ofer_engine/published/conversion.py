"""Published files → checked tensors under our names: what is in a file decides, not what it is
called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from ..contract.errors import ErrorCode, OferError
from ..contract.files.digest import sha256_of
from ..contract.sentence import Sentence
from ..diffusion.denoiser import Denoiser, DenoiserShape
from ..diffusion.schedule import Schedule
from ..ranking.ranker import Ranker
from .arcface import ArcFace
from .attention_views import attention_views
from .catalogue import CATALOGUE, Part
from .farl import Farl
from .flame_file import convert_flame
from .pickle_reader.safe_load import (
    FileKind,
    check_tensors,
    file_content,
    file_kind,
    load_array,
    load_checkpoint,
    load_pickle,
    load_safetensors,
    safetensors_metadata,
)
from .projections import Draw
from .published_keys import (
    EXPGEN_SHAPE,
    IDGEN_SHAPE,
    IDRANK_SHAPE,
    VIEWS,
    denoiser_keys,
    published_attention,
    ranker_keys,
    renamed,
)
from .scrfd import Scrfd

Shapes = dict[str, tuple[int, ...]]

TRAINED_HERE: Final = "ofer-faces-training"
"""Key in the metadata of the checkpoints that `train` writes; its value says how they were made."""
SCRFD_MODEL: Final = "model"
"""Name of the ONNX file's bytes among the converted tensors, (N,) uint8."""

_TRAINER_KEYS: Final = frozenset(
    "optimizer scheduler epoch global_step batch_size validator var_sched diffusion".split()
)
_FRONT_COUNT: Final = 1785
_LANDMARKS: Final = ("static_lmk_faces_idx", "full_lmk_faces_idx")


@dataclass(frozen=True)
class Converted:
    """tensors : ready to be saved, on the CPU; notes : what a person should know, one sentence
    each; trained_here : by a user of OFER Faces, so it is not what its publisher licenses.
    """

    part: Part
    tensors: dict[str, Tensor]
    notes: tuple[str, ...] = ()
    trained_here: bool = False


def read_published(path: Path, draw: Draw = Draw.TRAINING) -> Converted:
    """Recognise, check and convert one published file.

    draw : which attention projections to make where the file has none. Raises OferError
    (WEIGHTS_MISSING | WEIGHTS_UNSAFE | WEIGHTS_DAMAGED | WEIGHTS_WRONG).
    """
    kind = file_kind(path)
    if kind == FileKind.PICKLE:
        return Converted(*convert_flame(path.name, load_pickle(path), sha256_of(path)))
    if kind == FileKind.NUMPY:
        return _convert_array(path.name, load_array(path))
    if kind == FileKind.ONNX:
        return _convert_detector(path.name, file_content(path))
    if kind == FileKind.SAFETENSORS:
        content = _nested(load_safetensors(path))
        converted = _convert_checkpoint(path.name, content, draw)
        return replace(converted, trained_here=TRAINED_HERE in safetensors_metadata(path))
    return _convert_checkpoint(path.name, load_checkpoint(path), draw)


def _convert_checkpoint(name: str, content: Mapping[str, Any], draw: Draw) -> Converted:
    net = content.get("net")
    if isinstance(net, Mapping):
        if "ranklayers.0.mlp.weight" in net:
            return _convert_ranker(name, content)
        first = net.get("init_conv.weight")
        if isinstance(first, Tensor):
            for part, shape in ((Part.IDGEN, IDGEN_SHAPE), (Part.EXPGEN, EXPGEN_SHAPE)):
                if len(first) == shape.coefficients:
                    return _convert_denoiser(name, content, part, shape, draw)
    weights = content.get("state_dict", content)
    if isinstance(weights, Mapping):
        if "visual.conv1.weight" in weights:
            return Converted(Part.FARL, _prefixed("farl.", _farl(name, weights)))
        if "layer1.0.bn1.weight" in weights:
            return Converted(Part.ARCFACE, _prefixed("arcface.", _arcface(name, weights)))
    raise OferError(
        ErrorCode.WEIGHTS_WRONG,
        "{name} is a checkpoint of another program.",
        "Import the files of OFER, for example {usual}.",
        name=name,
        usual=CATALOGUE[Part.IDGEN].usual_name,
    )


def _convert_ranker(name: str, content: Mapping[str, Any]) -> Converted:
    with torch.device("meta"):
        keys = ranker_keys(Ranker(IDRANK_SHAPE))
    net, notes = _section(name, content, "net", dict(keys.values()))
    tensors = _prefixed("network.", renamed(net, keys))
    tensors |= _prefixed("arcface.", _arcface(name, _mapping(name, content, "arcface")))
    tensors |= _prefixed("farl.", _farl(name, _mapping(name, content, "farl")))
    return Converted(Part.IDRANK, tensors, (*notes, *_surprises(content, {"farl"})))


def _convert_denoiser(
    name: str, content: Mapping[str, Any], part: Part, shape: DenoiserShape, draw: Draw
) -> Converted:
    with torch.device("meta"):
        network = Denoiser(shape)
    keys = denoiser_keys(network)
    expected = dict(keys.values())
    content, diffusion_notes = _with_diffusion(content, expected)
    net, notes = _section(name, content, "net", expected, allowed="qkv")
    tensors = _prefixed("network.", renamed(net, keys))
    attentions = {
        published_attention(key): key for key in network.state_dict() if key.endswith(VIEWS)
    }
    projections, projection_note = attention_views(name, net, part, attentions, draw)
    tensors |= _prefixed("network.", projections)
    tensors |= _prefixed("arcface.", _arcface(name, _mapping(name, content, "arcface")))
    sections = set()
    if part == Part.EXPGEN:
        sections = {"farl"}
        tensors |= _prefixed("farl.", _farl(name, _mapping(name, content, "farl")))
    surprises = _surprises(content, sections)
    schedule = _schedule_notes(content)
    return Converted(
        part, tensors, (projection_note, *notes, *diffusion_notes, *surprises, *schedule)
    )


def _with_diffusion(
    content: Mapping[str, Any], expected: Shapes
) -> tuple[Mapping[str, Any], list[str]]:
    """The published loader reads `diffusion` after `net`, so its copies win where they differ."""
    net, diffusion = content["net"], content.get("diffusion")
    if not isinstance(diffusion, Mapping):
        return content, []
    twins = {key: diffusion.get(f"net.{key}") for key in expected if key in net}
    changed = {
        key: twin
        for key, twin in twins.items()
        if isinstance(twin, Tensor) and not torch.equal(twin, net[key])
    }
    if not changed:
        return content, []
    note = Sentence(
        "{changed} weights differ between net and diffusion; diffusion's are used.",
        changed=len(changed),
    )
    return {**content, "net": {**net, **changed}}, [note]


def _section(
    name: str, content: Mapping[str, Any], section: str, expected: Shapes, allowed: str = ""
) -> tuple[dict[str, Tensor], list[str]]:
    """One checked section; keys beyond the expected are named in the notes."""
    tensors = dict(_mapping(name, content, section))
    check_tensors(f"{name}, section {section}", tensors, expected)
    extra = [key for key in tensors if key not in expected and not (allowed and allowed in key)]
    notes: list[str] = []
    if extra:
        notes = [
            Sentence(
                "Section {section} has {extra} unknown weights, e.g. {extra_2}; not used.",
                section=section,
                extra=len(extra),
                extra_2=extra[0],
            )
        ]
    return tensors, notes


def _mapping(name: str, content: Mapping[str, Any], section: str) -> Mapping[str, Tensor]:
    found = content.get(section)
    if not isinstance(found, Mapping):
        raise OferError(
            ErrorCode.WEIGHTS_WRONG,
            "{name} has no section {section}, which the published checkpoints have.",
            "Import the checkpoint as published, not a part of it.",
            name=name,
            section=repr(section),
        )
    return found


def _arcface(name: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    with torch.device("meta"):
        expected = {key: tuple(t.shape) for key, t in ArcFace().state_dict().items()}
    check_tensors(f"{name}, ArcFace", weights, expected)
    return {key: weights[key] for key in expected}


def _farl(name: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The visual tower; the text tower stays behind."""
    with torch.device("meta"):
        expected = {f"visual.{key}": tuple(t.shape) for key, t in Farl().state_dict().items()}
    check_tensors(f"{name}, FaRL", weights, expected)
    return {key.removeprefix("visual."): weights[key] for key in expected}


def _surprises(content: Mapping[str, Any], sections: set[str]) -> list[str]:
    known = _TRAINER_KEYS | {"net", "arcface"} | sections
    extra = sorted(str(key) for key in content if key not in known)
    return (
        [Sentence("The file also has {extra}; not used.", extra=", ".join(extra))] if extra else []
    )


def _schedule_notes(content: Mapping[str, Any]) -> list[str]:
    """Sampling makes its own noise schedule, as the published code does; say where they differ."""
    stored = content.get("var_sched")
    if not isinstance(stored, Mapping) or not isinstance(stored.get("betas"), Tensor):
        return []
    ours = Schedule.linear().beta
    theirs = stored["betas"]
    if theirs.shape == ours.shape and torch.allclose(theirs.float(), ours, rtol=1e-5):
        return []
    return ["The stored noise schedule is not the published one; the published one is used."]


def _convert_array(name: str, content: Any) -> Converted:
    if isinstance(content, dict) and any(key in content for key in _LANDMARKS):
        arrays = {key: np.asarray(item) for key, item in content.items()}
        tensors = {
            key: torch.from_numpy(np.ascontiguousarray(array))
            for key, array in arrays.items()
            if array.dtype.kind in "fiu"
        }
        check_tensors(name, tensors, {key: tuple(t.shape) for key, t in tensors.items()})
        return Converted(Part.LANDMARKS, tensors)
    if isinstance(content, np.ndarray) and content.shape == (_FRONT_COUNT,):
        vertices = content.astype(np.int64)
        if content.dtype.kind in "iu" and (np.diff(vertices) > 0).all() and 0 <= vertices[0]:
            return Converted(Part.FRONT_VERTICES, {"front_vertices": torch.from_numpy(vertices)})
    raise OferError(
        ErrorCode.WEIGHTS_WRONG,
        "{name} is an array that OFER does not use.",
        "Import {front} or {landmarks}.",
        name=name,
        front=CATALOGUE[Part.FRONT_VERTICES].usual_name,
        landmarks=CATALOGUE[Part.LANDMARKS].usual_name,
    )


def _convert_detector(name: str, model: bytes) -> Converted:
    """An ONNX file is kept as it is, once it has shown that it is a detector with five points."""
    Scrfd(model, name)
    kept = torch.from_numpy(np.frombuffer(model, np.uint8).copy())
    return Converted(Part.SCRFD, {SCRFD_MODEL: kept})


def _prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + key: tensor for key, tensor in tensors.items()}


def _nested(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """`net.KEY` → {"net": {KEY: …}}, as in the published checkpoints."""
    nested: dict[str, Any] = {}
    for key, tensor in tensors.items():
        section, _, rest = key.partition(".")
        if section in ("net", "arcface", "farl", "diffusion", "var_sched"):
            nested.setdefault(section, {})[rest] = tensor
        else:
            nested[key] = tensor
    return nested
