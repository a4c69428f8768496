"""Where the vertices of a USD head are at certain times, by Pixar's library. Ends with 3 where that
is not installed.

python usd_player.py FILE.usdc OUT.npz SECONDS...
"""

from __future__ import annotations

import sys

import numpy as np

try:
    from pxr import Gf, Usd, UsdGeom, UsdSkel
except ImportError:
    sys.exit(3)


def main(path: str, out: str, *seconds: str) -> None:
    stage = Usd.Stage.Open(path)
    times = [stage.GetStartTimeCode() + float(s) * stage.GetTimeCodesPerSecond() for s in seconds]
    (mesh,) = (prim for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh))
    rest = np.array(UsdGeom.Mesh(mesh).GetPointsAttr().Get(), float)
    (root,) = (prim for prim in stage.Traverse() if prim.IsA(UsdSkel.Root))
    UsdSkel.BakeSkinning(UsdSkel.Root(root), Gf.Interval(min(times), max(times)))
    points = UsdGeom.Mesh(mesh).GetPointsAttr()
    places = [_placed(mesh, np.array(points.Get(time), float), time) for time in times]
    up = str(UsdGeom.GetStageUpAxis(stage))
    np.savez(out, rest=_placed(mesh, rest, times[0]), places=places, up=up)


def _placed(mesh: Usd.Prim, points: np.ndarray, time: float) -> np.ndarray:
    turn = np.array(UsdGeom.Xformable(mesh).ComputeLocalToWorldTransform(time))
    return points @ turn[:3, :3] + turn[3, :3]  # rows are vectors


main(*sys.argv[1:])
