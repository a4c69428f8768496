"""Heads from coefficients: a client that cancels never waits for more than one of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.records import Show
from ofer_engine.handlers.assembly import (
    DrawnHeads,
    expressive_heads,
    neutral_heads,
    rows_to_show,
)
from ofer_engine.heads.teeth import Teeth
from ofer_engine.packs.pack import Pack
from ofer_engine.pipeline import Ranking
from ofer_engine.ranking.diverse import most_different
from ofer_engine.session import Session

ROOT = Path(__file__).resolve().parents[3]
COUNT = 60


class _Looks:
    """How often somebody looked whether the client cancelled; it does so at `last`."""

    def __init__(self, last: int = sys.maxsize) -> None:
        self.last = last
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        if self.count == self.last:
            raise OferError(ErrorCode.CANCELLED, "The work was cancelled.")


@pytest.fixture(scope="module")
def pack() -> Pack:
    return Session("cpu", None, 1).reconstructor("open").pack


@pytest.fixture(scope="module")
def identities(pack: Pack) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(COUNT, len(pack.head.identity))).astype("f4")


def test_between_two_looks_there_is_one_head(pack: Pack, identities: np.ndarray) -> None:
    looks = _Looks()
    heads = neutral_heads(pack, identities[:5], looks)
    assert looks.count == 5 and heads.shape == (5, *pack.head.template.shape)
    expressions = np.zeros((4, pack.expressions), np.float32)
    assert np.array_equal(expressive_heads(pack, identities[0], expressions, looks)[3], heads[0])
    assert looks.count == 9
    with pytest.raises(OferError, match="cancelled"):
        neutral_heads(pack, identities, _Looks(last=3))


def test_those_that_differ_most_are_chosen_by_their_skin(
    pack: Pack, identities: np.ndarray
) -> None:
    """Their teeth, which take long to be put behind it, say nothing of that."""
    points = pack.head.rank_vertices
    teeth = Teeth.of(pack.head)
    assert not np.isin(points, np.concatenate([row.ids for row in teeth.probes])).any()
    ranking = Ranking.of(np.linspace(1, 0, COUNT, dtype=np.float32))
    drawn, looks = DrawnHeads(identities, ranking, ()), _Looks()
    rows = rows_to_show(pack, drawn, 10, Show.DIVERSE, looks)
    heads = [neutral_heads(pack, part, looks) for part in np.array_split(identities, 2)]
    wanted = most_different(ranking.order, np.concatenate(heads)[:, points], 10)
    assert rows.tolist() == wanted.tolist()
    with pytest.raises(OferError, match="cancelled"):
        rows_to_show(pack, drawn, 10, Show.DIVERSE, _Looks(last=2))


def test_a_pack_is_loaded_without_what_only_compilers_need() -> None:
    """Which took longer than all that follows."""
    script = (
        "import sys; from ofer_engine.session import Session;"
        "Session('cpu', None, 1).reconstructor('open'); sys.exit('sympy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0


def test_a_face_is_read_in_steps(engine, portrait: Path) -> None:
    """Its network, what meets its points, and each of the three rounds of that fit."""
    session = engine.session
    opened = session.photo(str(portrait))
    looks, pack = _Looks(), session.reconstructor("open").pack
    pack.encode(opened.photo, opened.faces[0], None, looks)
    assert looks.count == 5
