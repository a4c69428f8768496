"""A conditioner on real faces by itself, while there are no networks yet to make a pack of it.

    python -m ofer_engine.research.evaluation.conditioner_alone --conditioner FILE --head HEAD.npz
        --portraits PORTRAITS --people PEOPLE --out FIGURES.json

The tests of `evaluate warps` and `evaluate people`, on the identity that it regresses instead of
the mean of samples. Pictures are bent to the head of `--maker` and portraits read by that pack, so
that different conditioners are measured on the same pictures.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import load_file

from ...conditioning.evidence import CROP, EvidenceNetwork
from ...conditioning.mirror import Mirror, read_both_ways
from ...contract.errors import OferError
from ...heads.contour import RAYS
from ...heads.iris import AROUND
from ...heads.open_head import OpenHead
from ...packs.byte_weights import as_weights
from ...packs.open_description import HEAD
from ...packs.open_pack import read_open_pack
from ...photo.align import cut, evidence_crop
from ...photo.face_weights import FACES
from ...photo.faces import FaceDetector
from ...photo.load import load_photo
from .people import PersonFiles, faces_beside_mean, people_in
from .photo_files import middle_face, photos_in
from .progress import OnMessage
from .verification import separation, unlike
from .warps import (
    Warps,
    bend,
    compared_identities,
    head_of,
    portrait_sitters,
    render_sitters,
)

_LOG: Final = logging.getLogger(__name__)
_KEPT_BACK: Final = 99
_TOGETHER: Final = 32
_MARGIN: Final = 1.28
"""As packs cut (`packs/open_pack`)."""


def read_conditioner(file: Path, head: OpenHead) -> EvidenceNetwork:
    """The network of a pack's file, or of one that `kept_conditioner` wrote."""
    weights = as_weights(load_file(file))
    fine = any(name.startswith("fine.") for name in weights)
    network = EvidenceNetwork(
        len(head.point_vertices),
        RAYS,
        2 * len(AROUND),
        len(weights["identity_head.bias"]),
        len(weights["expression_head.bias"]),
        CROP + CROP // 2 if fine else CROP,
    )
    network.load_state_dict(weights)
    return network.eval().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


@torch.inference_mode()
def read_identities(
    network: EvidenceNetwork, mirror: Mirror | None, crops: np.ndarray
) -> np.ndarray:
    """(B, K) of crops (B, S, S, 3) uint8, each read as it is and mirrored."""
    found = []
    for first in range(0, len(crops), _TOGETHER):
        part = torch.from_numpy(crops[first : first + _TOGETHER]).permute(0, 3, 1, 2)
        found.append(read_both_ways(network, part.float() / 255, mirror).identity.numpy())
    return np.concatenate(found)


def people_crops(
    detector: FaceDetector, files: Sequence[PersonFiles], side: int
) -> tuple[np.ndarray, np.ndarray]:
    """(N, S, S, 3) uint8 of everybody's first photo, and of their second one; who has a photo
    without a face is left out."""
    first, second = [], []
    for person in files:
        try:
            both = []
            for path in (person.first, person.second):
                photo = load_photo(path)
                face = middle_face(detector, photo)
                crop = evidence_crop(face.landmarks[:, :2], CROP, _MARGIN)
                both.append(np.clip(cut(photo, crop.resized(side)), 0, 1))
        except OferError:
            continue
        first.append(both[0])
        second.append(both[1])
    one, other = ((np.stack(each) * 255 + 0.5).astype(np.uint8) for each in (first, second))
    return one, other


def people_figures(head: OpenHead, first: np.ndarray, second: np.ndarray) -> dict[str, Any]:
    """Of identities (N, K) of the same people's two photos."""
    faces = [faces_beside_mean(head, each) for each in (first, second)]
    return {
        "people": len(first),
        "coefficients": asdict(separation(unlike(first, second))),
        "geometry": asdict(separation(unlike(*faces))),
    }


def warp_figures(
    head: OpenHead, identities: np.ndarray, warps: Warps, maker: OpenHead
) -> dict[str, Any]:
    """Of identities (3 N, K) read of the warps."""
    plain, one_size = compared_identities(head, identities, warps, maker)
    return {"pictures": len(warps), "regressed": asdict(plain), "one_size": asdict(one_size)}


def _bent(
    portraits: Path, folder: Path, on_message: OnMessage
) -> tuple[OpenHead, dict[str, Warps]]:
    maker, head = read_open_pack(folder, torch.device("cpu")), head_of(folder)
    paths = photos_in(portraits)[-_KEPT_BACK:]
    sitters = portrait_sitters(maker, head, FaceDetector.load(FACES), paths, on_message)
    return maker.head, {
        "portraits": bend(head, sitters, on_message),
        "renders": bend(head, render_sitters(head, _KEPT_BACK, on_message), on_message),
    }


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--conditioner", type=Path, nargs="+", required=True)
    parser.add_argument("--head", type=Path, nargs="+", help="of each; the one beside it")
    parser.add_argument("--portraits", type=Path, help="the last 99 of them are bent")
    parser.add_argument("--people", type=Path, help="NAME_a.jpg and NAME_b.jpg of each")
    parser.add_argument(
        "--maker", type=Path, default=FACES.with_name("open"), help="pack to bend with"
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON of the figures")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    files = options.conditioner
    heads = [OpenHead.load(p) for p in options.head or [f.with_name(HEAD) for f in files]]
    read = [
        (str(file), head, read_conditioner(file, head), Mirror.of(head))
        for file, head in zip(files, heads, strict=True)
    ]
    found: dict[str, dict[str, Any]] = {name: {} for name, *_ in read}
    if options.portraits:
        maker, bent = _bent(options.portraits, options.maker, _LOG.info)
        for name, head, network, mirror in read:
            for kind, warps in bent.items():
                crops = warps.crops.reshape(-1, *warps.crops.shape[2:])
                identities = read_identities(network, mirror, crops)
                found[name][kind] = warp_figures(head, identities, warps, maker)
    if options.people:
        side = max(network.side for _, _, network, _ in read)
        pictures = people_crops(FaceDetector.load(FACES), people_in(options.people), side)
        for name, head, network, mirror in read:
            first, second = (read_identities(network, mirror, crops) for crops in pictures)
            found[name]["people"] = people_figures(head, first, second)
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
