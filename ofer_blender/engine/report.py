"""A report to paste: versions, the failure and the end of the log, without anybody's name."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.client.engine_settings import ROOT
from ...ofer_engine.client.privacy import masked
from ...ofer_engine.contract.protocol import Failure
from . import jobs, packs
from .engine_settings import engine_settings

_LOG_LINES: Final = 40
_LOG_BYTES: Final = 20_000


def text(failure: Failure | None) -> str:
    """The report, with folders of the user, names and photos masked."""
    engine = engine_settings()
    client = jobs.queue.client
    ready = client.ready if client else None
    lines = [
        f"OFER Faces {_version()}",
        f"Blender {bpy.app.version_string}, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}",
        f"Engine: {'set up' if engine.installed else 'missing'}, device {engine.device}"
        + (f", running {ready.engine} on {ready.device}, {ready.memory} MB" if ready else ""),
        f"Packs: {', '.join(packs.installed())}",
    ]
    if failure:
        lines += [f"Failure: {failure.code}", f"  {failure.message}", f"  {failure.hint}"]
    logs = (("the engine's log", engine.log), ("the add-on's log", engine.faults))
    for title, log in logs:
        if tail := _log_end(log):
            lines += [f"End of {title}:", *(f"  {line}" for line in tail)]
    return _without_photos(masked("\n".join(lines))) + "\n"


def _version() -> str:
    """Of the manifest, which also stands in the zip."""
    for line in (ROOT / "blender_manifest.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("version ="):
            return line.partition('"')[2].partition('"')[0]
    return "unknown"


def _log_end(log: Path) -> list[str]:
    try:
        data = log.read_bytes()[-_LOG_BYTES:]
    except OSError:
        return []
    return data.decode("utf-8", "replace").splitlines()[-_LOG_LINES:]


def _without_photos(report: str) -> str:
    """What a photo is called is often whom it shows."""
    for scene in bpy.data.scenes:
        for photo in scene.ofer.photos:
            name = bpy.path.basename(photo.filepath)
            for shown in filter(None, (name, name.rpartition(".")[0])):
                report = report.replace(shown, "<photo>")
    return report
