"""A new .blend around one head: light, a camera, a sensible view; and its glTF export."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import bpy
from mathutils import Euler, Vector

from ...ofer_engine.client import reconstruction_reader
from ...ofer_engine.contract import reconstruction
from ...ofer_engine.contract import skin as contract
from ...ofer_engine.contract.files.sidecar import is_as_made, made_files, sidecar_of
from .. import compat
from ..export import write
from ..export.plan import Keys, Plan
from ..export.presets import Target
from ..head import head_object, presentation
from ..photo import head_photos, photo_beside, photo_camera
from ..rig import arkit_keys, rig
from ..skin import skin
from ..undo.atomic_output import beside, disk_full, is_full, taken, unwritable

_LAMPS: Final = (
    ("Key", (0.9, -1.3, 0.9), 22.0, 0.8),
    ("Fill", (-1.2, -1.0, 0.2), 7.0, 1.2),
    ("Rim", (-0.5, 1.2, 0.9), 16.0, 0.6),
)
"""Name, place in metres from the head, watts, size in metres."""
_DISTANCE: Final = 1.9
"""Of the view, for each metre of height that it shows."""
_WIDE: Final = 1.5
"""Width of a view for its height, at least."""


def build(
    folder: Path,
    blend: Path | None,
    glb: Path | None,
    photo: Path | None = None,
    overwrite: bool = True,
) -> bpy.types.Object:
    """Empty this Blender, build the head of a NAME.ofer folder in it, rigged and with the 52 ARKit
    keys, write what is asked for; in the .blend the head is shown as *Reconstruct* shows it.

    photo : stands beside the head, if Blender has a reader for it; overwrite : files that are
    there; else those alone that the GLB's sidecar lists, unchanged since.

    Raises OferError where the folder is damaged or a file cannot be written.
    """
    delivered = reconstruction_reader.read(folder)
    record = delivered.record
    bpy.ops.wm.read_homefile(app_template="", use_empty=True, use_factory_startup=True)
    bpy.context.preferences.filepaths.save_version = 0  # no .blend1 beside a file made again
    scene = bpy.context.scene
    head = head_object.build(delivered)
    painted = folder / contract.FOLDER
    if (painted / contract.RECORD).is_file():
        skin.wear(head, contract.read(painted), skin.Keep.PACK, len(delivered.arrays.polygons))
    camera = photo_camera.build(record.camera, head)
    for made in (head, camera, *_lamps()):
        scene.collection.objects.link(made)
    _set_scene(scene, camera, record.camera)
    head.select_set(True)
    bpy.context.view_layer.objects.active = head
    if record.has("arkit_units"):
        arkit_keys.add(head)
    rig.build(head)
    made = made_files(sidecar_of(glb)) if glb else None
    if glb:
        plan = Plan(Target.GLB, glb.absolute(), Keys.ALL, overwrite=overwrite)
        write.export(head, plan)
    if blend:
        presentation.dress(head, presentation.FULL)
        if photo and head_photos.is_readable(photo):
            image = bpy.data.images.load(str(photo.absolute()))
            photo_beside.show(head, image)
        _look_at(*photo_beside.bounds(head))
        _save(blend.absolute(), made, overwrite)
    return head


def _save(blend: Path, made: Mapping[str, str] | None, overwrite: bool) -> None:
    """Raises OferError: what is there stays then, and nothing lies beside it."""
    with beside(blend) as scratch:
        saved = scratch / blend.name
        try:
            bpy.ops.wm.save_as_mainfile(filepath=str(saved), check_existing=False, compress=True)
        except RuntimeError as cause:
            raise disk_full(blend) if is_full(scratch) else unwritable(blend, str(cause)) from cause
        if not (overwrite or is_as_made(blend, made)):
            raise taken(blend.name)
        saved.replace(blend)


def _lamps() -> Iterator[bpy.types.Object]:
    for name, place, watts, size in _LAMPS:
        data = bpy.data.lights.new(name, "AREA")
        data.energy, data.size = watts, size
        lamp = bpy.data.objects.new(name, data)
        lamp.location = place
        lamp.rotation_euler = (-Vector(place)).to_track_quat("-Z", "Y").to_euler()
        yield lamp


def _set_scene(
    scene: bpy.types.Scene, camera: bpy.types.Object, photo: reconstruction.CameraRecord
) -> None:
    scene.camera = camera
    scene.render.engine = compat.EEVEE
    scene.render.resolution_x, scene.render.resolution_y = photo.width, photo.height
    scene.world = bpy.data.worlds.new("World")
    tree = compat.enable_nodes(scene.world)
    sky = next(node for node in tree.nodes if node.type == "BACKGROUND")
    sky.inputs["Color"].default_value = (0.18, 0.18, 0.19, 1.0)


def _look_at(low: Vector, high: Vector) -> None:
    """Open the file with the head and its photo filling the view, seen from the front, its colours
    on, and our tab at hand. low, high : corners of both, metres."""
    front = (math.radians(90), 0.0, 0.0)
    size = high - low
    in_windows = {window.screen for window in bpy.context.window_manager.windows}
    for screen in bpy.data.screens:
        for area in screen.areas:
            if area.type == "VIEW_3D":
                view = area.spaces.active
                view.clip_start = 0.01
                view.shading.type = "MATERIAL"
                view.shading.color_type = "TEXTURE"
                if screen in in_windows:  # of others Blender never frees what a sidebar needs
                    view.show_region_ui = True
                region = view.region_3d
                region.view_perspective = "PERSP"
                region.view_location = (low + high) / 2
                region.view_distance = _DISTANCE * max(size.x / _WIDE, size.z)
                region.view_rotation = Euler(front).to_quaternion()
