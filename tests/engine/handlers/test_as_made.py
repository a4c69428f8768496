"""What somebody changed or added in a folder of ours is never lost when that is made again."""

import dataclasses
import os
import shutil
import sys

import pytest
from PIL import Image

from ofer_engine.contract import protocol
from ofer_engine.contract.errors import OferError
from ofer_engine.contract.reconstruction import RECORD
from ofer_engine.handlers.as_made import reconstruction_aside
from tests.engine.small_disk import contents, small_disk

unix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")


@pytest.fixture
def anna(made, tmp_path):
    """A folder of its own to work in."""
    return shutil.copytree(made.folder, tmp_path / "anna.ofer")


def _again(engine, small, folder, **more):
    """The record of what replaces a folder."""
    asked = {"out": str(folder.parent), "name": folder.name.removesuffix(".ofer")}
    return engine.read(protocol.Reconstruct(**(small | asked), overwrite=True, **more))


def _more(engine, made, folder, **more):
    """The record of what more heads are added to."""
    usual = {"rows": (made.identities[0].candidate,), "weights": (1.0,), "identities": 4, "keep": 1}
    asked = usual | {"steps": 2, "name": "anna"} | more
    return engine.read(protocol.MoreLikeThis(1, str(folder), str(folder.parent), **asked))


def _added(name):
    def change(folder):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("mine")

    return change


def _painted(folder):
    with Image.open(folder / "thumbnails" / "identity_01.png") as picture:
        picture = picture.copy()
    picture.paste((255, 0, 0), (0, 0, 9, 9))
    picture.save(folder / "thumbnails" / "identity_01.png")


def _noted(folder):
    text = (folder / RECORD).read_text()
    (folder / RECORD).write_text(text.replace("{", "{ ", 1))


def _computed(folder):
    now = (folder / RECORD).stat().st_mtime + 60
    os.utime(folder / "identity_spread.npy", (now, now))


def _linked(name):
    def change(folder):
        elsewhere = folder.parent / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "mine").write_text("precious")
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        (folder / name).symlink_to(elsewhere)

    return change


CHANGES = {
    "notes": _added("notes.txt"),
    "a hidden folder": _added(".draft.unfinished/chapter"),
    "a picture of somebody's own": _added("thumbnails/mine.png"),
    "a painted thumbnail": _painted,
    "a skin": _added("skin/albedo.png"),
    "a performance": _added("performance/notes.txt"),
    "a record edited by hand": _noted,
    "an array written later": _computed,
    "a damaged record": lambda folder: (folder / RECORD).write_text("{"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_folder_that_somebody_worked_in_is_kept_beside_the_new_one(engine, small, anna, change):
    CHANGES[change](anna)
    before = contents(anna)
    record = _again(engine, small, anna)
    assert record.folder == anna and not (anna / "notes.txt").exists()
    kept = anna.with_name("anna_before.ofer")
    assert contents(kept) == before
    said = "anna.ofer held what was changed or added by hand, and is kept as anna_before.ofer."
    assert said in record.notes
    assert sorted(each.name for each in anna.parent.iterdir()) == ["anna.ofer", kept.name]


def test_a_folder_as_it_was_made_leaves_nothing_behind(engine, small, anna, portrait):
    for seed in (1, 2):
        record = _again(engine, small, anna, seed=seed)
        photo = protocol.SkinPhoto(str(portrait))
        engine.ask(protocol.Texture(
            1, str(anna), (photo,), str(anna / "skin"), (record.identities[0].candidate,),
            (1.0,), resolution=512,
        ))  # fmt: skip
    assert _again(engine, small, anna, seed=3).notes == record.notes
    assert [each.name for each in anna.parent.iterdir()] == ["anna.ofer"]
    _more(engine, record, anna)
    assert reconstruction_aside(anna) is None


@unix
@pytest.mark.parametrize("name", ["skin", "thumbnails", "notes"])
def test_a_link_in_a_folder_that_is_replaced_is_kept_and_not_followed(engine, small, anna, name):
    _linked(name)(anna)
    _again(engine, small, anna)
    assert (anna.with_name("anna_before.ofer") / name).is_symlink()
    assert contents(anna.parent / "elsewhere") == {"mine": b"precious"}


@unix
@pytest.mark.parametrize("leads", [True, False])
def test_a_link_in_place_of_a_reconstruction_is_not_replaced(engine, small, anna, leads):
    link = anna.with_name("link.ofer")
    link.symlink_to(anna if leads else anna.with_name("nowhere"))
    before = contents(anna)
    with pytest.raises(OferError, match="is no reconstruction, and is not replaced"):
        _again(engine, small, link)
    assert link.is_symlink() and contents(anna) == before


def test_what_takes_the_place_meanwhile_is_not_replaced(engine, small, anna):
    def take(event):
        if isinstance(event, protocol.HypothesisReady) and anna.is_dir():
            shutil.rmtree(anna)
            anna.write_text("mine")

    asked = protocol.Reconstruct(**(small | {"out": str(anna.parent), "name": "anna"}))
    record = engine.read(dataclasses.replace(asked, overwrite=True), watch=take)
    assert record.name == "anna_02" and anna.read_text() == "mine"


def test_what_others_put_into_a_folder_is_carried_along_when_it_grows(engine, made, anna):
    for name in ("notes", "thumbnails_mine"), ("thumbnails", "mine.txt"), (".a.unfinished", "b"):
        _added("/".join(name))(anna)
    shutil.copy(anna / "thumbnails" / "identity_01.png", anna / "thumbnails" / "retouched.png")
    _painted(anna)
    (anna / "private").mkdir(mode=0o700)
    before = contents(anna)
    if sys.platform != "win32":
        _linked("notes_2")(anna)
        (anna / "thumbnails" / "link").symlink_to("identity_01.png")
    record = _more(engine, made, anna)
    after = contents(anna)
    mine = {name for name in before if "." not in name or name.startswith(("thumb", "."))}
    assert len(mine) > 8 and {name: after[name] for name in mine} == {
        name: before[name] for name in mine
    }
    if sys.platform != "win32":
        assert (anna / "private").stat().st_mode & 0o777 == 0o700
        assert (anna / "notes_2").readlink() == anna.parent / "elsewhere"
        assert (anna / "thumbnails" / "link").is_symlink()
        assert contents(anna.parent / "elsewhere") == {"mine": b"precious"}
    assert record.folder == anna and not anna.with_name("anna_before.ofer").exists()


def _pipe(folder):
    os.mkfifo(folder / "pipe")


@unix
@pytest.mark.parametrize(
    "change",
    [
        _pipe,
        _added("thumbnails/identity_04.png"),
        _linked("iris_colour.npy"),
        _linked("thumbnails"),
    ],
    ids=("a pipe", "a picture of the next head's name", "a link for an array", "all pictures"),
)
def test_what_cannot_be_carried_along_is_kept_in_the_folder_it_was_in(engine, made, anna, change):
    pictures = contents(anna / "thumbnails")
    (anna / "iris_colour.npy").unlink(missing_ok=True)
    change(anna)
    if (anna / "thumbnails").is_symlink():
        for name, data in pictures.items():
            (anna / "thumbnails" / name).write_bytes(data)
    before = contents(anna)
    outside = contents(anna.parent / "elsewhere")
    record = _more(engine, made, anna)
    kept = anna.with_name("anna_before.ofer")
    assert record.folder == anna and contents(kept) == before
    assert contents(anna.parent / "elsewhere") == outside
    assert "is kept as anna_before.ofer" in str(record.notes[-1])
    assert [each.name for each in kept.iterdir() if each.is_fifo()] == (
        ["pipe"] if change is _pipe else []
    )


@unix
def test_a_copy_takes_no_links_along(engine, made, anna):
    """They would lead elsewhere from there, and the folder they are in stays."""
    _linked("notes")(anna)
    copied = _more(engine, made, anna, name="copy")
    assert not os.path.lexists(copied.folder / "notes") and (anna / "notes").is_symlink()


@pytest.mark.parametrize("how", ["made again", "grown"])
def test_a_disk_within_a_folder_is_not_cleared(engine, small, made, anna, how):
    kept = anna.with_name("anna_before.ofer")
    with small_disk(anna / "disk", 64) as disk:
        (disk / "mine").write_text("precious")
        try:
            _again(engine, small, anna) if how == "made again" else _more(engine, made, anna)
            assert (kept / "disk" / "mine").read_text() == "precious"
        finally:  # the disk is let go of where it was
            if kept.exists():
                shutil.rmtree(anna)
                kept.rename(anna)
