"""Run in a fresh process: install the zip, make a head with the installed operators, remove it.

python installed_extension.py ofer_faces.zip NAME.ofer          prints what it saw as JSON
"""

from __future__ import annotations

import json
import sys

import bpy

MODULE = "bl_ext.user_default.ofer_faces"


def main(package: str, reconstruction: str) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    seen = {}
    for attempt in ("first", "again"):
        bpy.ops.extensions.package_install_files(
            filepath=package, repo="user_default", enable_on_install=True, overwrite=True
        )
        seen[attempt] = MODULE in bpy.context.preferences.addons
    addon = bpy.context.preferences.addons[MODULE]
    addon.preferences.device = "cpu"
    bpy.ops.ed.undo_push(message="Start")
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=reconstruction)
    seen["keys"] = [key.name for key in bpy.context.object.data.shape_keys.key_blocks]
    seen["contract"] = sorted(name for name in sys.modules if name.endswith("contract.protocol"))
    bpy.ops.ed.undo()
    seen["after_undo"] = len(bpy.data.objects)
    bpy.ops.preferences.addon_disable(module=MODULE)
    seen["gone"] = not hasattr(bpy.types.Scene, "ofer")
    bpy.ops.extensions.package_uninstall(repo_index=_index("user_default"), pkg_id="ofer_faces")
    sys.stdout.write("\n" + json.dumps(seen))


def _index(module: str) -> int:
    repositories = bpy.context.preferences.extensions.repos
    return next(i for i, each in enumerate(repositories) if each.module == module)


main(*sys.argv[1:])
