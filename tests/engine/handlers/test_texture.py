"""A reconstruction and its photo become a painted skin, or one sentence why not."""

import dataclasses
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.contract import protocol, skin
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.handlers import texture


def _request(made, photo, out, **changes):
    fields = {
        "id": 1,
        "folder": str(made.folder),
        "photos": (protocol.SkinPhoto(str(photo)),),
        "out": str(out),
        "rows": (made.identities[0].candidate,),
        "weights": (1.0,),
        "resolution": 512,
    }
    return protocol.Texture(**(fields | changes))


@pytest.fixture(scope="module")
def painted_folder(engine, made, portrait, tmp_path_factory):
    """A painted skin that no test may change."""
    out = tmp_path_factory.mktemp("painted") / "skin"
    return Path(engine.ask(_request(made, portrait, out)).path)


@pytest.fixture
def out(painted_folder, tmp_path):
    """A copy of it, alone in its folder."""
    return Path(shutil.copytree(painted_folder, tmp_path / "skin"))


def test_the_portrait_is_painted(made, painted_folder):
    painted = skin.read(painted_folder)
    assert sorted(path.name for path in painted.folder.iterdir()) == sorted(skin.FILES)
    assert painted.normal == painted.folder / skin.NORMAL
    assert painted.roughness == painted.folder / skin.ROUGHNESS
    assert painted.photos == (made.photo.sha256,)
    assert painted.uv().shape == (len(made.array("polygons")), 4, 2)
    with Image.open(painted.albedo) as picture:
        assert picture.size == (512, 512) and picture.mode == "RGB"
        red, green, blue = np.asarray(picture, float).mean((0, 1))
    assert red > green > blue  # skin
    assert painted.share > 0.3
    assert list(painted_folder.parent.iterdir()) == [painted_folder]


@pytest.mark.parametrize("brows", [False, True])
@pytest.mark.parametrize("shaved", [False, True])
def test_the_painter_is_asked_for_what_is_wanted(
    engine, made, portrait, tmp_path, monkeypatch, shaved, brows
):
    class Passed(Exception):
        pass

    def painter(*given):
        raise Passed(*given[8:10])

    monkeypatch.setattr(texture, "make_skin", painter)
    with pytest.raises(Passed) as passed:
        wanted = {"clean_shave": shaved, "paint_brows": brows}
        engine.ask(_request(made, portrait, tmp_path / "skin", **wanted))
    assert passed.value.args == (shaved, brows)


def test_another_photo_is_refused(engine, made, tmp_path):
    other = tmp_path / "other.png"
    Image.new("RGB", (300, 300)).save(other)
    with pytest.raises(OferError) as caught:
        engine.ask(_request(made, other, tmp_path / "skin"))
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert not (tmp_path / "skin").exists()


@pytest.mark.parametrize(
    "changes",
    [{"resolution": 100}, {"layout": "round"}, {"photos": ()}, {"rows": (999,)}],
)
def test_what_cannot_be_painted_is_refused(engine, made, portrait, tmp_path, changes):
    with pytest.raises(OferError) as caught:
        engine.ask(_request(made, portrait, tmp_path / "skin", **changes))
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert not list(tmp_path.iterdir())


def test_cancelled_it_leaves_nothing(engine, made, portrait, tmp_path):
    with pytest.raises(OferError) as caught:
        engine.ask(_request(made, portrait, tmp_path / "skin"), cancelled=lambda: True)
    assert caught.value.code is ErrorCode.CANCELLED
    assert not list(tmp_path.iterdir())


def test_a_folder_of_other_things_is_never_replaced(engine, made, portrait, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for out in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(OferError, match="holds something else than a painted skin"):
            engine.ask(_request(made, portrait, out))
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_skin_that_somebody_worked_on_is_kept_when_it_is_made_again(
    engine, made, portrait, out, tmp_path
):
    engine.ask(_request(made, portrait, out))
    assert [path.name for path in tmp_path.iterdir()] == ["skin"]
    written = (out / skin.RECORD).stat().st_mtime
    Image.new("RGB", (512, 512), "green").save(out / skin.ALBEDO)
    os.utime(out / skin.ALBEDO, (written + 60, written + 60))
    said = engine.ask(_request(made, portrait, out)).notes
    assert "skin held what was changed or added by hand, and is kept as skin_before." in said
    (out / "notes.txt").write_text("mine")
    engine.ask(_request(made, portrait, out))
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["skin", "skin_before", "skin_before_02"]
    with Image.open(tmp_path / "skin_before" / skin.ALBEDO) as picture:
        assert picture.getpixel((0, 0)) == (0, 128, 0)
    assert (tmp_path / "skin_before_02" / "notes.txt").read_text() == "mine"


def test_a_skin_of_an_older_version_is_judged_by_its_times(engine, made, portrait, out, tmp_path):
    record = dataclasses.replace(skin.read(out), digests=())
    (out / skin.RECORD).write_text(skin.to_json(record))
    engine.ask(_request(made, portrait, out))
    assert [path.name for path in tmp_path.iterdir()] == ["skin"]


@pytest.mark.parametrize("name", [skin.ALBEDO, skin.UV])
def test_a_skin_painted_over_is_kept_whatever_the_time_of_its_file(
    engine, made, portrait, out, tmp_path, name
):
    """As one restored from a backup or by a program that keeps times, or under a wrong clock."""
    (out / name).write_bytes(b"somebody's own")
    os.utime(out / name, (1, 1))
    engine.ask(_request(made, portrait, out))
    assert (tmp_path / "skin_before" / name).read_bytes() == b"somebody's own"


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_a_link_to_a_skin_is_kept_as_it_is(engine, made, portrait, out, tmp_path):
    elsewhere = out.rename(tmp_path / "elsewhere")
    out.symlink_to(elsewhere)
    engine.ask(_request(made, portrait, out))
    assert not out.is_symlink() and (tmp_path / "skin_before").readlink() == elsewhere
    assert skin.read(elsewhere)
