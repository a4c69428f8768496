"""Makes the engine's albedo prior, `texture/albedo_prior.npz`, from public-domain portraits.

    python -m ofer_engine.research.albedo.albedo_prior_build --portraits PORTRAITS
        --pack weights/open --readings FOLDER [--every 2]

FOLDER keeps what was read of each portrait (`portrait_colours`), for a second run. Probabilistic
principal components by expectation and maximisation: each portrait is explained with the prior so
far (`texture/explanation`), and what light and outliers leave of it makes the next prior. Portraits
from number 780 on are never used: they are kept for measuring.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ...geometry.smooth_step import smooth_step
from ...heads.open_head import OpenHead
from ...texture.albedo_prior import FILE, AlbedoPrior
from ...texture.explanation import Explanation, VertexAlbedo, explain, opponent
from ...texture.features import Features, features_of
from ...texture.fields import membrane
from ...texture.shape import SKIN, Shape
from ...texture.tone import ToneModel
from .portrait_colours import PortraitColours, read_portraits

_LOG: Final = logging.getLogger(__name__)
MODES: Final = 16
_ROUNDS: Final = 4
_GREY: Final = 0.12
"""Log R/B of skin below which a portrait was taken without colour."""
_CARRIED: Final = 6.0
"""Millimetres over which the prior is carried on."""
_UNSEEN: Final = 0.12
"""Spread of skin that portraits do not show."""
_FREE: Final = 0.5
"""Weight below which a vertex of a portrait counts as unseen in what the modes are made of."""


def start(features: Features) -> VertexAlbedo:
    """Plain skin with darker brows and redder lips, to begin with."""
    mean = np.zeros((len(features.lips), 3), np.float32)
    mean -= features.lips[:, None] * np.array([0.25, -0.35, -0.1], np.float32)
    mean -= features.brows[:, None] * np.array([0.5, 0.1, 0.0], np.float32)
    spread = np.full(mean.shape, 0.1, np.float32)
    spread += (features.brows + features.lips + features.lids + features.scalp)[:, None] * 0.15
    return VertexAlbedo(mean, np.zeros((0, *mean.shape), np.float32), spread)


def maximise(
    prior: VertexAlbedo,
    portraits: list[PortraitColours],
    found: list[Explanation],
    mirror: np.ndarray,
    count: int,
) -> VertexAlbedo:
    """The next prior. mirror : (V,) vertex on the other side: what differs between the sides of a
    face is light, far more often than skin."""
    rest, weights = [], []
    for portrait, explanation in zip(portraits, found, strict=True):
        away = opponent(portrait.colours) - explanation.level - explanation.light
        weight = portrait.trust * explanation.likely
        guess = prior.at(explanation.weights)
        share = np.clip(weight / _FREE, 0, 1)[:, None]
        filled = guess + share * (np.clip(away - guess, -1, 1))
        pair = np.stack([weight, weight[mirror]])[..., None] + 1e-3
        rest.append((filled * pair[0] + filled[mirror] * pair[1]) / pair.sum(0))
        weights.append(np.maximum(weight, weight[mirror]))
    rows, sure = np.stack(rest), np.stack(weights)[..., None]
    mean = (rows * (sure + 0.02)).sum(0) / (sure + 0.02).sum(0)
    away = (rows - mean).reshape(len(rows), -1)
    _, values, modes = np.linalg.svd(away, full_matrices=False)
    scale = values[:count] / np.sqrt(len(rows))
    modes = modes[:count] * scale[:, None]
    left = away - (away @ modes.T / scale**2) @ modes
    spread = np.sqrt(((left.reshape(rows.shape) ** 2) * sure).sum(0) / (sure.sum(0) + 1e-3))
    return VertexAlbedo(
        mean.astype(np.float32),
        modes.reshape(-1, *mean.shape).astype(np.float32),
        np.clip(spread, 0.02, 0.4).astype(np.float32),
    )


def _bare(features: Features) -> np.ndarray:
    """(V,) 0..1: where portraits show skin, and neither hair, teeth nor a collar."""
    hair = np.maximum(features.scalp, 0.6 * features.ears)
    return np.clip(1 - 2 * features.cavity - hair - 0.9 * features.neck, 0, 1)


def extended(shape: Shape, prior: VertexAlbedo, seen: np.ndarray) -> VertexAlbedo:
    """The prior carried on smoothly to plain skin where portraits do not show it.

    seen : (V,) 0..1, how well on average.
    """
    fields = np.concatenate([prior.mean[None], prior.modes]).transpose(1, 0, 2)
    sure = smooth_step(seen, 0.05, 0.3)
    smooth = membrane(shape, fields.reshape(len(fields), -1), sure, _CARRIED, 0.002)
    smooth = smooth.reshape(fields.shape)
    whole = smooth + sure[:, None, None] * (fields - smooth)
    spread = np.where(seen[:, None] > 0.05, prior.spread, _UNSEEN).astype(np.float32)
    whole = whole.transpose(1, 0, 2).astype(np.float32)
    return VertexAlbedo(whole[0], whole[1:], spread)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--pack", type=Path, required=True, help="a pack that reads the portraits")
    parser.add_argument("--readings", type=Path, required=True, help="folder for what was read")
    parser.add_argument("--every", type=int, default=2, help="use one portrait of so many")
    parser.add_argument("--out", type=Path, default=FILE)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    head = OpenHead.load(options.pack / "head.npz")
    features = features_of(head, lambda: head)
    portraits = list(
        read_portraits(options.portraits, options.pack, options.readings, options.every)
    )
    bare = _bare(features)
    portraits = [replace(each, trust=each.trust * bare) for each in portraits]
    prior, found = start(features), []
    for turn in range(_ROUNDS):
        found = [explain(prior, each.normals, each.colours, each.trust) for each in portraits]
        coloured = [explanation.level[1] - explanation.level[2] > _GREY for explanation in found]
        portraits = [each for each, kept in zip(portraits, coloured, strict=True) if kept]
        found = [each for each, kept in zip(found, coloured, strict=True) if kept]
        prior = maximise(prior, portraits, found, head.mirror, min(4 * (turn + 1), MODES))
        _LOG.info("round %d: %d portraits, spread %.3f", turn, len(found), prior.spread.mean())
    seen = [
        each.trust * explanation.likely for each, explanation in zip(portraits, found, strict=True)
    ]
    prior = extended(Shape.of(head, head.uv), prior, np.mean(seen, axis=0))
    levels = np.array([explanation.level for explanation in found])
    tone = ToneModel(levels.mean(0), np.cov(levels.T))
    skin = np.unique(head.polygons[head.part == head.part_names.index(SKIN)])
    skin = skin[skin >= 0]
    kept = VertexAlbedo(prior.mean[skin], prior.modes[:, skin], prior.spread[skin])
    AlbedoPrior(head.template[skin], kept, tone).save(options.out)
    _LOG.info("%s: %d kB", options.out, options.out.stat().st_size // 1000)


if __name__ == "__main__":
    main()
