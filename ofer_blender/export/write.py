"""Writing the file of a plan: the exporter's settings, measured to keep everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from .. import compat, rig
from .plan import Plan
from .presets import INFLUENCES, PRESETS, Format, Target
from .sidecar import write_sidecar
from .staging import Stage, staged

_GLB: Final = {
    "export_format": "GLB",
    "use_selection": True,
    "export_yup": True,
    "export_apply": False,  # applying modifiers loses every shape key
    "export_morph": True,
    "export_morph_tangent": False,
    "export_skins": True,
    "export_influence_nb": INFLUENCES,
    "export_def_bones": False,
    "export_animations": False,
    "export_extras": False,
}
_FBX: Final = {
    "use_selection": True,
    "object_types": {"ARMATURE", "MESH"},
    "use_mesh_modifiers": False,  # applying modifiers loses every shape key
    "add_leaf_bones": False,
    "primary_bone_axis": "Y",
    "secondary_bone_axis": "X",
    "mesh_smooth_type": "FACE",
    "bake_anim": False,
    "path_mode": "COPY",
    "embed_textures": True,
}
_USD: Final = {
    "selected_objects_only": True,
    "export_animation": False,
    "export_shapekeys": True,
    "export_armatures": True,
    "export_materials": True,
    "overwrite_textures": True,
}
_USD_TEXTURES: Final = "textures"
_OBJ: Final = {
    "export_selected_objects": True,
    "export_materials": True,
    "path_mode": "COPY",
    "apply_modifiers": False,
}


def export(head: bpy.types.Object, plan: Plan) -> Path:
    """Write the plan's file and its sidecar from a copy of the head; gives the file.

    Raises OferError(READ_ONLY) where it cannot be written.
    """
    path = plan.file
    if not path.parent.is_dir():
        raise _unwritable(path, "there is no such folder")
    with staged(head, plan) as stage:
        try:
            _write(plan, path)
            _unpack_pictures(stage, path)
        except (RuntimeError, OSError) as cause:
            raise _unwritable(path, str(cause)) from cause
        if not path.is_file():
            raise _unwritable(path, "Blender's exporter wrote nothing")
        write_sidecar(head, plan, _names(stage), _bones(stage))
    return path


def _write(plan: Plan, path: Path) -> None:
    preset = plan.preset
    settings: dict[str, Any] = dict(preset.settings)
    match preset.format:
        case Format.GLB:
            settings = _GLB | {"export_morph_normal": preset.normals} | settings
            bpy.ops.export_scene.gltf(filepath=str(path), **settings)
        case Format.FBX:
            bpy.ops.export_scene.fbx(filepath=str(path), **(_FBX | settings))
        case Format.USD:
            bpy.ops.wm.usd_export(filepath=str(path), **(_USD | compat.usd_alone() | settings))
        case Format.OBJ:
            bpy.ops.wm.obj_export(filepath=str(path), **(_OBJ | settings))


def _unpack_pictures(stage: Stage, path: Path) -> None:
    """Write pictures packed into the .blend where the file says they are: the exporters of USD and
    OBJ give them the name they once had, or leave them out. Raises OSError."""
    folders = {f".{Format.USD}": path.parent / _USD_TEXTURES, f".{Format.OBJ}": path.parent}
    folder = folders.get(path.suffix)
    if folder is None:
        return
    trees = (each.node_tree for each in stage.meshes[0].data.materials if each and each.node_tree)
    images = {node.image for tree in trees for node in tree.nodes if node.type == "TEX_IMAGE"}
    for image in images:
        if image and image.packed_file and image.filepath:
            folder.mkdir(exist_ok=True)
            place = folder / Path(bpy.path.abspath(image.filepath)).name
            place.write_bytes(image.packed_file.data)


def _names(stage: Stage) -> tuple[str, ...]:
    return stage.shapes.names


def _bones(stage: Stage) -> tuple[str, ...]:
    return rig.BONES if stage.armature else ()


def _unwritable(path: Path, said: str) -> OferError:
    why = said.strip().rpartition("\n")[2].rstrip(".")
    return OferError(
        ErrorCode.READ_ONLY,
        f"{path.name} could not be written: {why}.",
        "Choose another folder.",
    )


TARGETS: Final = tuple((str(target), PRESETS[target].label, PRESETS[target].note)
                       for target in Target)  # fmt: skip
"""The items of a menu of targets."""
