"""Exporting the active head as a test wants it, and what the check then finds."""

from __future__ import annotations

from pathlib import Path

import bpy
from ofer_faces.ofer_blender.export.presets import PRESETS, Target
from ofer_faces.ofer_blender.head import hypotheses


def export(path: Path, target: Target, **options: object) -> Path:
    """The file that was written; options : of the head's `ofer_export`."""
    settings = hypotheses.active_head(bpy.context).ofer_export
    for name, value in options.items():
        setattr(settings, name, value)
    bpy.ops.ofer.export_head(filepath=str(path), target=target)
    return path.with_name(f"{path.name}.{PRESETS[target].format}")


def findings(target: Target) -> dict[str, str]:
    """Texts of *Check Export* and their levels."""
    settings = hypotheses.active_head(bpy.context).ofer_export
    settings.target = target
    bpy.ops.ofer.check_export()
    return {line.text: line.level for line in settings.findings}
