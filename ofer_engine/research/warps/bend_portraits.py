"""Bends public-domain portraits until they show other, known heads, for the conditioner to learn.

    python -m ofer_engine.research.warps.bend_portraits --portraits PORTRAITS
        --pack weights/open --head BASIS/head.npz --teacher FOLDER --each 8 --seed 1 --out FILE.npz

FOLDER is what `research/face_networks/face_landmarker_build` wrote. Portraits from number 780 on
are never bent for training: `evaluate warps` measures on them.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...conditioning.evidence import CROP
from ...contract.arkit import ARKIT_52
from ...contract.errors import OferError
from ...geometry.surface_points import SurfacePoints
from ...heads.identity_prior import IdentityPrior
from ...heads.open_head import OpenHead
from ...packs.open_pack import OpenPack, read_open_pack
from ...photo.face_weights import FACES
from ...photo.faces import FaceDetector
from ...photo.load import load_photo
from ..head_building.detected_landmarks import with_detected_landmarks
from ..studio.photo_head import PhotoHead, load_open_photo_head
from ..training.bent_portraits import BentPortraits
from ..training.rebasing import rebased, same_basis
from ..wardrobe.build import KEPT_FOR_MEASURING
from ..wardrobe.portraits import landmark_offsets
from .expression_teacher import TRUST, ExpressionTeacher, corrected
from .sitter import Sitter, fit_sitter, pack_reading
from .warp import Change, Warper, random_change, random_turn

_LOG: Final = logging.getLogger(__name__)
_LIKE: Final = 0.7
"""A new identity has at most so much of the first one's."""
_VARIED: Final = 0.85
"""Of how far a stranger is from the average, so that few bends crease."""
_PITCH, _YAW = 7.0, 15.0
"""Degrees by which heads are turned: deviations, about twice those of `random_change`."""
_OWN_EXPRESSION: Final = (0.0, 1.3)
"""How strong the sitter's expression may be, of what it was."""
_ADDED: Final = (1, 4)
"""The fewest and the most units that are added to it."""
_STRONGEST: Final = 0.5
_OTHER_SIDE: Final = (0.6, 1.4)
"""How strong a unit is on the right, of what it is on the left."""
_NOT_ADDED: Final = (
    "eyeBlink", "eyeLook", "jawOpen", "jawLeft", "jawRight", "mouthClose", "cheekPuff", "tongueOut",
)  # fmt: skip
"""Beginnings of the units that need pixels which a picture has not, or carry none along."""
_ADDABLE: Final = tuple(
    name for name in ARKIT_52 if not name.startswith(_NOT_ADDED) and not name.endswith("Right")
)


@dataclass(frozen=True, eq=False)
class Portrait:
    """number : of the file; sitter : who it shows; beside : (V, 3) metres, head frame, by which the
    picture shows vertices beside the sitter's; expression : (52,) what the teacher says."""

    number: int
    sitter: Sitter
    beside: np.ndarray
    expression: np.ndarray

    def shown(self, change: Change) -> np.ndarray:
        """(52,) of a bent picture: what was there, and by how much that was changed."""
        return np.clip(self.expression + change.expression - self.sitter.expression, 0, 1)


def features_beside(
    head: PhotoHead, marks: SurfacePoints, sitter: Sitter, landmarks: np.ndarray
) -> np.ndarray:
    """By how much brows, lids and lips are beside the sitter's, parallel to the picture: (V, 3)
    metres, head frame.

    The sitter's come from the conditioner's points. What is wrong of them, a bent picture carries
    along, and a conditioner that learnt points without it would learn its own faults (brows lay
    4.6 mm too high). marks : where the detector sees its landmarks on the head; landmarks :
    (468, 2) photo pixels of the detector.
    """
    camera, flat = sitter.camera, np.zeros(len(head.bumps), np.float32)
    surface = head.surface(sitter.identity, sitter.expression, flat)
    drawn = camera.project(marks.on(surface))
    offsets, _ = landmark_offsets(camera.project(surface), drawn, landmarks)
    metres = offsets * (-camera.to_camera(surface)[:, 2:] / camera.focal)
    return (metres * (1, -1)) @ camera.rotation[:2]


def other_person(rng: np.random.Generator, sitter: Sitter, prior: IdentityPrior) -> Change:
    """As `random_change`, but people are drawn as the head's prior distributes them, with another
    expression, and turned farther: two pictures of a pair then differ in that as two photos do."""
    change = random_change(rng, sitter)
    like = rng.uniform(0, _LIKE)
    stranger = prior.draw(rng) * _VARIED
    identity = like * sitter.identity + np.sqrt(1 - like**2) * stranger
    return replace(
        change,
        identity=identity.astype(np.float32),
        expression=other_expression(rng, sitter.expression),
        turn=random_turn(rng, _PITCH, _YAW),
    )


def other_expression(rng: np.random.Generator, expression: np.ndarray) -> np.ndarray:
    """(52,) float32 0..1: some of an expression (52,), and a few units beside it, about as strong
    on both sides."""
    changed = expression * rng.uniform(*_OWN_EXPRESSION)
    fewest, most = _ADDED
    for name in rng.choice(_ADDABLE, rng.integers(fewest, most + 1), replace=False):
        strength = rng.uniform(0, _STRONGEST)
        changed[ARKIT_52.index(name)] += strength
        if name.endswith("Left"):
            other = f"{name.removesuffix('Left')}Right"
            changed[ARKIT_52.index(other)] += strength * rng.uniform(*_OTHER_SIDE)
    return np.clip(changed, 0, 1).astype(np.float32)


def read(
    path: Path,
    pack: OpenPack,
    detector: FaceDetector,
    head: PhotoHead,
    marks: SurfacePoints,
    turn: tuple[Tensor, Tensor] | None,
    teacher: ExpressionTeacher,
) -> Portrait | None:
    """Who a file named portrait_NUMBER shows, in the coefficients of `head`; None where no face is
    found.

    turn : from the pack's coefficients to the head's, as `rebased` gives it; None where they are
    the same.
    """
    try:
        photo = load_photo(path)
        face = detector.detect(photo)[0]
        reading = pack_reading(pack, photo.pixels, face.landmarks)
        if turn is not None:
            identity = turn[0].numpy() @ reading.identity + turn[1].numpy()
            reading = replace(reading, identity=identity)
        sitter = fit_sitter(head, reading, photo.pixels)
        beside = features_beside(head, marks, sitter, np.asarray(face.landmarks[:, :2], np.float64))
    except (OferError, IndexError):
        return None
    return Portrait(_number(path), sitter, beside, corrected(teacher.read(photo, face)))


def _number(path: Path) -> int:
    return int(path.stem.split("_")[-1])


def bend(portraits: list[Portrait], head: PhotoHead, each: int, seed: int) -> BentPortraits:
    """`each` pictures of every portrait, each in circumstances of its own (`nuisances`)."""
    warper, still = Warper(head, CROP), np.zeros(len(head.bumps), np.float32)
    crops, points, identities, numbers, expressions = [], [], [], [], []
    for done, portrait in enumerate(portraits, 1):
        for which in range(each):
            rng = np.random.default_rng([seed, portrait.number, which])
            sitter = portrait.sitter
            change = other_person(rng, sitter, head.prior)
            around = portraits[rng.integers(len(portraits))].sitter.pixels
            warped = warper.warp(rng, sitter, change, around)
            change, framing = warped.change, warped.framing
            surface = head.surface(change.identity, change.expression, still)
            seen = head.points.on(surface + portrait.beside)
            drawn = framing.to_screen(framing.to_camera(seen))[:, :2]
            zoom = 2.0  # a warp is drawn at twice as many pixels
            crops.append(warped.image)
            points.append(drawn / zoom)
            identities.append(change.identity)
            numbers.append(portrait.number)
            expressions.append(portrait.shown(change))
        if done % 100 == 0:
            _LOG.info("%d portraits bent", done)
    return BentPortraits(
        np.stack(crops),
        torch.from_numpy(np.stack(points)).float(),
        torch.from_numpy(np.stack(identities)).float(),
        np.array(numbers),
        torch.from_numpy(np.stack(expressions)).float(),
        torch.from_numpy(TRUST),
    )


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--pack", type=Path, required=True, help="a pack that reads the portraits")
    parser.add_argument("--head", type=Path, required=True, help="head.npz to bend them to")
    parser.add_argument("--teacher", type=Path, required=True, help="the newer landmarker's folder")
    parser.add_argument("--each", type=int, default=6, help="pictures of a portrait")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    pack = read_open_pack(options.pack, torch.device("cpu"))
    detector, head = FaceDetector.load(FACES), load_open_photo_head(options.head)
    basis = OpenHead.load(options.head)
    detected = with_detected_landmarks(basis)
    marks = SurfacePoints(detected.landmark_triangles, detected.landmark_barycentric)
    turn = None if same_basis(pack.head, basis) else rebased(pack.head, basis)
    teacher = ExpressionTeacher.load(options.teacher)
    paths = sorted(options.portraits.glob("portrait_*.jpg"))
    each = [
        read(path, pack, detector, head, marks, turn, teacher)
        for path in paths
        if _number(path) < KEPT_FOR_MEASURING
    ]
    found = [portrait for portrait in each if portrait is not None]
    _LOG.info("%d portraits read", len(found))
    bend(found, head, options.each, options.seed).write(options.out)


if __name__ == "__main__":
    main()
