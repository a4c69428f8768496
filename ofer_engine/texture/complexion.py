"""The skin before any photo's detail: the person's tone and albedo, and what no photo shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from ..geometry.smooth_step import smooth_step
from .explanation import VertexAlbedo
from .features import Features, sockets
from .shape import Shape

_CAVITY = np.array([-1.2, 0.45, 0.0], np.float32)
"""The mouth's inside, relative to the skin: log luminance, log R/G, log B/G."""
_LIPS = np.array([[-0.6, 0.16, -0.10], [-0.14, 0.60, 0.02]], np.float32)
"""Least and most that lips have relative to the skin: teeth between them look bluish and pale."""
_SHADE = 0.7
"""How much of the darkness of average sockets is left out: brows shade those of portraits."""
_THIN = (0.004, 0.010)
"""Metres of flesh below which the mouth's inside has the skin's colour, and its own from."""
_ROUGH = 0.48
_ROUGHNESS = (("lips", -0.14), ("lids", -0.06), ("nose", -0.07), ("brows", 0.08), ("cavity", -0.2))


@dataclass(frozen=True, eq=False)
class Complexion:
    """tone : (3,) and base : (V, 3), log luminance, log R/G, log B/G, of the person's skin;
    roughness : (V,) of a Principled BSDF."""

    tone: np.ndarray
    base: np.ndarray
    roughness: np.ndarray


def complexion(
    shape: Shape,
    features: Features,
    albedo: VertexAlbedo,
    weights: np.ndarray,
    tone: np.ndarray,
    lip_colour: np.ndarray,
) -> Complexion:
    """weights : (K,) of the albedo's modes; lip_colour : (3,) by which lips differ from it."""
    base = tone + albedo.at(weights)
    base[:, 0] += _SHADE * sockets(shape, features) * np.clip(tone[0] - base[:, 0], 0, None)
    lips = np.clip(features.lips, 0, 1)[:, None]
    usual = np.clip(base, tone + _LIPS[0], tone + _LIPS[1])
    base = base + lips * (usual + lip_colour - base)
    inside = np.clip(features.cavity * _depth_below_skin(shape, features), 0, 1)[:, None]
    base = base + inside * (tone + _CAVITY - base)
    roughness = np.full(len(base), _ROUGH)
    for name, differs in _ROUGHNESS:
        roughness += differs * np.clip(getattr(features, name), 0, 1)
    return Complexion(tone, base.astype(np.float32), roughness.astype(np.float32))


def _depth_below_skin(shape: Shape, features: Features) -> np.ndarray:
    """(V,) 0..1: 0 just below the outer skin. A pocket of the mouth that a thin face lets show
    through beside the nose had better be skin."""
    outer = features.cavity + features.lips < 0.1
    away, _ = KDTree(shape.template[outer]).query(shape.template)
    return smooth_step(np.asarray(away), *_THIN)
