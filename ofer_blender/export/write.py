"""Writing the file of a plan: the exporter's settings, measured to keep everything."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import bpy

from .. import compat
from ..undo.atomic_output import (
    AtomicOutput,
    atomic_output,
    disk_full,
    is_full,
    nameless,
    unwritable,
)
from . import fbx_tidy, whole
from .avatar import make_avatar
from .plan import Plan
from .presets import INFLUENCES, PRESETS, Format, Target
from .sidecar import write_sidecar
from .staging import StagedHead, staged

_GLB: Final = {
    "export_format": "GLB",
    "use_selection": True,
    "use_active_scene": True,  # else every scene of the file is named in it
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
    # Shapes and bones are laid as the program wants them: nothing is left to turn or scale.
    "axis_up": "Z",
    "axis_forward": "Y",
    "apply_unit_scale": False,
    "apply_scale_options": "FBX_SCALE_ALL",
}
_USD: Final = {
    "selected_objects_only": True,
    "export_animation": False,
    "export_shapekeys": True,
    "export_armatures": True,
    "export_materials": True,
    "export_custom_properties": True,  # of which the copy has none, for the names as they are
    "author_blender_name": True,
    "allow_unicode": True,
    "relative_paths": True,
}
_ANIMATED: Final = {
    Format.GLB: {
        "export_animations": True,
        "export_animation_mode": "SCENE",
        "export_anim_scene_split_object": False,  # one animation of all that moves
        "export_frame_range": True,
        "export_current_frame": True,  # at which everything rests
        "export_force_sampling": True,
        "export_optimize_animation_size": False,  # what stands still for a while stays as it is
    },
    Format.FBX: {
        "bake_anim": True,
        "bake_anim_use_all_bones": True,
        "bake_anim_use_nla_strips": False,
        "bake_anim_use_all_actions": False,
        "bake_anim_force_startend_keying": True,
        "bake_anim_step": 1.0,
        "bake_anim_simplify_factor": 0.0,
    },
    Format.USD: {"export_animation": True},
}
_OBJ: Final = {
    "export_selected_objects": True,
    "export_materials": True,
    "path_mode": "STRIP",
    "apply_modifiers": False,
}


def export(head: bpy.types.Object, plan: Plan) -> Path:
    """Write the plan's file and its sidecar from a copy of the head; gives the file.

    All of it or nothing: what was there before is there after a failure. Raises
    OferError(READ_ONLY | DISK_FULL | BAD_REQUEST).
    """
    if not plan.path.name:
        raise nameless()
    with atomic_output(plan.file, overwrite=plan.overwrite) as output:
        file = output.folder / plan.file.name
        with staged(head, plan, output) as stage:
            _write(plan, file, output, stage.animation is not None)
            names = [*_tidy(plan, file, stage, output), file.name]
            bones = tuple(stage.armature.data.bones.keys()) if stage.armature else ()
            animation = stage.animation
        sidecar = file.with_name(output.sidecar.name)
        write_sidecar(head, plan, sidecar, bones, tuple(names), animation)
        output.publish([*names, sidecar.name])
    return plan.file


def _write(plan: Plan, path: Path, output: AtomicOutput, animated: bool) -> None:
    """Raises OferError where Blender's exporter could not, or left a file that is cut."""
    message = "Blender's exporter wrote nothing whole"
    try:
        _call_exporter(plan, path, animated)
    except RuntimeError as cause:
        _close_what_was_open()
        message = str(cause)
    else:
        if whole.is_whole(path):
            return
    raise disk_full(plan.file) if is_full(output.folder) else unwritable(plan.file, message)


def _close_what_was_open() -> None:
    """Python keeps the frames of the last error that it printed, and with them the file that an
    exporter was writing: open, it could not be deleted on Windows."""
    traceback.clear_frames(getattr(sys, "last_traceback", None))


@contextmanager
def _multiplied_base(render: bpy.types.RenderSettings) -> Iterator[None]:
    """Blender's exporter of glTF, in 4.2 to 5.2, takes frames a second for `fps` times `fps_base`,
    where they are `fps` by `fps_base`: 23.976 became 24.024."""
    base = render.fps_base
    render.fps_base = 1 / base
    try:
        yield
    finally:
        render.fps_base = base


def _call_exporter(plan: Plan, path: Path, animated: bool) -> None:
    preset = plan.preset
    moving: dict[str, Any] = _ANIMATED.get(preset.format, {}) if animated else {}
    settings = moving | dict(preset.settings)
    match preset.format:
        case Format.GLB:
            settings = _GLB | {"export_morph_normal": preset.normals} | settings
            made = path.with_suffix(".glb")  # no other does Blender's exporter leave as it is
            with _multiplied_base(bpy.context.scene.render):
                bpy.ops.export_scene.gltf(filepath=str(made), **settings)
            if made != path:
                made.replace(path)
        case Format.FBX:
            settings = _FBX | {"global_scale": preset.space.unit} | settings
            bpy.ops.export_scene.fbx(filepath=str(path), **settings)
        case Format.USD:
            settings = compat.supported_usd_settings(_USD | compat.usd_settings() | settings)
            bpy.ops.wm.usd_export(filepath=str(path), **settings)
        case Format.OBJ:
            bpy.ops.wm.obj_export(filepath=str(path), **(_OBJ | settings))


def _tidy(plan: Plan, file: Path, stage: StagedHead, output: AtomicOutput) -> list[str]:
    """Take out what tells of this machine; gives the names of the files that go with this one.
    Raises OSError."""
    match plan.preset.format:
        case Format.GLB if stage.avatar:
            make_avatar(file, stage.avatar)
        case Format.FBX:
            fbx_tidy.tidy(file, plan.preset.space)
        case Format.USD:
            return list(stage.pictures)
        case Format.OBJ:
            return _tidy_obj(file, stage, output)
    return []


def _tidy_obj(file: Path, stage: StagedHead, output: AtomicOutput) -> list[str]:
    """The first line of the materials' file names the .blend. Gives its name, and those of the
    pictures that it names."""
    written = file.with_suffix(".mtl")
    if not written.is_file():
        return []
    _, _, content = written.read_text("utf-8").partition("\n")
    written.unlink()
    name = output.companion("", ".mtl")
    (file.parent / name).write_text(f"# Blender {bpy.app.version_string}\n{content}", "utf-8")
    if name != written.name:
        former, now = (f"mtllib {each}\n".encode() for each in (written.name, name))
        file.write_bytes(file.read_bytes().replace(former, now, 1))
    return [name, *(each for each in stage.pictures if f" {each}\n" in content)]


TARGETS: Final = tuple((str(target), PRESETS[target].label, PRESETS[target].note)
                       for target in Target)  # fmt: skip
"""The items of a menu of targets."""
