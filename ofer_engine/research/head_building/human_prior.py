"""How real heads vary, in MakeHuman slider values.

A scan model is registered to the sliders, thousands of its identities are fitted by ridge
regression, and only the statistics of the slider values are kept: no geometry of the scans.
`training/head/measure_prior` makes `weights/open/source/slider_prior.npz` again where
ICT-FaceKit is at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ...geometry.similarity import best_similarity
from .ict_scan import IctScan
from .registration import ScanRegistration, Source
from .source_files import source_file

IDENTITIES: Final = 2000
SEED: Final = 1
_RIDGE: Final = 15.0
_STIFF_RIDGE: Final = 60.0
_FIT_RIDGE: Final = 3.0
_LEAST_TRUST: Final = 0.02


@dataclass(frozen=True)
class SliderPrior:
    """names : (S,) slider names; mean : (S,) float32; factor : (S, R) float32, the covariance is
    factor @ factor.T; metric_scale : how much larger real heads are than MakeHuman's."""

    names: tuple[str, ...]
    mean: np.ndarray
    factor: np.ndarray
    metric_scale: float

    def save(self, path: Path) -> None:
        """Write the .npz."""
        np.savez_compressed(
            path,
            names=np.array(self.names),
            mean=self.mean.astype(np.float32),
            factor=self.factor.astype(np.float32),
            metric_scale=np.float32(self.metric_scale),
        )

    @classmethod
    def load(cls, path: Path) -> SliderPrior:
        """Read the .npz. Raises OferError(WEIGHTS_MISSING) without the file."""
        with np.load(source_file(path)) as data:
            return cls(
                tuple(str(name) for name in data["names"]),
                data["mean"].astype(float),
                data["factor"].astype(float),
                float(data["metric_scale"]),
            )


@dataclass(frozen=True)
class PriorFigures:
    """Measured on the face, real millimetres: residual of the fitted identities (mean), the part
    of it that is the same for all, the part that differs, the variation of the scans and of the
    fitted heads, and the spread of head sizes (relative sd)."""

    residual: float
    constant_residual: float
    varying_residual: float
    scan_variation: float
    kept_variation: float
    size_spread: float


def slider_ridge(names: tuple[str, ...]) -> np.ndarray:
    """(S,) ridge per squared slider value, for residuals in millimetres."""
    stiff = ("macro/height", "macro/age_child")
    return np.array(
        [_STIFF_RIDGE if n.startswith("head/head-") or n in stiff else _RIDGE for n in names]
    )


def _gauge(points: np.ndarray) -> np.ndarray:
    """(n, 3, 7) translation, small rotation and scale of points (n, 3), about their mean."""
    x, y, z = ((points - points.mean(0)) / 80).T
    columns = np.zeros((len(points), 3, 7))
    columns[:, 0, 0] = columns[:, 1, 1] = columns[:, 2, 2] = 1
    columns[:, 1, 3], columns[:, 2, 3] = -z, y
    columns[:, 0, 4], columns[:, 2, 4] = z, -x
    columns[:, 0, 5], columns[:, 1, 5] = -y, x
    columns[:, :, 6] = np.stack([x, y, z], 1)
    return columns


def _aligned_identities(
    scan: IctScan, fit: ScanRegistration, triangles: np.ndarray, face: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(N, n, 3) float32 corresponding points of random scans, aligned on the face to the scans'
    mean, and the (N,) relative sizes; slider frame, mm."""
    corners = triangles[fit.places.triangle]
    weights = fit.places.weights[:, :, None]

    def on_map(shape: np.ndarray) -> np.ndarray:
        return (shape[corners] * weights).sum(1)

    rest = on_map(fit.similarity.apply(scan.neutral * 1000))
    modes = np.stack([on_map(mode * 1000.0) for mode in scan.identity])
    modes = fit.similarity.scale * modes @ fit.similarity.rotation.T
    rng = np.random.default_rng(SEED)
    coefficients = rng.normal(size=(IDENTITIES, len(modes)))
    out = np.empty((IDENTITIES, *rest.shape), np.float32)
    sizes = np.empty(IDENTITIES)
    for index, coefficient in enumerate(coefficients):
        shape = rest + np.tensordot(coefficient, modes, 1)
        nearer = best_similarity(shape[face], rest[face])
        out[index], sizes[index] = nearer.apply(shape), 1 / nearer.scale
    return out, sizes


def fit_prior(
    source: Source, names: tuple[str, ...], scan: IctScan, fit: ScanRegistration, face: np.ndarray
) -> tuple[SliderPrior, PriorFigures]:
    """Fit the sliders to random scans and keep their mean and covariance.

    face : (V,) bool, the vertices that the figures speak of.
    """
    chosen, on_face = fit.vertices, face[fit.vertices]
    goals, sizes = _aligned_identities(scan, fit, scan.outer, on_face)
    rows = np.concatenate(
        [source.columns[:, chosen].transpose(1, 2, 0), _gauge(source.average[chosen])], axis=2
    ).reshape(-1, len(names) + 7)
    trust = np.repeat(np.maximum(source.weights[chosen], _LEAST_TRUST), 3)
    offsets = (goals - source.average[chosen]).reshape(len(goals), -1).astype(float)
    ridge = np.concatenate([source.ridge, np.full(7, 0.1)]) * _FIT_RIDGE
    system = rows.T @ (rows * trust[:, None]) + np.diag(ridge)
    values = np.linalg.solve(system, rows.T @ (offsets * trust).T).T
    residual = (offsets - values @ rows.T).reshape(goals.shape)[:, on_face]
    sliders = values[:, :-7]
    mean = sliders.mean(0)
    eigenvalues, axes = np.linalg.eigh(np.cov(sliders.T, ddof=0))
    strong = eigenvalues > eigenvalues.max() * 1e-6
    factor = (axes[:, strong] * np.sqrt(eigenvalues[strong]))[:, ::-1]
    scale = float(fit.similarity.scale)
    average_person = source.average + np.tensordot(mean, source.columns, 1)
    real_size = fit.places.point[on_face] / scale
    metric_scale = float(best_similarity(average_person[chosen[on_face]], real_size).scale)

    def mean_length(vectors: np.ndarray) -> float:
        return float(np.linalg.norm(vectors, axis=-1).mean()) / scale

    figures = PriorFigures(
        mean_length(residual),
        mean_length(residual.mean(0)),
        mean_length(residual - residual.mean(0)),
        mean_length((goals - goals.mean(0))[:, on_face]),
        mean_length((goals - goals.mean(0))[:, on_face] - (residual - residual.mean(0))),
        float(sizes.std() / sizes.mean()),
    )
    return SliderPrior(names, mean, factor, float(metric_scale)), figures
