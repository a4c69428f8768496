"""Brows, nose, cheeks and mouth that move as scanned people's do.

MakeHuman's units bend the mouth alone: a smile folds no cheek and shows no tooth, a sneer lifts
nothing. ICT-FaceKit's expressions are registered scans of people (Li et al. 2020, "Learning
Formation of Physically-Based Face Attributes"; MIT). Each moves the head's skin where that has its
place on the scans; from there the movement runs smoothly into lips, nostrils and sockets, and fades
towards the neck's border. Lids, eyes, jaw and tongue keep their own units, which fit the eyeballs
and the rig.

`python -m ofer_engine.research.head_building.scan_units IN.npz OUT.npz --ict NPZ --ict-map NPZ`
gives them to a head that is not finished.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.spatial import KDTree

from ...contract.arkit import ARKIT_52
from ...geometry.smooth_step import smooth_step
from ...geometry.triangles import triangulate
from ...heads.open_head import OpenHead
from ..studio.photo_head import arkit_from_ict
from .expression_units import symmetric
from .settling import smoothness

_OWN: Final = ("eye", "jaw", "mouthClose", "tongueOut")
"""Beginnings of the units that the head keeps as they are."""
_STRETCH: Final = 0.04
_SMOOTH: Final = 0.05
"""Weight of smoothness against the scans' own movement."""
_ODD: Final = 0.0002
"""Metres (rms over the units) by which a vertex goes another way than those around it where its
place on the scans counts half: rims of nostrils, whose places are others' insides."""
_ROUNDS: Final = 5
_NECK_FADE: Final = 0.035
"""Metres above the neck's border at which what the scans say counts wholly."""
_BESIDE: Final = 8
_CLOSE, _FAR = 0.004, 0.010
"""Metres behind the skin at which lining follows wholly, and no more."""
_LIPS_APART: Final = 0.1
"""Metres that count as between what goes with the jaw and what does not."""
_OTHER_LIP: Final = 0.2
"""How much further, of the widest opening, a place on the scans may go with the jaw than the head's
own vertex: closed lips touch, so that some of one lip were placed on the other."""
_JAW: Final = ARKIT_52.index("jawOpen")


def with_scan_units(head: OpenHead, ict: Path, ict_map: Path) -> OpenHead:
    """The head with the scans' units of brows, nose, cheeks and mouth, left and right mirror images
    of each other. Pure.

    head : not finished; ict : ict_facekit_light.npz; ict_map : its correspondence, which
    `wide_head_build` writes.
    """
    places, scans = np.load(ict_map), np.load(ict)
    theirs = arkit_from_ict(scans["expression_names"], scans["expression"])
    corners, weights = places["ict_vertices"], places["barycentric"][:, :, None]
    known = places["open_vertices"]
    moves = (theirs[:, corners] * weights).sum(2) * float(places["scale"]) @ places["rotation"].T
    agreed = _same_lip(head.expression[_JAW, known], moves[_JAW])
    known, moves = known[agreed], moves[:, agreed]
    taken = [row for row, name in enumerate(ARKIT_52) if not name.startswith(_OWN)]
    units = head.expression.copy()
    units[taken] = _spread(head, known, moves[taken])
    units[taken] = symmetric(units, head.mirror)[taken]
    return replace(head, expression=units)


def _same_lip(own: np.ndarray, scans: np.ndarray) -> np.ndarray:
    """(n,) bool: whose places go with the jaw as the vertices do, by what jawOpen moves (n, 3)."""
    shares = [moves[:, 1] / moves[:, 1].min() for moves in (own, scans)]
    return np.abs(shares[0] - shares[1]) < _OTHER_LIP


def _spread(head: OpenHead, known: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """(K, V, 3) of moves (K, n, 3) of the skin's vertices known (n,); eyes, teeth and tongue lie
    still, lashes go with the skin beside them."""
    triangles = triangulate(head.part_polygons("skin"))
    skin = np.unique(triangles)
    row = np.full(len(head.template), -1)
    row[skin] = np.arange(len(skin))
    known, moves = known[row[known] >= 0], moves[:, row[known] >= 0]
    stiff = _SMOOTH * smoothness(row[triangles], len(skin), _STRETCH)
    wanted = np.zeros((len(skin), 3 * len(moves)))
    wanted[row[known]] = moves.transpose(1, 0, 2).reshape(len(known), -1)
    trust = np.zeros(len(skin))
    trust[row[known]] = 1.0
    moved = np.zeros_like(wanted)
    for _ in range(_ROUNDS):
        moved = splu((stiff + sparse.diags(trust)).tocsc()).solve(trust[:, None] * wanted)
        apart = np.sqrt(np.square(moved - wanted).sum(1) / len(moves))
        trust[row[known]] = 1 / (1 + np.square(apart[row[known]] / _ODD))
    above = head.template[skin, 1] - head.template[head.neck_loop, 1].max()
    moved *= np.clip(above / _NECK_FADE, 0, 1)[:, None]
    whole = np.zeros((len(moves), len(head.template), 3))
    whole[:, skin] = moved.reshape(len(skin), len(moves), 3).transpose(1, 0, 2)
    _behind_skin(head, whole, np.isin(np.arange(len(row)), skin))
    return whole


def _behind_skin(head: OpenHead, moves: np.ndarray, skin: np.ndarray) -> None:
    """Let lining that lies close behind the skin, and lashes, go with it; moves (K, V, 3), in
    place. How far a vertex goes with the jaw is a fourth coordinate, so that no lining of one lip
    follows the other."""
    jaw = head.expression[_JAW, :, 1] / head.expression[_JAW, :, 1].min()
    place = np.c_[head.template, _LIPS_APART * jaw]
    front = np.flatnonzero(skin & head.outer)
    lashes = np.isin(np.arange(len(skin)), head.part_polygons("lashes"))
    own = np.flatnonzero((skin & ~head.outer) | lashes)
    away, nearest = KDTree(place[front]).query(place[own], k=_BESIDE)
    away = np.asarray(away)
    shares = 1 / np.maximum(away, 1e-4) ** 2
    shares /= shares.sum(axis=1, keepdims=True)
    near = np.where(lashes[own], 1.0, smooth_step(away[:, 0], _FAR, _CLOSE))
    followed = np.einsum("mn,kmnx->kmx", shares, moves[:, front[nearest]])
    moves[:, own] += near[:, None] * (followed - moves[:, own])


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("head", type=Path, help="head.npz that is not finished")
    parser.add_argument("out", type=Path, help="where the head with the scans' units is written")
    parser.add_argument("--ict", type=Path, required=True, help="ict_facekit_light.npz")
    parser.add_argument("--ict-map", type=Path, required=True, help="its correspondence")
    options = parser.parse_args(arguments)
    head = OpenHead.load(options.head)
    with_scan_units(head, options.ict, options.ict_map).save(options.out)


if __name__ == "__main__":
    main()
