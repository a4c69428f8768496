"""What a job that failed takes away, and what it must not."""

import sys
import threading
import time

import pytest

from ofer_engine.client.job import Job
from ofer_engine.contract import protocol
from tests.engine.contract.test_replacement import maker
from tests.engine.small_disk import contents

assert maker  # a fixture


def _job(folder, kind=protocol.MoreLikeThis):
    """A job whose engine was at work on folder/a."""
    if kind is protocol.MoreLikeThis:
        request = kind(1, str(folder / "a.ofer"), str(folder), "a", (0,), (1.0,))
    else:
        request = kind(1, (protocol.PhotoFace("a.jpg"),), str(folder), "a")
    return Job("Drawing", request=request)


def _until(done, seconds=20.0):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("maker", ["a.ofer"], indirect=True)
def test_an_older_head_comes_back_when_its_engine_dies_between_two_moves(tmp_path, maker):
    (tmp_path / "a.ofer").mkdir()
    (tmp_path / "a.ofer" / "reconstruction.json").write_text("the artist's")
    child = maker("exchange")
    assert not (tmp_path / "a.ofer").exists()
    child.kill()
    child.wait()
    _job(tmp_path).undo()
    assert contents(tmp_path) == {"a.ofer/reconstruction.json": b"the artist's"}
    assert [each.name for each in tmp_path.iterdir()] == ["a.ofer"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize(
    "maker",
    ["a.ofer", "顔" * 58 + ".ofer", "a [1].ofer"],
    ids=("short", "long", "odd"),
    indirect=True,
)
def test_half_a_head_goes_when_its_engine_dies_late(tmp_path, maker):
    """The system may need a while to end a process that was killed; whoever lives keeps its own."""
    child = maker()
    _job(tmp_path, protocol.Reconstruct).undo()
    assert len(list(tmp_path.iterdir())) == 1
    child.kill()
    _until(lambda: not list(tmp_path.iterdir()))
    child.wait()
    _until(lambda: not [each for each in threading.enumerate() if each.name == "ofer-sweeper"])
