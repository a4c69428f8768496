"""Finishes a built head: round eyes, whole rows of teeth with gums, an even neck, livelier units,
lids at rest, brows on their ridge, upper lashes that stand off, and UVs that favour the face.

`python -m ofer_engine.research.head_building.finish IN.npz OUT.npz` reads one head.npz and writes
another. Identity modes and the places of all evidence points stay, but for lids and lashes.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...arkit.gaze import turned_eyeballs
from ...arkit.unit_model import UnitModel, settled_units
from ...heads.open_head import OpenHead
from .dental_arches import dental_arches
from .expression_units import symmetric
from .face_layout import face_layout
from .inserts import with_inserts
from .level_neck import level_neck
from .lifelike_units import lifelike_units
from .lower_brows import with_lower_brows
from .resting_lids import with_resting_lids
from .round_eyes import round_eyes
from .upper_lashes import with_upper_lashes


def finished(head: OpenHead) -> OpenHead:
    """The head as artists are given it. Pure."""
    whole = with_inserts(head, (*round_eyes(head), *dental_arches(head)))
    lively = level_neck(replace(whole, expression=lifelike_units(whole)))
    units = settled_units(UnitModel.of_open_head(lively))
    settled = replace(lively, expression=symmetric(units, lively.mirror), uv=face_layout(lively))
    return with_upper_lashes(with_lower_brows(with_resting_lids(with_turning_eyes(settled))))


def with_turning_eyes(head: OpenHead) -> OpenHead:
    """The head whose eyeballs turn about their centres where a unit looks aside. Pure."""
    model = UnitModel.of_open_head(head)
    rest = head.template.astype(np.float64)
    turned = turned_eyeballs(rest, head.expression, model.eyes, model.eyeballs(rest))
    return replace(head, expression=symmetric(turned, head.mirror))


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("head", type=Path, help="head.npz as it was built")
    parser.add_argument("out", type=Path, help="where the finished head is written")
    options = parser.parse_args(arguments)
    finished(OpenHead.load(options.head)).save(options.out)


if __name__ == "__main__":
    main()
