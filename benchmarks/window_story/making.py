"""Chapters about what is made of the head: a painted skin, a rig, an exported file."""

from __future__ import annotations

import math

import bpy
from hand import Moves, view
from stage import Stage


def skin(stage: Stage) -> Moves:
    """Paint the head from its photo."""
    yield from stage.open_panel("OFER_PT_skin")
    yield from stage.hand.press("ofer.make_skin")
    yield from stage.job_done()
    yield from stage.hand.show("ofer.make_skin(", 60)
    shading = view(stage.hand.window).spaces.active.shading
    shading.color_type = "TEXTURE"  # Material Preview takes minutes without a graphics card
    yield from stage.picture("skin")


def rig(stage: Stage) -> Moves:
    """Bones and the 52 ARKit keys; open the jaw."""
    yield from stage.open_panel("OFER_PT_rig")
    yield from stage.hand.press("ofer.add_rig")
    yield from stage.hand.press("ofer.add_arkit")
    yield from stage.job_done()
    armature = next(each for each in bpy.data.objects if each.type == "ARMATURE")
    armature.pose.bones["jaw"].rotation_euler.x = math.radians(15)
    yield from stage.hand.show("ofer.aim_eyes(", 60)
    yield from stage.picture("rig")
    armature.pose.bones["jaw"].rotation_euler.x = 0.0
    keys = stage.head.data.shape_keys.key_blocks
    for name in ("mouthSmileLeft", "mouthSmileRight", "browInnerUp"):
        keys[name].value = 0.8
    yield from stage.picture("arkit_smile")
    for name in ("mouthSmileLeft", "mouthSmileRight", "browInnerUp"):
        keys[name].value = 0.0


def export(stage: Stage) -> Moves:
    """Check, then write a file for a game engine."""
    yield from stage.open_panel("OFER_PT_export")
    target = stage.play.out / "head.glb"
    yield from stage.hand.press("ofer.check_export")
    yield from stage.hand.show("ofer.check_export(", 75)
    yield from stage.picture("export")
    yield from stage.hand.press("ofer.export_head")
    yield from stage.choose_file(target)
    yield from stage.until(target.is_file, 60)
    yield 1.0
    stage.measured("glb_mb", round(target.stat().st_size / 1e6, 1))
    yield from stage.picture("exported")
