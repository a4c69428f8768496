"""Heads are kept: folders opened again, in the .blend on any computer, and as assets."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
import test_undo
from conftest import preferences
from mounted_disk import mounted_disk
from ofer_faces.ofer_blender.head import asset, packed_reconstruction, provenance
from ofer_faces.ofer_engine.contract import reconstruction
from ofer_faces.ofer_engine.contract.errors import ErrorCode, OferError
from scene_dump import differences, dump


@pytest.fixture
def head(tmp_path: Path) -> bpy.types.Object:
    record = synthetic.write(tmp_path / "made")
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
    return bpy.context.object


@pytest.mark.parametrize("choose", ["", "reconstruction.json", "uv.npy"])
def test_open_a_reconstruction_by_folder_or_file(tmp_path: Path, choose: str) -> None:
    record = synthetic.write(tmp_path / "made")
    before = dump()
    bpy.ops.ofer.open_reconstruction("EXEC_DEFAULT", True, filepath=str(record.folder / choose))
    assert bpy.context.object.ofer.is_head
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_what_is_no_reconstruction_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "package.json"
    other.write_text("{}")
    before = dump()
    for path in (other, tmp_path / "gone.ofer"):
        with pytest.raises(RuntimeError, match="is no reconstruction of OFER Faces"):
            bpy.ops.ofer.open_reconstruction(filepath=str(path))
    assert differences(before, dump()) == []


def test_another_computer_gets_the_folder_back(head: bpy.types.Object, tmp_path: Path) -> None:
    made = Path(head.ofer.folder)
    blend = tmp_path / "anna.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    arrays = {path.name: path.read_bytes() for path in made.glob("*.npy")}
    shutil.rmtree(made)
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    found = packed_reconstruction.ensure(bpy.context.object)
    assert found == tmp_path / "home" / "reconstructions" / "anna.ofer"
    assert {path.name: path.read_bytes() for path in found.glob("*.npy")} == arrays
    record = reconstruction.read(found)
    assert record.thumbnail(record.identities[0]).is_file()
    assert np.array_equal(record.array("polygons"), np.load(found / "polygons.npy"))
    assert packed_reconstruction.ensure(bpy.context.object) == found, "unpacked only once"


def keepsake(head: bpy.types.Object, data: bytes) -> None:
    """Bytes assigned over others would be cut at their first zero: `del` first."""
    del head[packed_reconstruction.PROPERTY]
    head[packed_reconstruction.PROPERTY] = data
    assert head[packed_reconstruction.PROPERTY] == data, "the damage is the one that is meant"


def packed_with(head: bpy.types.Object, **other: bytes) -> bytes:
    """The head's keepsake with other contents of some files, or with more of them."""
    with zipfile.ZipFile(io.BytesIO(head[packed_reconstruction.PROPERTY])) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in (parts | other).items():
            archive.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize("operator", ["add_heads", "wear_skin", "use_identity", "compare"])
def test_the_reconstruction_is_whole_after_operators_and_on_disk(
    head: bpy.types.Object, tmp_path: Path, operator: str
) -> None:
    arguments = test_undo.PREPARED[operator](tmp_path)
    getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **arguments)
    head = next(each for each in bpy.data.objects if each.ofer.is_head)
    for _ in range(2):
        kept = head[packed_reconstruction.PROPERTY]
        with zipfile.ZipFile(io.BytesIO(kept)) as archive:
            assert archive.testzip() is None
            inside = {name: archive.read(name) for name in archive.namelist()}
        folder = Path(head.ofer.folder)
        assert inside.keys() >= {f"{name}.npy" for name in reconstruction.ARRAYS}
        assert all((folder / name).read_bytes() == data for name, data in inside.items())
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "anna.blend"))
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "anna.blend"))
        head = next(each for each in bpy.data.objects if each.ofer.is_head)


@pytest.mark.parametrize("damage", ["no archive", "empty", "cut", "a flipped byte", None])
def test_a_damaged_keepsake_is_named(
    head: bpy.types.Object, damage: str | None, tmp_path: Path
) -> None:
    shutil.rmtree(head.ofer.folder)
    good = head[packed_reconstruction.PROPERTY]
    spoiled = {
        "no archive": b"PK\x03\x04\0 nothing more",
        "empty": b"",
        "cut": good[: len(good) // 2],
        "a flipped byte": good[:100] + bytes([good[100] ^ 1]) + good[101:],
    }
    if damage is None:
        del head[packed_reconstruction.PROPERTY]
    else:
        keepsake(head, spoiled[damage])
    before = dump()
    with pytest.raises(OferError) as caught:
        packed_reconstruction.ensure(head)
    assert caught.value.code == ErrorCode.RECONSTRUCTION_DAMAGED and caught.value.hint
    assert differences(before, dump()) == []
    assert not list(tmp_path.glob("home/reconstructions/*"))


@pytest.fixture(params=["ro", "size=64k"])
def no_room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A real disk that takes no writes, or too few of them."""
    with mounted_disk(tmp_path / "no_room", request.param) as place:
        yield place


FITTED_TO_THE_MESH = {
    "add_rig": {},
    "sort_gallery": {"by": "WIDTH"},
    "through_photo": {},
}
"""Operators that look up in the reconstruction how the head stands in its mesh."""


@pytest.mark.parametrize("operator", FITTED_TO_THE_MESH)
def test_no_room_for_a_keepsake_is_named(
    head: bpy.types.Object, no_room: Path, operator: str
) -> None:
    """A head that is applied elsewhere would get a rig or a camera where it stood before."""
    head.location.x = 3.0
    bpy.ops.object.transform_apply()
    shutil.rmtree(head.ofer.folder)
    preferences().home = str(no_room / "home")
    bpy.ops.ed.undo_push(message="Home")
    before = dump()
    with pytest.raises(OferError) as caught:
        packed_reconstruction.ensure(head)
    assert caught.value.code in (ErrorCode.READ_ONLY, ErrorCode.DISK_FULL) and caught.value.hint
    with pytest.raises(RuntimeError, match="Read-only file system|disk is full"):
        getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", **FITTED_TO_THE_MESH[operator])
    assert differences(before, dump()) == []
    assert not list(no_room.rglob("*.ofer")), "half a folder would be found as a whole one"


@pytest.mark.parametrize(
    "name", ["../outside.npy", "/outside.npy", "a/../../outside.npy", "outside.npy"]
)
def test_no_path_leaves_the_folder(head: bpy.types.Object, tmp_path: Path, name: str) -> None:
    shutil.rmtree(head.ofer.folder)
    keepsake(head, packed_with(head, **{name: b"x"}))
    with pytest.raises(OferError):
        packed_reconstruction.ensure(head)
    assert not list(tmp_path.rglob("outside.npy")) and not Path("/outside.npy").exists()


def test_a_huge_keepsake_is_refused_before_it_is_unpacked(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in packed_reconstruction.PACKED_FILES:
            archive.writestr(name, b"\0" * (12 << 20))
    shutil.rmtree(head.ofer.folder)
    keepsake(head, bomb.getvalue())
    with pytest.raises(OferError, match="is gone"):
        packed_reconstruction.ensure(head)
    assert not list(tmp_path.glob("home/reconstructions/*"))


@pytest.mark.parametrize("where", ["relative", "of another head", "nowhere"])
def test_what_a_file_says_of_its_folder_is_not_believed(
    head: bpy.types.Object, tmp_path: Path, where: str
) -> None:
    """Heads would be drawn into a folder beside somebody's .blend, or into another person's."""
    other = synthetic.write(tmp_path / "others", "bert").folder
    record = json.loads((other / "reconstruction.json").read_text())
    record["settings"]["seed"] = 77
    (other / "reconstruction.json").write_text(json.dumps(record))
    paths = {"relative": "//others/bert.ofer", "of another head": str(other), "nowhere": "/x/y"}
    head.ofer.folder = paths[where]
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "anna.blend"))
    found = packed_reconstruction.ensure(head)
    assert found.parent == tmp_path / "home" / "reconstructions"
    assert reconstruction.read(found).settings.seed == 5


def test_asset_of_this_file(head: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "anna.blend"))
    before = dump()
    bpy.ops.ofer.save_as_asset("EXEC_DEFAULT", True)
    head = bpy.context.object
    assert head.asset_data.catalog_id == asset.CATALOGUE
    assert head.asset_data.license == "GPL-3.0-or-later"
    assert "plausible" in head.asset_data.description
    assert tuple(head.preview.image_size) == (8, 8)
    catalogues = (tmp_path / "blender_assets.cats.txt").read_text()
    assert catalogues.startswith("VERSION 1") and asset.CATALOGUE in catalogues
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ofer.save_as_asset()
    assert (tmp_path / "blender_assets.cats.txt").read_text() == catalogues, "told once"


def test_what_an_artist_said_of_an_asset_stays(head: bpy.types.Object) -> None:
    head.asset_mark()
    head.asset_data.description, head.asset_data.license = "hero of shot 12", "studio only"
    bpy.ops.ofer.save_as_asset()
    said = bpy.context.object.asset_data
    assert (said.description, said.license) == ("hero of shot 12", "studio only")
    assert said.catalog_id == asset.CATALOGUE


def test_asset_in_a_library(head: bpy.types.Object, tmp_path: Path) -> None:
    libraries = bpy.context.preferences.filepaths.asset_libraries
    libraries.new(name="Faces", directory=str(tmp_path / "library"))
    before = dump()
    for _ in range(2):
        assert bpy.ops.ofer.save_as_asset(library="Faces") == {"CANCELLED"}
    assert differences(before, dump()) == [], "this file is as it was"
    found = sorted(path.name for path in (tmp_path / "library").iterdir())
    assert found == ["anna.blend", "anna_02.blend", "blender_assets.cats.txt"]
    with bpy.data.libraries.load(str(tmp_path / "library" / "anna.blend"), assets_only=True) as (
        inside,
        _,
    ):
        assert inside.objects == ["anna"]
    libraries.remove(libraries["Faces"])


def test_an_unwritable_library_is_named(head: bpy.types.Object, tmp_path: Path) -> None:
    (tmp_path / "library").write_text("a file stands in the way")
    libraries = bpy.context.preferences.filepaths.asset_libraries
    libraries.new(name="Faces", directory=str(tmp_path / "library"))
    before = dump()
    with pytest.raises(RuntimeError, match="could not be written"):
        bpy.ops.ofer.save_as_asset(library="Faces")
    assert differences(before, dump()) == []
    libraries.remove(libraries["Faces"])


def test_provenance_is_readable_by_anybody(head: bpy.types.Object) -> None:
    record = json.loads(provenance.as_text(head))
    assert record["photo"] == {"name": "anna.jpg", "sha256": "ab" * 32, "width": 640, "height": 480}
    assert record["pack"]["id"] == "open" and record["pack"]["licence"] == "GPL-3.0-or-later"
    assert (record["settings"]["seed"], record["settings"]["mode"]) == (5, "corrected")
    assert record["photo"] == provenance.views(record)[0]["photo"]
    assert bpy.ops.ofer.copy_provenance() == {"FINISHED"}
