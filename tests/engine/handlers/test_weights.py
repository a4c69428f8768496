"""Weight files: looked at with their licence, installed, refused with their reason."""

from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract import protocol
from ofer_engine.contract.errors import OferError
from ofer_engine.handlers import weights
from ofer_engine.progress import Pace, Work
from ofer_engine.session import Session

KNOWN = np.arange(1785, dtype=np.int64)
"""As many vertices of FLAME's 5023 as OFER ranks by; any will do."""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session("cpu", tmp_path / "home", None)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    np.save(tmp_path / "frontindices.npy", KNOWN)
    (tmp_path / "evil.pkl").write_bytes(b"cos\nsystem\n(S'touch /tmp/x'\ntR.")
    return str(tmp_path / "frontindices.npy"), str(tmp_path / "evil.pkl")


def work(events: list) -> Work:
    return Work(7, events.append, lambda: False, Pace())


def test_looking_installs_nothing(session: Session, files: tuple[str, ...]) -> None:
    events: list = []
    seen = weights.inspect(session, protocol.InspectWeights(7, files), work(events))
    good, bad = seen.files
    assert good.title == "OFER's face vertices" and "non-commercial" in good.licence
    assert not good.commercial and not good.refusal
    assert bad.refusal and "evil.pkl" in bad.refusal
    assert any(isinstance(event, protocol.Stage) for event in events)
    assert not list(session.home.glob("packs/*/*"))


def test_installing_tells_what_came_and_what_is_missing(
    session: Session, files: tuple[str, ...]
) -> None:
    done = weights.install(session, protocol.InstallWeights(7, files), work([]))
    assert (Path(done.path) / "front_vertices.safetensors").is_file()
    assert done.notes[0] == "Installed: OFER's face vertices."
    assert "evil.pkl was refused" in done.notes[1]
    assert "still lacks model_idgen_flame20.tar" in done.notes[2]


def test_nothing_to_install_is_an_error(session: Session, files: tuple[str, ...]) -> None:
    with pytest.raises(OferError):
        weights.install(session, protocol.InstallWeights(7, files[1:]), work([]))
    assert not list(session.home.glob("packs/*/*"))


def test_cancelled_before_a_file(session: Session, files: tuple[str, ...]) -> None:
    cancelled = Work(7, [].append, lambda: True, Pace())
    with pytest.raises(OferError, match="cancelled"):
        weights.install(session, protocol.InstallWeights(7, files), cancelled)
    assert not list(session.home.glob("packs/*/*"))
