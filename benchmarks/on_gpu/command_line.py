"""The command line's own reconstruction with the bundled pack."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from ofer_engine.contract import reconstruction

from .bench import ROOT, Bench, TableRow
from .difference import in_millimetres
from .held_out import CROP, HELD_OUT


def reconstruct(bench: Bench) -> Iterator[TableRow]:
    """`reconstruct` with the bundled pack, on the device and on the CPU."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        tile = Image.open(HELD_OUT / "held_out.jpg").crop((0, 0, CROP, CROP))
        tile.resize((4 * CROP, 4 * CROP), Image.Resampling.LANCZOS).save(place / "face.png")
        expected, _ = _reconstructed(place, "cpu", bench)
        found, seconds = _reconstructed(place, bench.device.type, bench)
        for name in ("identity_vertices", "expression_vertices"):
            apart = in_millimetres(found.array(name), expected.array(name))
            yield TableRow(f"`reconstruct`, {name}", "the CPU's", apart, seconds)
        same = np.array_equal(found.array("identity_order"), expected.array("identity_order"))
        yield TableRow(
            "`reconstruct`, order of the ranked heads", "the CPU's", "same" if same else "other"
        )


def _reconstructed(
    place: Path, device: str, bench: Bench
) -> tuple[reconstruction.Reconstruction, str]:
    out = place / f"on_{device}_{len(list(place.iterdir()))}"
    command = [sys.executable, "-m", "ofer_engine", "reconstruct", str(place / "face.png")]
    command += ["--out", str(out), "--device", device, "--identities", str(bench.scale.heads)]
    command += ["--keep", "4", "--expressions", str(bench.scale.expressions)]
    started = time.perf_counter()
    ran = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=ROOT)
    if ran.returncode:
        raise RuntimeError(ran.stderr[-300:] or ran.stdout[-300:])
    seconds = f"{time.perf_counter() - started:.1f}, start of the process included"
    return reconstruction.read(next(out.glob("*.ofer"))), seconds
