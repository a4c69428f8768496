"""One session and one small reconstruction for all tests of what is answered."""

from pathlib import Path

import pytest

from ofer_engine.contract import protocol, reconstruction
from ofer_engine.handlers.table import answer
from ofer_engine.progress import Work
from ofer_engine.session import Session


class InProcessEngine:
    """Asks a session, in this process."""

    def __init__(self):
        self.session = Session("cpu", None, 1)

    def ask(self, request, watch=lambda event: None, cancelled=lambda: False):
        """The event that ends a request. watch : sees every event before."""
        return answer(self.session, request, Work(1, watch, cancelled, self.session.pace))

    def read(self, request, **more):
        """The reconstruction that a request makes."""
        return reconstruction.read(Path(self.ask(request, **more).path))


@pytest.fixture(scope="package")
def engine():
    return InProcessEngine()


@pytest.fixture(scope="package")
def small(portrait):
    """Arguments of a request that is quickly answered; `out` and `name` are still missing."""
    return {
        "id": 1,
        "photos": (protocol.PhotoFace(str(portrait)),),
        "identities": 8,
        "keep": 3,
        "expressions": 2,
        "steps": 4,
    }


@pytest.fixture(scope="package")
def made(engine, small, tmp_path_factory):
    """A reconstruction that no test may change."""
    out = tmp_path_factory.mktemp("made")
    return engine.read(protocol.Reconstruct(out=str(out), name="anna", **small))
