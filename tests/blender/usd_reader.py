"""What a USD file holds, by Pixar's library, as JSON. Ends with 3 where that is not installed.

python usd_reader.py FILE.usdc KEY
"""

from __future__ import annotations

import json
import sys

try:
    from pxr import Usd, UsdGeom, UsdShade, UsdSkel
except ImportError:
    sys.exit(3)


def main(path: str, key: str) -> None:
    stage = Usd.Stage.Open(path)
    prims = list(stage.Traverse())
    (mesh,) = (prim for prim in prims if prim.IsA(UsdGeom.Mesh))
    binding = UsdSkel.BindingAPI(mesh)
    targets = binding.GetBlendShapeTargetsRel().GetTargets()
    chosen = next(target for target in targets if target.name == key)
    shape = UsdSkel.BlendShape(stage.GetPrimAtPath(chosen))
    (skeleton,) = (UsdSkel.Skeleton(prim) for prim in prims if prim.IsA(UsdSkel.Skeleton))
    weights = binding.GetJointWeightsPrimvar()
    textures = [
        shader.GetInput("file").Get().path
        for shader in map(UsdShade.Shader, (p for p in prims if p.IsA(UsdShade.Shader)))
        if shader.GetInput("file")
    ]
    offsets = [list(map(float, each)) for each in shape.GetOffsetsAttr().Get() or ()]
    indices = shape.GetPointIndicesAttr().Get()
    told = {
        "keys": list(binding.GetBlendShapesAttr().Get()),
        "joints": list(skeleton.GetJointsAttr().Get()),
        "influences": weights.GetElementSize(),
        "textures": len(textures),
        "offsets": offsets,
        "indices": list(indices) if indices else list(range(len(offsets))),
    }
    sys.stdout.write(json.dumps(told))


main(*sys.argv[1:])
