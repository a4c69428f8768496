"""Eyes of a face at rest: upper lids that cover the rim of the iris.

MakeHuman's neutral eyes, which the basis keeps, are open by 0.137 of the distance between the outer
corners. Of 359 official portraits the median is 0.089 as the face detector sees them, and 96 % have
less than 0.11; ICT-FaceKit's neutral has 0.094. So heads stared.

`python -m ofer_engine.research.head_building.resting_lids IN.npz OUT.npz` gives lids at rest to a
head that is not finished, for training pictures.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from ...contract.arkit import ARKIT_52
from ...heads.open_head import OpenHead

AT_REST: Final = MappingProxyType({"eyeBlink": 0.12, "eyeSquint": 0.06})
"""Share of a unit, of either side, that a face at rest has: of four shares the largest with which
three heads that were looked at seemed calm and not yet tired."""

_ACROSS: Final = np.array([-1, 1, 1], np.float32)


def shares_at_rest() -> np.ndarray:
    """(52,) float32, in ARKIT_52 order: `AT_REST` on both sides, 0 for every other unit."""
    shares = np.zeros(len(ARKIT_52), np.float32)
    for name, share in AT_REST.items():
        for side in ("Left", "Right"):
            shares[ARKIT_52.index(f"{name}{side}")] = share
    return shares


def with_resting_lids(head: OpenHead) -> OpenHead:
    """The head with lids at rest. A unit begins there and ends where it ended before. Pure."""
    shares = shares_at_rest()
    moved = np.tensordot(shares, head.expression, 1).astype(np.float32)
    moved = (moved + moved[head.mirror] * _ACROSS) / 2  # to the bit
    units = head.expression * (1 - shares)[:, None, None]
    return replace(head, template=head.template + moved, expression=units)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("head", type=Path, help="head.npz whose eyes are MakeHuman's")
    parser.add_argument("out", type=Path, help="where the head with lids at rest is written")
    options = parser.parse_args(arguments)
    with_resting_lids(OpenHead.load(options.head)).save(options.out)


if __name__ == "__main__":
    main()
