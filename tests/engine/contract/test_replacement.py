"""What is made beside its place is there whole or not at all, however its maker ends."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ofer_engine.contract.causes import unwritable
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.files import replacement
from ofer_engine.contract.files.replacement import Replacement, sweep
from ofer_engine.contract.files.whole_file import whole_file, write_whole
from tests.engine.child_engine import ROOT
from tests.engine.small_disk import contents, small_disk

_MAKER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from ofer_engine.contract.files.replacement import Replacement
target = Path(sys.argv[2])
with Replacement(target) as made:
    made.place.mkdir()
    (made.place / "half").write_bytes(bytes(1000))
    if sys.argv[3] == "exchange":  # as `finish` does, stopped between its two moves
        older = made.place.parent / "older"
        older.mkdir()
        target.rename(older / target.name)
    print("made", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def maker(tmp_path, request):
    """A process that has made half of tmp_path/a, or of another name, and waits."""
    started = []
    target = tmp_path / getattr(request, "param", "a")

    def start(how="make"):
        child = subprocess.Popen(
            [sys.executable, "-c", _MAKER, str(ROOT), str(target), how],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(child)
        assert child.stdout.readline() == "made\n"
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()


def _folder(place, text):
    place.mkdir()
    (place / "text").write_text(text)


def test_a_folder_takes_the_place_of_an_older_one(tmp_path):
    _folder(tmp_path / "a", "old")
    with Replacement(tmp_path / "a") as made:
        _folder(made.place, "new")
        assert (tmp_path / "a" / "text").read_text() == "old"
        made.finish()
    assert contents(tmp_path) == {"a/text": b"new"} and len(list(tmp_path.iterdir())) == 1


def test_what_is_not_finished_goes_with_the_folders_made_for_it(tmp_path):
    with pytest.raises(KeyError), Replacement(tmp_path / "b" / "c" / "a") as made:
        _folder(made.place, "new")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_replaced_where_that_is_not_wished(tmp_path):
    _folder(tmp_path / "a", "theirs")
    with Replacement(tmp_path / "a") as made:
        _folder(made.place, "ours")
        with pytest.raises(FileExistsError):
            made.finish(replace=False)
        made.finish(tmp_path / "a_02", replace=False)
    assert contents(tmp_path) == {"a/text": b"theirs", "a_02/text": b"ours"}


def test_two_at_once_never_take_each_other_s_place(tmp_path):
    def make(text):
        with Replacement(tmp_path / "a") as made:
            _folder(made.place, text)
            ready.wait(20)
            try:
                made.finish(replace=False)
            except FileExistsError:
                made.finish(tmp_path / f"a_{text}", replace=False)

    ready = threading.Barrier(8)
    makers = [threading.Thread(target=make, args=(str(n),)) for n in range(8)]
    for each in makers:
        each.start()
    for each in makers:
        each.join()
    assert sorted(contents(tmp_path).values()) == [str(n).encode() for n in range(8)]


def test_an_older_folder_may_be_kept_beside(tmp_path):
    _folder(tmp_path / "a", "old")
    with Replacement(tmp_path / "a") as made:
        _folder(made.place, "new")
        made.finish(aside=tmp_path / "a_before")
    assert contents(tmp_path) == {"a/text": b"new", "a_before/text": b"old"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_what_a_killed_process_left_is_swept_by_the_next(tmp_path, maker, end):
    _folder(tmp_path / "z", "other")
    child = maker()
    sweep(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2  # its maker lives
    child.send_signal(end)
    child.wait()
    sweep(tmp_path)
    assert contents(tmp_path) == {"z/text": b"other"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_a_stopped_maker_keeps_what_it_made_until_it_is_killed(tmp_path, maker):
    child = maker()
    child.send_signal(signal.SIGSTOP)
    sweep(tmp_path)
    assert list(tmp_path.iterdir())
    child.kill()
    child.wait()
    sweep(tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_older_folder_that_was_moved_aside_comes_back(tmp_path, maker):
    _folder(tmp_path / "a", "old")
    child = maker("exchange")
    assert not (tmp_path / "a").exists()
    child.kill()
    child.wait()
    with Replacement(tmp_path / "b"):  # any later work in that place
        pass
    assert contents(tmp_path) == {"a/text": b"old"} and len(list(tmp_path.iterdir())) == 1


def test_sweeping_leaves_alone_what_is_not_ours(tmp_path):
    (tmp_path / ".new.12345678.unfinished").mkdir()  # perhaps just being made
    (tmp_path / "mine.unfinished").mkdir()
    (tmp_path / ".hidden").mkdir()
    if sys.platform != "win32":
        (tmp_path / ".link.12345678.unfinished").symlink_to(tmp_path / ".hidden")
    before = sorted(tmp_path.iterdir())
    sweep(tmp_path)
    sweep(tmp_path / "nowhere")
    assert sorted(tmp_path.iterdir()) == before
    old = 0 if sys.platform != "win32" else 1e9
    os.utime(tmp_path / ".new.12345678.unfinished", (old, old))
    sweep(tmp_path)
    assert not (tmp_path / ".new.12345678.unfinished").exists()


@pytest.mark.parametrize("name", ["ü" * 90, "顔" * 60, "a" * 250, "-", "a [1]*?"])
def test_any_name_that_the_system_takes(tmp_path, name):
    write_whole(tmp_path / name, b"whole")
    assert contents(tmp_path) == {name: b"whole"}


def test_a_full_disk_leaves_the_older_file(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        write_whole(disk / "a", b"old")
        with pytest.raises(OferError) as caught:
            write_whole(disk / "a", bytes(100_000))
        assert caught.value.code is ErrorCode.DISK_FULL and caught.value.hint
        assert contents(disk) == {"a": b"old"} and len(list(disk.iterdir())) == 1


def test_a_block_that_fails_leaves_the_older_file(tmp_path):
    write_whole(tmp_path / "a", b"old")
    with pytest.raises(KeyError), whole_file(tmp_path / "a") as file:
        file.write(b"new")
        raise KeyError
    assert contents(tmp_path) == {"a": b"old"}


def test_every_library_s_full_disk_and_lack_of_memory_is_known(tmp_path):
    full = (
        OSError(28, "No space left on device"),
        OSError("96 requested and 12 written"),
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
        OSError(122, "Disk quota exceeded"),
    )
    for cause in full:
        assert unwritable(tmp_path / "a", cause).code is ErrorCode.DISK_FULL
    for cause in (MemoryError(), OSError(12, "Cannot allocate memory")):
        assert unwritable(tmp_path / "a", cause).code is ErrorCode.OUT_OF_MEMORY
    denied = unwritable(tmp_path / "a", OSError())
    assert denied.code is ErrorCode.READ_ONLY and "None" not in denied.message


def test_standard_library_alone():
    code = "import sys, ofer_engine.contract.files.replacement; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
    assert replacement.__file__


@pytest.mark.parametrize("asked", ["../a", ".", "../../tmp/a", "./x/../../a"])
def test_a_folder_is_replaced_from_within(tmp_path, monkeypatch, asked):
    """The current folder is moved aside meanwhile, so that what is relative to it leads astray."""
    target = tmp_path / "tmp" / "a"
    (target / "x").mkdir(parents=True)
    (target / "old").write_text("old")
    monkeypatch.chdir(target)
    with Replacement(Path(asked)) as made:
        made.place.mkdir()
        (made.place / "new").write_text("new")
        made.finish()
    assert contents(tmp_path) == {"tmp/a/new": b"new"}


def test_a_file_of_a_folder_that_is_replaced_from_within(tmp_path, monkeypatch):
    target = tmp_path / "a"
    target.mkdir()
    monkeypatch.chdir(target)
    with Replacement(Path("../a")) as made, Replacement(Path("../b")) as beside:
        made.place.mkdir()
        beside.place.write_text("b")
        made.finish()
        beside.finish()
    assert contents(tmp_path) == {"b": b"b"}


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc")
@pytest.mark.parametrize("way", ["root", "cwd", "fd"])
def test_a_link_through_proc_overwrites_nothing_elsewhere(tmp_path, monkeypatch, way):
    """Only what lies in memory is written through a link; a file that is open lies on a disk."""
    theirs, place = tmp_path / "theirs", tmp_path / "out"
    theirs.write_bytes(b"precious")
    place.mkdir()
    monkeypatch.chdir(tmp_path)
    with theirs.open("rb") as file:
        led = {
            "root": f"/proc/self/root{theirs}",
            "cwd": f"/proc/{os.getpid()}/cwd/theirs",
            "fd": f"/proc/{os.getpid()}/fd/{file.fileno()}",
        }
        (place / "sheet.png").symlink_to(led[way])
        write_whole(place / "sheet.png", b"ours")
    assert theirs.read_bytes() == b"precious"
    assert not (place / "sheet.png").is_symlink() and contents(place) == {"sheet.png": b"ours"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right on Windows")
@pytest.mark.parametrize("linked", ["older", "lock", "whole"])
def test_sweeping_follows_no_link_out_of_the_folder(tmp_path, linked):
    """A folder from a stranger may hold what looks like a killed process's, with links in it."""
    theirs, place = tmp_path / "Documents", tmp_path / "out"
    (theirs / "sub").mkdir(parents=True)
    (theirs / "thesis").write_text("precious")
    holder = place / ".photo.12345678.unfinished"
    holder.mkdir(parents=True)
    if linked != "lock":
        (holder / "lock").touch()
    (holder / linked).symlink_to(theirs / "thesis" if linked == "lock" else theirs)
    os.utime(holder, (0, 0))
    sweep(place)
    assert contents(theirs) == {"thesis": b"precious"} and (theirs / "sub").is_dir()
    assert not [each for each in place.iterdir() if each != holder]


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        (".essay.unfinished", None),
        (".essay.12345678.unfinished", None),
        (".draft.unfinished", {"chapter": "mine"}),
        (".draft.12345678.unfinished", {"chapter": "mine"}),
        (".12345678.unfinished", {"chapter": "mine"}),
        (".Draft.1234567G.unfinished", {}),
        (".unlocked.12345678.unfinished", {"whole": "mine"}),
        (".locked.12345678.unfinished", {"whole": "mine", "lock": "of another program"}),
        (".more.12345678.unfinished", {"whole": "ours", "lock": "", "chapter": "mine"}),
    ],
)
def test_what_others_called_unfinished_stays(tmp_path, name, inside):
    other = tmp_path / name
    if inside is None:
        other.write_text("mine")
    else:
        other.mkdir()
        for file, text in inside.items():
            (other / file).write_text(text)
    os.utime(other, (1e9, 1e9))
    before = contents(tmp_path)
    with Replacement(tmp_path / "a"):
        pass
    assert sweep(tmp_path) and contents(tmp_path) == before and os.path.lexists(other)


@pytest.mark.skipif(sys.platform == "win32", reason="no owners by number on Windows")
def test_what_another_user_is_making_or_left_stays(tmp_path, maker, monkeypatch):
    child = maker()
    child.kill()
    child.wait()
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    assert sweep(tmp_path) and len(list(tmp_path.iterdir())) == 1
    monkeypatch.undo()
    assert sweep(tmp_path) and not list(tmp_path.iterdir())


def test_what_lies_on_another_disk_is_not_swept(tmp_path, maker):
    child = maker()
    child.kill()
    child.wait()
    (holder,) = tmp_path.iterdir()
    with small_disk(holder / "whole" / "disk", 64) as disk:
        (disk / "mine").write_text("precious")
        sweep(tmp_path)
        assert (disk / "mine").read_text() == "precious"


def test_an_older_folder_that_cannot_be_put_back_is_kept(tmp_path, maker, monkeypatch):
    _folder(tmp_path / "a", "old")
    child = maker("exchange")
    child.kill()
    child.wait()

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(Path, "rename", refuse)
    sweep(tmp_path)
    monkeypatch.undo()
    sweep(tmp_path)
    assert contents(tmp_path) == {"a/text": b"old"} and len(list(tmp_path.iterdir())) == 1
