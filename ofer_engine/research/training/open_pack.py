"""Making the open pack: conditioner, IdGen, ExpGen and IdRank, one after the other, on one head.

Every stage keeps its checkpoint in its own folder below `work`; calling it again continues where
it stopped, and a finished stage is read back in a moment. `train_open_pack` makes everything,
`train_generators_pack` all but the conditioner, which `conditioner_run` may have made before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ...conditioning.evidence import CROP
from ...conditioning.mirror import Mirror
from ...contract.errors import ErrorCode, OferError
from ...contract.hint_places import HINTS
from ...contract.records import PackRecord
from ...heads.open_head import OpenHead
from ...packs.byte_weights import as_weights
from ...packs.open_description import NETWORKS
from ...packs.open_files import read_files, write_pack
from ...packs.open_networks import Networks, Sizes, build_networks
from ...photo.face_weights import load_landmark_network
from .bent_portraits import BentPortraits
from .budget import TrainingBudget
from .conditioner import new_network, standardise_context, train_conditioner
from .generators import train_generators
from .loop import Precision, TrainingPlan
from .photo_set import PhotoSet, read_photo_set
from .rebasing import rebased, same_basis

OPEN_RECORD = PackRecord(
    id="open",
    version="0.9.7",
    title="OFER Faces open pack",
    licence=(
        "CC0-1.0 head with shapes of ICT-FaceKit (MIT, Copyright (c) 2020 USC Institute for "
        "Creative Technologies), Apache-2.0 face networks, CC0-1.0 trained weights"
    ),
    commercial=True,
    claim="plausible, not a likeness",
    fingerprint="",
    hints=HINTS,
)
_IDGEN_WIDTHS = (128, 64, 32)
_EXPGEN_WIDTHS = (64, 32, 16)
_RANK_WIDTHS = (512, 128, 32)


@dataclass(frozen=True)
class Sources:
    """What the pack is made from.

    photos : sets that the conditioner learns from, the last one with own heads; people : other
    sets, that IdGen and ExpGen learn from; faces : the packaged face networks; conditioner : file
    of an earlier one to go on from, in the folder of its pack. Where it is not there, training
    starts with the packaged landmark network's trunk.
    """

    photos: Sequence[Path]
    people: Sequence[Path]
    faces: Path
    conditioner: Path


def train_open_pack(
    sources: Sources, out: Path, work: Path, record: PackRecord, recipe: TrainingBudget
) -> None:
    """Train all four networks and write the pack beside `out`/head.npz. work : checkpoints."""
    head = OpenHead.load(out / "head.npz")
    kept, held = read_photo_set(*sources.photos).split(recipe.held_out)
    torch.manual_seed(recipe.seed)
    networks = _fresh_networks(sizes := _sizes(head, kept))
    networks.hint_axes.copy_(_hint_axes(out, sizes.identities))
    known = known_weights(sources.conditioner, out / "head.npz", sources.faces)
    networks = replace(networks, conditioner=new_network(head, kept, known, sizes.crop))
    plan = TrainingPlan(
        recipe.conditioner,
        rate=1e-3,
        seed=recipe.seed,
        weight_decay=0.03,
        precision=Precision.of_this_cpu(),
    )
    train_conditioner(networks.conditioner, head, kept, held, plan, work / "conditioner")
    standardise_context(networks.conditioner, held, Mirror.of(head), recipe.seed)
    train_generators(networks, head, read_photo_set(*sources.people), held, work, recipe)
    write_pack(out, record, sizes, networks)
    (out / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class FinishedConditioner:
    """What the rest of a pack is trained from.

    conditioner : its file, for the pack's own head; people : sets of pictures that IdGen and ExpGen
    learn from; judged : sets that IdRank learns from, and that contexts are made standard by; start
    : a pack whose three networks are gone on from where the sizes are the same, contexts staying
    standard as they were, or None; bent : file of bent portraits that IdGen's belief is fitted to
    as well, or None.
    """

    conditioner: Path
    people: Sequence[Path]
    judged: Sequence[Path]
    start: Path | None = None
    bent: Path | None = None


def train_generators_pack(
    sources: FinishedConditioner, out: Path, work: Path, record: PackRecord, recipe: TrainingBudget
) -> None:
    """Train all but the conditioner and write the pack, weights as bytes, beside `out`/head.npz.

    work : checkpoints. Raises OferError(WEIGHTS_WRONG) for a conditioner of another head.
    """
    head = OpenHead.load(out / "head.npz")
    people, judged = read_photo_set(*sources.people), read_photo_set(*sources.judged)
    torch.manual_seed(recipe.seed)
    known = as_weights(load_file(sources.conditioner))
    sharp = any(name.startswith("fine.") for name in known)
    sizes = replace(_sizes(head, people), crop=people.side if sharp else CROP)
    networks = _fresh_networks(sizes)
    earlier = None if sources.start is None else _of_same_sizes(sources.start, sizes)
    if earlier is not None:
        _go_on(networks, earlier)
    networks.hint_axes.copy_(_hint_axes(out, sizes.identities))
    if not len(head.identity) == sizes.identities == len(known["identity_head.weight"]):
        raise OferError(
            ErrorCode.WEIGHTS_WRONG,
            "The conditioner {name} was made for another head.",
            "Choose the head.npz that it was trained on.",
            name=sources.conditioner.name,
        )
    networks.conditioner.load_state_dict(known)
    if earlier is None:
        standardise_context(networks.conditioner, judged, Mirror.of(head), recipe.seed)
    else:
        networks.conditioner.context_mean.copy_(earlier.conditioner.context_mean)
        networks.conditioner.context_deviation.copy_(earlier.conditioner.context_deviation)
    bent = None if sources.bent is None else BentPortraits.read(sources.bent)
    train_generators(networks, head, people, judged, work, recipe, bent)
    write_pack(out, record, sizes, networks, small=True)
    (out / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")


def _of_same_sizes(folder: Path, sizes: Sizes) -> Networks | None:
    """A pack's networks, or None where they have other sizes."""
    _, before, _, networks = read_files(folder, torch.device("cpu"))
    return networks if before == sizes else None


def _go_on(networks: Networks, earlier: Networks) -> None:
    """The three networks begin as the earlier ones; IdGen only where it stood on a belief, too."""
    for name in NETWORKS[1:]:
        if name != "idgen" or earlier.belief is not None:
            getattr(networks, name).load_state_dict(getattr(earlier, name).state_dict())


def _fresh_networks(sizes: Sizes) -> Networks:
    """Networks to be trained; IdGen begins with its belief alone."""
    networks = build_networks(sizes)
    nn.init.zeros_(networks.idgen.last.weight)
    nn.init.zeros_(networks.idgen.last.bias)
    return networks


def _sizes(head: OpenHead, photos: PhotoSet) -> Sizes:
    return Sizes(
        points=photos.points.shape[1],
        contour=photos.contour.shape[1],
        irises=photos.irises.shape[1],
        identities=photos.identity.shape[1],
        expressions=photos.expression.shape[1],
        rank_vertices=len(head.rank_vertices),
        idgen_widths=_IDGEN_WIDTHS,
        expgen_widths=_EXPGEN_WIDTHS,
        rank_widths=_RANK_WIDTHS,
        crop=photos.side,
    )


def known_weights(conditioner: Path, head: Path, faces: Path) -> Mapping[str, Tensor]:
    """Weights that training starts from, by their names in the conditioner.

    Of a conditioner for another head than the file `head` the identity is given in that head's
    modes, or left out where the mesh is another. Points and expression units are the same on every
    head. conditioner, faces : as in `Sources`.
    """
    if not conditioner.exists():
        trunk = load_landmark_network(faces).trunk.state_dict()
        return {f"trunk.{name}": value for name, value in trunk.items()}
    known = as_weights(load_file(conditioner))
    before = conditioner.with_name("head.npz")
    if before.read_bytes() == head.read_bytes():
        return known
    rest = {name: value for name, value in known.items() if not name.startswith("identity_head.")}
    old, new = OpenHead.load(before), OpenHead.load(head)
    if same_basis(old, new):
        return known
    if old.template.shape != new.template.shape:
        return rest
    turn, shift = rebased(old, new)
    weight, bias = known["identity_head.weight"], known["identity_head.bias"]
    return rest | {
        "identity_head.weight": turn @ weight,
        "identity_head.bias": turn @ bias + shift,
    }


def _hint_axes(out: Path, identities: int) -> Tensor:
    """(3, K) from `training/head/hint_axes`, or zeros for a head that has none."""
    file = out / "source" / "hint_axes.npz"
    if not file.exists():
        return torch.zeros(len(HINTS), identities)
    with np.load(file) as archive:
        return torch.from_numpy(np.stack([archive[name] for name in HINTS]))
