"""What a USD file holds, by Pixar's library, as arrays. Ends with 3 where that is not installed.

python usd_reader.py FILE.usdc OUT.npz
"""

from __future__ import annotations

import sys

import numpy as np

try:
    from pxr import Usd, UsdGeom, UsdShade, UsdSkel
except ImportError:
    sys.exit(3)


def main(path: str, out: str) -> None:
    stage = Usd.Stage.Open(path)
    prims = list(stage.Traverse())
    (mesh,) = (prim for prim in prims if prim.IsA(UsdGeom.Mesh))
    binding = UsdSkel.BindingAPI(mesh)
    turn = np.array(UsdGeom.Xformable(mesh).ComputeLocalToWorldTransform(0))  # rows are vectors
    rest = np.array(UsdGeom.Mesh(mesh).GetPointsAttr().Get(), float)
    shapes = [
        UsdSkel.BlendShape(stage.GetPrimAtPath(target))
        for target in binding.GetBlendShapeTargetsRel().GetTargets()
    ]
    moves = np.zeros((len(shapes), *rest.shape))
    for move, shape in zip(moves, shapes, strict=True):
        indices = shape.GetPointIndicesAttr().Get()
        offsets = np.array(shape.GetOffsetsAttr().Get() or np.zeros((0, 3)), float)
        move[list(indices) if indices else np.arange(len(offsets))] = offsets.reshape(-1, 3)
    skeletons = [UsdSkel.Skeleton(prim) for prim in prims if prim.IsA(UsdSkel.Skeleton)]
    joints = [str(name) for each in skeletons for name in each.GetJointsAttr().Get()]
    weights = binding.GetJointWeightsPrimvar()
    shared = np.array(weights.Get() or [], float).reshape(-1, max(weights.GetElementSize(), 1))
    shaders = (UsdShade.Shader(prim) for prim in prims if prim.IsA(UsdShade.Shader))
    textures = [each for each in shaders if each.GetInput("file")]
    called = [each.GetAttribute("userProperties:blender:object_name").Get() for each in prims]
    np.savez(
        out,
        keys=[str(name) for name in binding.GetBlendShapesAttr().Get() or []],
        rest=rest @ turn[:3, :3] + turn[3, :3],
        moves=moves @ turn[:3, :3],
        joints=joints,
        weights=shared,
        textures=len(textures),
        mesh=str(mesh.GetPath()),
        called=[str(name) for name in called if name],
        up=str(UsdGeom.GetStageUpAxis(stage)),
        unit=UsdGeom.GetStageMetersPerUnit(stage),
    )


main(*sys.argv[1:])
