"""Locks, on this system and as Windows and file systems without locks have them."""

import errno
import os
import sys
import types

import pytest

from ofer_engine.contract.files import file_lock, replacement

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="replaces what Unix has")


def test_one_holder_at_a_time(tmp_path):
    path = tmp_path / "lock"
    with path.open("w") as one, path.open("a") as other:
        assert file_lock.take(one) and file_lock.take(one)
        assert not file_lock.take(other)
    with path.open("r+") as next_one:
        assert file_lock.take(next_one)


@pytest.fixture
def windows(monkeypatch):
    """Windows's locks: bytes from where a file stands, refused where another file has them."""
    held = {}

    def locking(descriptor, mode, count):
        assert mode == fake.LK_NBLCK
        file = os.fstat(descriptor).st_ino
        start = os.lseek(descriptor, 0, os.SEEK_CUR)
        for byte in range(start, start + count):
            if held.setdefault((file, byte), descriptor) != descriptor:
                raise PermissionError(errno.EACCES, "Permission denied")

    fake = types.SimpleNamespace(LK_NBLCK=2, locking=locking)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(file_lock, "sys", types.SimpleNamespace(platform="win32"))
    return held


def test_windows_locks_the_same_byte_wherever_a_file_stands(tmp_path, windows):
    path = tmp_path / "lock"
    path.write_text("not empty", "utf-8")
    with path.open("a") as at_its_end, path.open("r+") as at_its_start:
        at_its_end.seek(0, os.SEEK_END)
        assert file_lock.take(at_its_end)
        assert not file_lock.take(at_its_start)
        assert {byte for _, byte in windows} == {0}


@pytest.mark.parametrize("said", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
def test_a_file_system_without_locks_stops_no_work_and_loses_none(tmp_path, monkeypatch, said):
    import fcntl

    def flock(*_):
        raise OSError(said, os.strerror(said))

    with replacement.Replacement(tmp_path / "anna.ofer") as made:
        made.place.mkdir()
        monkeypatch.setattr(fcntl, "flock", flock)
        with (tmp_path / "lock").open("w") as file:
            assert file_lock.take(file)
        replacement.sweep(tmp_path)
        assert made.place.is_dir(), "nobody knows whether its maker is at work"
        made.finish()
    assert (tmp_path / "anna.ofer").is_dir()
