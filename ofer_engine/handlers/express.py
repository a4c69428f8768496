"""The expressions of a reconstruction on another of its heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..arkit.six_joints import SixJoints
from ..arkit.unit_library import unit_arrays
from ..contract import protocol
from ..contract.files.whole_file import whole_file
from ..progress import Work
from ..session import Session
from .assembly import expressive_heads, neutral_heads
from .resume import blended, open_earlier
from .stages import LOADING, SHAPING, UNITS, UNITS_SECONDS


def answer(session: Session, request: protocol.Express, work: Work) -> protocol.Result:
    """Raises OferError(DISK_FULL | READ_ONLY) and as `open_earlier`; then nothing is left."""
    progress = work.progress(
        {LOADING: 0.3, SHAPING: 0.2} | ({UNITS: UNITS_SECONDS} if request.units else {})
    )
    progress.step(LOADING, 0, 1)
    record, reconstructor = open_earlier(session, request.folder)
    pack = reconstructor.pack
    identity = blended(record, request.rows, request.weights)
    expressions = record.array("expression_coefficients")
    progress.step(SHAPING, 0, 1)
    neutral = neutral_heads(pack, identity[None], work.check)[0]
    expressive = expressive_heads(pack, identity, expressions, work.check)
    arrays = {
        "identity_vertices": neutral,
        "identity_joints": SixJoints.of(pack.head).joints(identity),
        "expression_vertices": expressive,
    }
    progress.step(SHAPING, 1, 1)
    if request.units:
        progress.step(UNITS, 0, 1)
        model = session.units.model(pack.head, work.check)
        arrays |= unit_arrays(model, neutral, expressive, work.check)
        progress.step(UNITS, 1, 1)
    with whole_file(Path(request.out)) as file:
        np.savez(file, allow_pickle=False, **arrays)
    return protocol.Result(request.id, request.out, ())
