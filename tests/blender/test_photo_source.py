"""A photo on disk or in the .blend becomes a file that the engine can read."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from conftest import ROOT
from ofer_faces.ofer_blender.photo import photo_source
from ofer_faces.ofer_engine.client.photo_source import PhotoSource
from ofer_faces.ofer_engine.contract.errors import ErrorCode, OferError


@pytest.fixture
def settings() -> bpy.types.PropertyGroup:
    photo = bpy.context.scene.ofer.photos.add()
    photo.source = "IMAGE"
    return photo


def painted(width: int = 5, height: int = 3) -> tuple[bpy.types.Image, np.ndarray]:
    """An image of the .blend and its pixels, top row first, 8-bit."""
    pixels = np.random.default_rng(2).integers(0, 256, (height, width, 4)).astype(np.uint8)
    image = bpy.data.images.new("Anna", width, height, alpha=True)
    image.pixels.foreach_set((pixels[::-1].astype(np.float32) / 255).ravel())
    return image, pixels


def written(source: PhotoSource) -> np.ndarray:
    """The pixels of the file for the engine, read back by Blender, top row first."""
    image = bpy.data.images.load(str(source.path))
    values = np.array(image.pixels, np.float32).reshape(image.size[1], image.size[0], 4)[::-1]
    return np.rint(values * 255).astype(np.uint8)


def test_painted_image(settings: bpy.types.PropertyGroup) -> None:
    settings.image, pixels = painted()
    source = photo_source.from_photo(settings)
    assert (written(source)[..., :3] == pixels[..., :3]).all()
    assert source.temporary and source.name == "Anna"
    assert source.key == photo_source.key(settings)
    source.discard()
    assert not source.path.exists()


def test_image_on_disk_is_read_where_it_lies(
    settings: bpy.types.PropertyGroup, tmp_path: Path
) -> None:
    image, _ = painted()
    image.filepath_raw, image.file_format = str(tmp_path / "anna.png"), "PNG"
    image.save()
    settings.image = bpy.data.images.load(str(tmp_path / "anna.png"))
    source = photo_source.from_photo(settings)
    assert source.path == tmp_path / "anna.png" and not source.temporary
    source.discard()
    assert source.path.exists()
    settings.image.pixels[0] = 0.5  # painted over, not saved
    assert photo_source.from_photo(settings).temporary


def test_packed_image_keeps_its_bytes(settings: bpy.types.PropertyGroup, tmp_path: Path) -> None:
    image, _ = painted()
    image.filepath_raw, image.file_format = str(tmp_path / "anna.png"), "PNG"
    image.save()
    data = (tmp_path / "anna.png").read_bytes()
    settings.image = bpy.data.images.load(str(tmp_path / "anna.png"))
    settings.image.pack()
    (tmp_path / "anna.png").unlink()
    source = photo_source.from_photo(settings)
    assert source.path.read_bytes() == data and source.path.suffix == ".png"
    source.discard()


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (lambda s: setattr(s, "image", None), ErrorCode.PHOTO_MISSING),
        (lambda s: setattr(s, "source", "FILE"), ErrorCode.PHOTO_MISSING),
        (lambda s: setattr(s, "image", _missing()), ErrorCode.PHOTO_UNREADABLE),
        (lambda s: setattr(s, "image", _of_source("TILED")), ErrorCode.PHOTO_UNREADABLE),
        (lambda s: setattr(s, "image", _of_source("SEQUENCE")), ErrorCode.PHOTO_UNREADABLE),
        (lambda s: setattr(s, "image", _of_source("MOVIE")), ErrorCode.PHOTO_UNREADABLE),
        (lambda s: setattr(s, "image", _for_two_eyes()), ErrorCode.PHOTO_UNREADABLE),
        (lambda s: setattr(s, "image", painted(6, 4)[0]), ErrorCode.PHOTO_TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_named(
    settings: bpy.types.PropertyGroup,
    prepare: Callable,
    code: ErrorCode,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(photo_source, "MAX_PIXELS", 23)
    prepare(settings)
    with pytest.raises(OferError) as caught:
        photo_source.from_photo(settings)
    assert caught.value.code == code and caught.value.hint


def _missing() -> bpy.types.Image:
    image, _ = painted()
    image.source, image.filepath = "FILE", "/nowhere/anna.png"
    image.reload()
    return image


def _of_source(source: str) -> bpy.types.Image:
    image, _ = painted()
    image.source = source
    return image


def _for_two_eyes() -> bpy.types.Image:
    return bpy.data.images.new("Anna", 5, 3, stereo3d=True)


def test_what_is_no_single_picture_is_not_offered(settings: bpy.types.PropertyGroup) -> None:
    for source in ("TILED", "SEQUENCE", "MOVIE"):
        _of_source(source)
    assert not bpy.ops.ofer.use_image.poll()
    painted()
    assert bpy.ops.ofer.use_image.poll()


WAITS = """
import os, sys, bpy
os.mkfifo(sys.argv[1])
image = bpy.data.images.new("Anna", 5, 3)
image.source, image.filepath = "FILE", sys.argv[1]
{asked}
"""
"""A picture of a .blend from elsewhere that names a pipe, which Blender opens and waits for."""


@pytest.mark.skipif(sys.platform == "win32", reason="makes a pipe")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """In a Blender of its own: one that waits can only be killed."""
    ours = f"""
sys.path.insert(0, {str(ROOT.parent)!r})
from {ROOT.name}.ofer_blender.image_size import image_size
from {ROOT.name}.ofer_blender.photo import photo_source
assert image_size(image) == (0, 0)
try:
    photo_source.from_image(image)
except Exception as error:
    assert "has no pixels" in str(error), error
    print("refused")
"""
    for number, (asked, waits) in enumerate(((ours, False), ("tuple(image.size)", True))):
        program = WAITS.format(asked=asked)
        call = [sys.executable, "-c", program, str(tmp_path / f"pipe_{number}.png")]
        try:
            done = subprocess.run(
                call, capture_output=True, text=True, timeout=10 if waits else 120
            )
            assert done.stdout.splitlines()[-1:] == ["refused"], done.stderr
        except subprocess.TimeoutExpired:
            assert waits, "ours does not"
        else:
            assert not waits, "Blender waits no more: image_size can go"


def test_another_photo_forgets_the_face(settings: bpy.types.PropertyGroup) -> None:
    settings.face, settings.placement, settings.box = 3, "BOX", (1, 2, 3, 4)
    settings.points = (1, 2, 3, 4, 5, 6)
    settings.image, _ = painted()
    assert (settings.face, settings.placement, tuple(settings.box)) == (0, "FOUND", (0, 0, 0, 0))
    assert not any(settings.points)


def test_all_photos_of_a_person_or_none(
    settings: bpy.types.PropertyGroup,
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    person = bpy.context.scene.ofer
    settings.image, _ = painted()
    person.photos.add().filepath = str(photo)
    sources = photo_source.chosen(person)
    assert [source.name for source in sources] == ["Anna", "anna"]
    for source in sources:
        source.discard()
    assert photo.exists()
    photo.unlink()
    with pytest.raises(OferError):
        photo_source.chosen(person)
    assert not list((tmp_path / "temporary").iterdir())
