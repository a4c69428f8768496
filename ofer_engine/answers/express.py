"""The expressions of a reconstruction on another of its heads."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..arkit.six_joints import SixJoints
from ..assembly import expressive_heads, neutral_heads
from ..contract import protocol
from ..contract.draft import unwritable
from ..progress import Work
from ..session import Session
from .earlier import blended, open_earlier


def answer(session: Session, request: protocol.Express, work: Work) -> protocol.Result:
    """Raises OferError(DISK_FULL | READ_ONLY) and as `open_earlier`; then nothing is left."""
    progress = work.progress({"Loading the pack": 0.3, "Shaping the expressions": 0.2})
    progress.step("Loading the pack", 0, 1)
    record, reconstructor = open_earlier(session, request.folder)
    pack = reconstructor.pack
    identity = blended(record, request.rows, request.weights)
    expressions = record.array("expression_coefficients")
    progress.step("Shaping the expressions", 0, 1)
    out = Path(request.out)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("wb") as file:
            np.savez(
                file,
                identity_vertices=neutral_heads(pack, identity[None])[0],
                identity_joints=SixJoints.of(pack.head).joints(identity),
                expression_vertices=expressive_heads(pack, identity, expressions),
            )
        unfinished.replace(out)
    except OSError as cause:
        raise unwritable(out, cause) from cause
    finally:
        unfinished.unlink(missing_ok=True)
    progress.step("Shaping the expressions", 1, 1)
    return protocol.Result(request.id, str(out), ())
