"""Which files an export writes: only those named after it, over nothing of others, whole or not at
all, and with nothing in them of the machine and the photo."""

from __future__ import annotations

import base64
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from conftest import ROOT
from mounted_disk import mounted_disk
from ofer_faces.ofer_blender.export import whole
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.plan import Plan
from ofer_faces.ofer_blender.export.presets import PRESETS, Format, Target
from ofer_faces.ofer_blender.head import hypotheses
from ofer_faces.ofer_blender.rig import rig
from ofer_faces.ofer_blender.skin import skin
from ofer_faces.ofer_blender.web_page import page
from ofer_faces.ofer_engine.contract.files.sidecar import sidecar_of
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from read_back import import_file
from scene_dump import differences, dump
from synthetic import write_skin
from test_skin import wear as wear_skin

ONE_EACH = (Target.GLB, Target.FBX, Target.UNREAL, Target.USD, Target.OBJ)
BYTES_OF_OTHERS = b"years of work"


@pytest.fixture
def record(tmp_path: Path) -> Reconstruction:
    return synthetic.write(tmp_path / "Anna Privatheim", "anna")


@pytest.fixture
def head(record: Reconstruction) -> bpy.types.Object:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.add_arkit()
    return hypotheses.active_head(bpy.context)


def export(path: Path, target: Target, **options: object) -> Path:
    bpy.ops.ofer.export_head(filepath=str(path), target=target, **options)
    return path.with_name(f"{path.name}.{PRESETS[target].format}")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("x.fbx", "x.fbx"), ("x.FBX", "x.fbx"), ("x.usdc", "x.usdc"), ("x.usda", "x.usdc"),
        ("x.obj", "x.obj"), ("x.vrm", "x.glb"), ("x.glb", "x.glb"), ("x", "x.glb"),
    ],
)  # fmt: skip
def test_the_suffix_names_the_target_that_is_not_said(
    head: bpy.types.Object, tmp_path: Path, name: str, written: str
) -> None:
    (tmp_path / "out").mkdir()
    bpy.ops.ofer.export_head(filepath=str(tmp_path / "out" / name))
    files = {each.name for each in (tmp_path / "out").iterdir()}
    assert written in files
    assert not files & ({"x.glb", "x.fbx", "x.usdc", "x.obj"} - {written})


def test_a_target_that_is_said_goes_before_the_suffix(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    bpy.ops.ofer.export_head(filepath=str(tmp_path / "x.fbx"), target="GLB")
    assert (tmp_path / "x.glb").is_file()
    assert not (tmp_path / "x.fbx").exists()


def png(colour: tuple[float, float, float], note: bytes = b"") -> bytes:
    """A picture as Blender writes it, with a text chunk in it."""
    image = bpy.data.images.new("made", 4, 4)
    image.pixels[:] = (*colour, 1.0) * 16
    image.file_format = "PNG"
    image.pack()
    data = bytes(image.packed_file.data)
    bpy.data.images.remove(image)
    return data[:33] + chunk(b"tEXt", b"File\x00" + note) + data[33:] if note else data


def chunk(kind: bytes, data: bytes) -> bytes:
    import struct
    import zlib

    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def wear(head: bpy.types.Object, data: bytes, name: str, filepath: str) -> bpy.types.Image:
    """Give a head's skin a packed picture, called and placed as whoever made the .blend wished."""
    image = bpy.data.images.new(name, 4, 4)
    image.pack(data=data, data_len=len(data))
    image.source = "FILE"
    image.filepath_raw = filepath
    image.name = name
    tree = head.data.materials[0].node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.name, node.image = "OFER skin", image
    shader = next(each for each in tree.nodes if each.type == "BSDF_PRINCIPLED")
    tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
    return image


def files(folder: Path) -> dict[str, bytes]:
    return {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file()
    }


@pytest.mark.parametrize("target", ONE_EACH)
@pytest.mark.parametrize(
    "called", ["//precious.png", "/etc/passwd", "//../precious.png", "C:\\p.png"]
)
def test_names_come_from_the_export_alone(
    head: bpy.types.Object, tmp_path: Path, target: Target, called: str
) -> None:
    """A prepared .blend calls its packed picture like a file that is there."""
    home = tmp_path / "home"
    (home / "textures").mkdir(parents=True)
    for name in ("precious.png", "textures/precious.png", "anna_skin", "p.png"):
        (home / name).write_bytes(BYTES_OF_OTHERS)
    (tmp_path / "precious.png").write_bytes(BYTES_OF_OTHERS)
    before, around = files(home), (tmp_path / "precious.png").read_bytes()
    wear(head, png((1, 0, 0)), "precious.png", called)
    export(home / "out", target)
    after = files(home)
    assert {name: after[name] for name in before} == before
    assert all(name.startswith("out") for name in after.keys() - before.keys())
    assert (tmp_path / "precious.png").read_bytes() == around


@pytest.mark.parametrize("target", [Target.USD, Target.OBJ])
def test_the_companions_of_others_are_left(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    wear(head, png((1, 0, 0)), "skin", "//skin.png")
    theirs = ("out_skin.png", "out_skin_2.png", "out.mtl", "out_picture_2.png")
    for name in theirs:
        (tmp_path / name).write_bytes(BYTES_OF_OTHERS)
    path = export(tmp_path / "out", target)
    assert {(tmp_path / name).read_bytes() for name in theirs} == {BYTES_OF_OTHERS}
    sidecar = json.loads(sidecar_of(path).read_text("utf-8"))
    assert "out_skin_3.png" in sidecar["files"]
    if target is Target.OBJ:
        assert "mtllib out_2.mtl" in path.read_text("utf-8")
        assert "map_Kd out_skin_3.png" in (tmp_path / "out_2.mtl").read_text("utf-8")


def paint(head: bpy.types.Object, image: bpy.types.Image) -> None:
    """Let the head's skin show an image as its colours."""
    tree = head.data.materials[0].node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    shader = next(each for each in tree.nodes if each.type == "BSDF_PRINCIPLED")
    tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])


def first_pixel(path: Path) -> np.ndarray:
    """Its numbers, as they are in the file."""
    image = bpy.data.images.load(str(path), check_existing=False)
    image.colorspace_settings.name = "Non-Color"
    return np.array(image.pixels[:4])


@pytest.mark.parametrize("kind", ["unsaved", "TARGA", "WEBP", "NONE"])
def test_a_picture_keeps_what_is_transparent_in_it(
    head: bpy.types.Object, tmp_path: Path, kind: str
) -> None:
    """As cards of hair are; painted and not saved, or of a kind that other programs do not read."""
    image = bpy.data.images.new("cards", 4, 4, alpha=True)
    image.pixels[:] = (0.2, 0.4, 0.6, 0.25) * 16
    if kind in ("TARGA", "WEBP"):
        image.file_format = kind
        image.save(filepath=str(tmp_path / "cards.picture"))
        image = bpy.data.images.load(str(tmp_path / "cards.picture"))
    elif kind == "NONE":
        image.alpha_mode = "NONE"
    paint(head, image)
    export(tmp_path / "out", Target.USD)
    wanted = (0.2, 0.4, 0.6, 1.0 if kind == "NONE" else 0.25)
    np.testing.assert_allclose(first_pixel(tmp_path / "out_picture_1.png"), wanted, atol=0.01)


def test_numbers_of_a_picture_that_is_no_colour_stay(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    """A normal map as an OpenEXR."""
    image = bpy.data.images.new("normal", 4, 4, float_buffer=True, is_data=True)
    image.pixels[:] = (0.5, 0.5, 1.0, 1.0) * 16
    image.file_format = "OPEN_EXR"
    image.save(filepath=str(tmp_path / "normal.exr"))
    image = bpy.data.images.load(str(tmp_path / "normal.exr"))
    image.colorspace_settings.name = "Non-Color"
    paint(head, image)
    export(tmp_path / "out", Target.USD)
    wanted = (0.5, 0.5, 1.0, 1.0)
    np.testing.assert_allclose(first_pixel(tmp_path / "out_picture_1.png"), wanted, atol=0.01)


def test_of_a_picture_in_tiles_it_is_said_that_the_first_travels(head: bpy.types.Object) -> None:
    image = bpy.data.images.new("tiles", 4, 4, tiled=True)
    paint(head, image)
    bpy.ops.ofer.check_export()
    text = "Of pictures with several tiles (UDIM) the first is in the file: tiles."
    assert text not in [line.text for line in head.ofer_export.findings]
    image.tiles.new(1002)
    bpy.ops.ofer.check_export()
    assert text in [line.text for line in head.ofer_export.findings]


@pytest.mark.parametrize("target", ONE_EACH)
def test_a_second_export_takes_the_names_of_the_first(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    wear(head, png((1, 0, 0)), "skin", "//skin.png")
    export(tmp_path / "out", target)
    first = {name for name in files(tmp_path) if name.startswith("out")}
    export(tmp_path / "out", target)
    assert {name for name in files(tmp_path) if name.startswith("out")} == first


def test_a_picture_that_was_painted_on_since_is_left(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    wear(head, png((1, 0, 0)), "skin", "//skin.png")
    export(tmp_path / "out", Target.OBJ)
    (tmp_path / "out_skin.png").write_bytes(BYTES_OF_OTHERS)
    export(tmp_path / "out", Target.OBJ)
    assert (tmp_path / "out_skin.png").read_bytes() == BYTES_OF_OTHERS
    assert (tmp_path / "out_skin_2.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("target", ONE_EACH)
def test_what_no_export_made_is_not_replaced(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    path = tmp_path / f"out.{PRESETS[target].format}"
    path.write_bytes(BYTES_OF_OTHERS)
    before = dump()
    with pytest.raises(
        RuntimeError, match=rf"{path.name} is already there.*[Cc]hoose another name"
    ):
        export(tmp_path / "out", target)
    assert path.read_bytes() == BYTES_OF_OTHERS and differences(before, dump()) == []
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith((".", "out"))] == [
        path.name
    ]
    export(tmp_path / "out", target, overwrite=True)
    assert whole.is_whole(path)
    export(tmp_path / "out", target)
    path.write_bytes(BYTES_OF_OTHERS)  # worked on since, in another program
    with pytest.raises(RuntimeError, match=rf"{path.name} is already there"):
        export(tmp_path / "out", target)
    assert path.read_bytes() == BYTES_OF_OTHERS


def test_a_sidecar_of_others_is_not_replaced(head: bpy.types.Object, tmp_path: Path) -> None:
    for content in (b"{}", b"[" * 100_000, b'{"made_with": 3}', b"\xff\x00"):
        (tmp_path / "out.glb.json").write_bytes(content)
        with pytest.raises(RuntimeError, match=r"out\.glb\.json is already there"):
            export(tmp_path / "out", Target.GLB)
        assert (tmp_path / "out.glb.json").read_bytes() == content
        assert not (tmp_path / "out.glb").exists()


def test_a_link_is_replaced_and_not_followed(head: bpy.types.Object, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(BYTES_OF_OTHERS)
    for name in ("out_picture_1.png", "out.mtl"):
        (tmp_path / name).symlink_to(tmp_path / "precious")
    export(tmp_path / "out", Target.OBJ)
    assert (tmp_path / "precious").read_bytes() == BYTES_OF_OTHERS
    assert (tmp_path / "out.mtl").is_symlink()


def test_what_has_two_names_is_not_written_through(head: bpy.types.Object, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(BYTES_OF_OTHERS)
    for name in ("out.obj", "out.mtl", "out_picture_1.png"):
        os.link(tmp_path / "precious", tmp_path / name)
    export(tmp_path / "out", Target.OBJ, overwrite=True)
    assert (tmp_path / "precious").read_bytes() == BYTES_OF_OTHERS
    assert b"mtllib out_2.mtl" in (tmp_path / "out.obj").read_bytes()


@pytest.mark.parametrize("target", [Target.USD, Target.OBJ])
def test_a_picture_of_the_blend_beside_it_is_left(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    """Unpacked, it may have the very name that the export would give it."""
    (tmp_path / "out_skin.png").write_bytes(png((1, 0, 0)))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "out.blend"))
    wear(head, png((1, 0, 0)), "out_skin", "//out_skin.png").unpack(method="USE_ORIGINAL")
    own, blend = (tmp_path / "out_skin.png").read_bytes(), (tmp_path / "out.blend").read_bytes()
    for _ in range(2):
        export(tmp_path / "out", target)
        assert (tmp_path / "out_skin.png").read_bytes() == own
        assert (tmp_path / "out.blend").read_bytes() == blend
    assert (tmp_path / "out_skin_2.png").is_file() and not (tmp_path / "out_skin_3.png").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of Unix")
@pytest.mark.parametrize("name", ["out.obj", "out.obj.json", "out.mtl"])
def test_a_pipe_is_not_waited_for(head: bpy.types.Object, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    if name == "out.mtl":
        export(tmp_path / "out", Target.OBJ)
        assert (tmp_path / "out_2.mtl").is_file()
    else:
        with pytest.raises(RuntimeError, match=f"{name} is already there"):
            export(tmp_path / "out", Target.OBJ)
    assert (tmp_path / name).is_fifo()


def test_what_a_killed_export_left_is_swept(head: bpy.types.Object, tmp_path: Path) -> None:
    """But not what one at work is writing; and a file that it had moved aside is there again."""
    program = (
        "import sys, time; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from ofer_engine.contract.files.replacement import OLDER, Replacement\n"
        "with Replacement(Path(sys.argv[2], 'ofer_export')) as scratch:\n"
        "    scratch.place.mkdir(); (scratch.place / 'cut.glb').write_bytes(b'cut')\n"
        "    (older := scratch.place.with_name(OLDER)).mkdir()\n"
        "    Path(sys.argv[2], 'anna.glb').rename(older / 'anna.glb')\n"
        "    print('there', flush=True); time.sleep(600)\n"
    )
    (tmp_path / "anna.glb").write_bytes(b"whole")
    call = [sys.executable, "-c", program, str(ROOT), str(tmp_path)]
    with subprocess.Popen(call, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        export(tmp_path / "out", Target.OBJ)
        assert len(list(tmp_path.glob(".ofer*"))) == 1
        other.kill()
    export(tmp_path / "out", Target.OBJ)
    assert not list(tmp_path.glob(".ofer*"))
    assert (tmp_path / "anna.glb").read_bytes() == b"whole"


def test_a_name_that_only_looks_like_a_suffix_stays(tmp_path: Path) -> None:
    named = {"anna.v2": "anna.v2.glb", "mr. x": "mr. x.glb", "anna.fbx": "anna.glb",
             "head.Bob": "head.Bob.glb",
             "anna.2026-11-29": "anna.2026-11-29.glb", "花.子 さん": "花.子 さん.glb"}  # fmt: skip
    for path, file in named.items():
        assert Plan(Target.GLB, tmp_path / path).file == tmp_path / file


@pytest.mark.parametrize("folder", ["", "/", "//", "{here}/in/", "{here}/new/"])
def test_a_file_without_a_name(head: bpy.types.Object, tmp_path: Path, folder: str) -> None:
    """A folder alone, as the file browser gives it: nothing is written beside it."""
    (tmp_path / "in").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for operator in (bpy.ops.ofer.export_head, bpy.ops.ofer.export_take):
        with pytest.raises(RuntimeError, match="has no name"):
            operator(filepath=folder.format(here=tmp_path))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("target", ONE_EACH)
def test_a_name_that_is_too_long_for_the_disk(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    before = dump()
    for length in (300, 250):
        with pytest.raises(RuntimeError, match="could not be written: File name too long") as said:
            export(tmp_path / ("n" * length), target)
        assert "Traceback" not in str(said.value) and str(tmp_path) not in str(said.value)
    assert differences(before, dump()) == []
    assert not [each for each in tmp_path.iterdir() if each.name.startswith((".", "n"))]


@pytest.mark.parametrize("target", [Target.GLB, Target.FBX, Target.USD])
def test_fine_detail_and_roughness_of_the_skin_are_exported(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    """Read back, three different pictures feed colour, roughness and normal of the skin."""
    wear_skin(head, write_skin(tmp_path / "skin"))
    path = export(tmp_path / "out", target)
    before = set(bpy.data.materials)
    import_file(path)
    fed = [_fed(each) for each in set(bpy.data.materials) - before]
    found = next(each for each in fed if "Normal" in each)
    assert set(found) >= {"Base Color", "Roughness", "Normal"}
    assert len({found[name] for name in ("Base Color", "Roughness", "Normal")}) == 3


def _fed(material: bpy.types.Material) -> dict[str, bpy.types.Image]:
    """Input of the Principled BSDF → picture that reaches it."""
    nodes = material.node_tree.nodes if material.node_tree else ()
    shader = next((node for node in nodes if node.type == "BSDF_PRINCIPLED"), None)
    found = {}
    for name in ("Base Color", "Roughness", "Normal") if shader else ():
        links = list(shader.inputs[name].links)
        while links:
            node = links.pop().from_node
            if node.type == "TEX_IMAGE":
                found[name] = node.image
            links += [link for each in node.inputs if each.name != "Vector" for link in each.links]
    return found


def test_pictures_within_groups_and_of_shared_materials(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    """A group's picture is named after the file, too, and one material in two slots is one."""
    image = wear(head, png((1, 0, 0)), "precious", "//precious.png")
    tree = head.data.materials[0].node_tree
    group = bpy.data.node_groups.new("inner", "ShaderNodeTree")
    group.nodes.new("ShaderNodeTexImage").image = image
    tree.nodes.new("ShaderNodeGroup").node_tree = group
    head.data.materials.append(head.data.materials[0])
    before = dump()
    export(tmp_path / "out", Target.USD)
    reader = GlbReader(export(tmp_path / "out", Target.GLB))
    assert differences(before, dump()) == []
    names = [each["name"] for each in reader.document["materials"]]
    assert len(set(names)) == len(names) and "OFER skin" in names
    pictures = sorted(each.name for each in tmp_path.iterdir() if each.suffix == ".png")
    assert "out_skin.png" in pictures and all(each.startswith("out_") for each in pictures)


def test_two_people_in_one_folder(head: bpy.types.Object, tmp_path: Path) -> None:
    """Both photos were called front.jpg; each file has its own skin."""
    red, blue = png((1, 0, 0)), png((0, 0, 1))
    for target in (Target.OBJ, Target.USD):
        for name, data in (("anna", red), ("bert", blue)):
            skin.take_off(head)
            wear(head, data, "front_skin", "//textures/front_skin.png")
            export(tmp_path / f"{name}_{target}", target)
        found = [(tmp_path / f"{name}_{target}_skin.png").read_bytes() for name in ("anna", "bert")]
        assert found[0] != found[1]
        assert [pixel(each) for each in found] == [(1, 0, 0), (0, 0, 1)]
    assert "map_Kd anna_OBJ_skin.png" in (tmp_path / "anna_OBJ.mtl").read_text()
    assert "map_Kd bert_OBJ_skin.png" in (tmp_path / "bert_OBJ.mtl").read_text()


def pixel(data: bytes) -> tuple[int, ...]:
    image = bpy.data.images.new("seen", 1, 1)
    image.pack(data=data, data_len=len(data))
    image.source = "FILE"
    found = tuple(round(value) for value in image.pixels[:3])
    bpy.data.images.remove(image)
    return found


@pytest.mark.parametrize("target", list(Target))
def test_nothing_of_the_machine_and_the_photo(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    """Neither folders, nor the .blend, nor the photo, nor what a picture tells besides."""
    private = tmp_path / "Anna Privatheim"
    wear(head, png((1, 0, 0), b"/home/privatheim/secret.blend"), "x", str(private / "vorne.jpg"))
    for owner in (head, head.data, head.data.materials[0], rig.rig_of(head), rig.rig_of(head).data):
        owner["note"] = "privatheim"
    bpy.data.scenes.new("Privatheim")
    bpy.context.scene.name = "Privatheim again"
    bpy.ops.wm.save_as_mainfile(filepath=str(private / "geheim.blend"))
    out = private / "out"
    out.mkdir()
    export(out / "hero", target)
    words = (
        "privatheim",
        "geheim",
        "anna.jpg",
        "vorne",
        "ab" * 32,
        str(tmp_path),
        "pytest",
        "root/",
    )
    for name, data in files(out).items():
        for spelled in ("utf-8", "utf-16-le"):
            text = data.lower()
            found = [word for word in words if word.lower().encode(spelled) in text]
            assert found == [], (name, found)


def test_the_record_goes_along_for_who_wants_it(head: bpy.types.Object, tmp_path: Path) -> None:
    head.ofer_export.record = True
    path = export(tmp_path / "out", Target.GLB)
    sidecar = json.loads(sidecar_of(path).read_text("utf-8"))
    assert sidecar["provenance"]["photo"]["name"] == "anna.jpg"


def test_a_jpeg_says_nothing_besides(head: bpy.types.Object, tmp_path: Path) -> None:
    """No EXIF, no comment, nothing behind its end."""
    image = bpy.data.images.new("photo", 8, 8)
    image.pixels[:] = (0.2, 0.4, 0.6, 1.0) * 64
    image.filepath_raw, image.file_format = str(tmp_path / "photo.jpg"), "JPEG"
    image.save()
    plain = (tmp_path / "photo.jpg").read_bytes()
    exif = b"\xff\xe1\x00\x10Exif\x00\x00GPSxxxxx" + b"\xff\xfe\x00\x09private"
    spoken = plain[:2] + exif + plain[2:] + b"and a hidden second picture"
    wear(head, spoken, "photo", "//photo.jpg")
    export(tmp_path / "out", Target.OBJ)
    shipped = (tmp_path / "out_skin.jpg").read_bytes()
    assert b"GPS" not in shipped and b"private" not in shipped and b"hidden" not in shipped
    assert shipped.endswith(b"\xff\xd9") and len(shipped) <= len(plain)
    seen = [bpy.data.images.load(str(tmp_path / name)) for name in ("photo.jpg", "out_skin.jpg")]
    assert seen[0].pixels[:] == seen[1].pixels[:]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A disk of so many kilobytes."""
    with ExitStack() as disks:
        number = itertools.count()

        def make(size: int) -> Path:
            place = tmp_path / f"disk_{next(number)}"
            return disks.enter_context(mounted_disk(place, f"size={size}k"))

        yield make


@pytest.mark.parametrize("target", ONE_EACH)
def test_a_disk_that_is_full(
    head: bpy.types.Object, disk: Callable[[int], Path], target: Target
) -> None:
    """Wherever in the work it fills, nothing is left, and what was there is there."""
    armature = rig.rig_of(head)
    armature.pose.bones["jaw"].rotation_euler.x = 0.2
    bpy.context.scene.frame_set(7)
    outcomes = []
    for size in (4, 12, 24, 48, 96, 192, 384, 768):
        place = disk(size)
        file = place / f"out.{PRESETS[target].format}"
        (place / "mine.txt").write_bytes(b"mine")
        before = dump()
        try:
            export(place / "out", target)
        except RuntimeError as error:
            assert f"The disk is full: {file.name}" in str(error)
            assert files(place) == {"mine.txt": b"mine"}
            outcomes.append("full")
        else:
            assert whole.is_whole(file) and sidecar_of(file).is_file()
            outcomes.append("written")
        assert [each.name for each in place.iterdir() if each.name.startswith(".")] == []
        assert differences(before, dump()) == []
        assert bpy.context.scene.frame_current == 7 and bpy.context.mode == "OBJECT"
    assert outcomes == sorted(outcomes) and set(outcomes) == {"full", "written"}


def fill(file: Path) -> None:
    """Until nothing goes in any more."""
    with pytest.raises(OSError, match="No space"), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))


@pytest.mark.parametrize("target", ONE_EACH)
def test_a_full_disk_keeps_the_export_that_was_there(
    head: bpy.types.Object, disk: Callable[[int], Path], target: Target
) -> None:
    place = disk(2000)
    export(place / "out", target)
    fill(place / "filler")
    before = files(place)
    with pytest.raises(RuntimeError, match="The disk is full"):
        export(place / "out", target)
    assert files(place) == before
    (place / "filler").unlink()
    export(place / "out", target)


def test_a_disk_that_may_only_be_read(head: bpy.types.Object, disk: Callable[[int], Path]) -> None:
    place = disk(2000)
    export(place / "out", Target.GLB)
    before = files(place)
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    with pytest.raises(RuntimeError, match=r"out\.glb could not be written: Read-only file system"):
        export(place / "out", Target.GLB)
    assert files(place) == before


def test_a_page_is_whole_or_not_there(head: bpy.types.Object, disk: Callable[[int], Path]) -> None:
    outcomes = []
    for size in (8, 300, 700, 1200, 3000):
        place = disk(size)
        before = dump()
        try:
            bpy.ops.ofer.export_web_page(directory=str(place))
        except RuntimeError as error:
            assert "The disk is full" in str(error)
            assert list(place.iterdir()) == []
            outcomes.append("full")
        else:
            assert [each.name for each in place.iterdir()] == [f"{head.name}_page"]
            outcomes.append("written")
        assert differences(before, dump()) == []
    assert outcomes == sorted(outcomes) and set(outcomes) == {"full", "written"}


def test_a_page_goes_over_no_other(head: bpy.types.Object, tmp_path: Path) -> None:
    theirs = tmp_path / "anna_page"
    theirs.mkdir()
    (theirs / page.PAGE).write_bytes(BYTES_OF_OTHERS)
    bpy.ops.ofer.export_web_page(directory=str(tmp_path))
    assert files(theirs) == {page.PAGE: BYTES_OF_OTHERS}
    ours = tmp_path / "anna_page_2"
    assert (ours / page.HEAD).is_file()
    (ours / page.PAGE).write_bytes(BYTES_OF_OTHERS)  # somebody made it theirs
    bpy.ops.ofer.export_web_page(directory=str(tmp_path))
    assert (ours / page.PAGE).read_bytes() == BYTES_OF_OTHERS
    bpy.ops.ofer.export_web_page(directory=str(tmp_path))
    pages = sorted(each.name for each in tmp_path.iterdir() if "_page" in each.name)
    assert pages == ["anna_page", "anna_page_2", "anna_page_3"]


def test_a_page_says_nothing_of_the_photo(head: bpy.types.Object, tmp_path: Path) -> None:
    wear(head, png((1, 0, 0), b"/home/privatheim"), "front", "//front.jpg")
    bpy.ops.ofer.export_web_page(directory=str(tmp_path))
    script = (tmp_path / "anna_page" / page.HEAD).read_text("ascii")
    inside = base64.b64decode(json.loads(script[len("window.OFER_HEAD = ") : -2])["glb"])
    for word in (b"privatheim", b"front", b"anna.jpg", b"ab" * 32):
        assert word not in inside.lower() and word not in script.encode()


def test_an_asset_is_whole_or_not_there(
    head: bpy.types.Object, disk: Callable[[int], Path]
) -> None:
    libraries = bpy.context.preferences.filepaths.asset_libraries
    libraries.new(name="Faces", directory="/nowhere")
    try:
        for size, fits in ((8, False), (40, False), (4000, True)):
            place = disk(size)
            libraries["Faces"].path = str(place)
            if fits:
                bpy.ops.ofer.save_as_asset(library="Faces")
                assert sorted(files(place)) == ["anna.blend", "blender_assets.cats.txt"]
                continue
            before = dump()
            with pytest.raises(RuntimeError, match="The disk is full"):
                bpy.ops.ofer.save_as_asset(library="Faces")
            assert list(place.iterdir()) == [] and differences(before, dump()) == []
    finally:
        libraries.remove(libraries["Faces"])


def test_an_asset_takes_no_name_that_was_taken_meanwhile(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    place = tmp_path / "library"
    place.mkdir()
    program = (  # another Blender that saves a head of this name as soon as ours is at work
        "import pathlib, sys\n"
        "place = pathlib.Path(sys.argv[1]); print('there', flush=True)\n"
        "while not list(place.glob('.ofer*')): pass\n"
        "(place / 'anna.blend').open('xb').write(b'theirs')\n"
    )
    libraries = bpy.context.preferences.filepaths.asset_libraries
    libraries.new(name="Faces", directory=str(place))
    try:
        call = [sys.executable, "-c", program, str(place)]
        with subprocess.Popen(call, stdout=subprocess.PIPE) as other:
            other.stdout.readline()
            bpy.ops.ofer.save_as_asset(library="Faces")
    finally:
        libraries.remove(libraries["Faces"])
    assert other.returncode or (place / "anna.blend").read_bytes() == b"theirs"
    assert sorted(place.glob("*.blend"))[-1].stat().st_size > 1000


def test_a_skin_beside_the_file_is_whole_or_not_there(
    head: bpy.types.Object, tmp_path: Path, disk: Callable[[int], Path]
) -> None:
    place = disk(2000)
    bpy.ops.wm.save_as_mainfile(filepath=str(place / "file.blend"))
    head = hypotheses.active_head(bpy.context)
    folder = write_skin(tmp_path / "skin")
    fill(place / "filler")
    before, there = dump(), files(place)
    with pytest.raises(RuntimeError, match=r"The disk is full: anna_skin\.png .*Pack the picture"):
        wear_skin(head, folder, "BESIDE")
    assert files(place) == there and differences(before, dump()) == []
    (place / "filler").unlink()
    wear_skin(head, folder, "BESIDE")
    assert sorted(each.name for each in (place / "textures").iterdir()) == [
        "anna_skin.png", "anna_skin_normal.png", "anna_skin_roughness.png",
    ]  # fmt: skip


@pytest.mark.parametrize("target", ONE_EACH)
def test_a_cut_file_is_not_called_whole(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    path = export(tmp_path / "out", target)
    data = path.read_bytes()
    assert whole.is_whole(path)
    for share in np.linspace(0, 0.99, 23):
        path.write_bytes(data[: int(len(data) * share)])
        assert not whole.is_whole(path)
    assert Format.OBJ == "obj"


@pytest.mark.parametrize("write", ["export_head", "export_web_page", "export_take"])
def test_beside_a_blend_that_was_never_saved_there_is_nowhere(
    head: bpy.types.Object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    """Blender would take its working directory for it."""
    (tmp_path / "here" / "out").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    named = {"directory": "//out/"} if write == "export_web_page" else {"filepath": "//out/anna"}
    with pytest.raises(RuntimeError, match="has not been saved.*Save it first"):
        getattr(bpy.ops.ofer, write)(**named)
    assert not list((tmp_path / "here" / "out").iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("target", [Target.GLB, Target.OBJ, Target.FBX, Target.USD])
@pytest.mark.parametrize("name", ["Zo\udceb", "Zo\\e"])
def test_a_name_that_is_no_utf_8_or_a_path_elsewhere_is_refused(
    head: bpy.types.Object, tmp_path: Path, target: Target, name: str
) -> None:
    wear(head, png((1, 0, 0)), "skin", "//skin.png")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(RuntimeError, match="no name that other programs can read. Choose a name"):
        export(tmp_path / name, target)
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("name", ["aux", "NUL", "com1", "Con.anna"])
def test_a_name_that_windows_keeps_for_devices_is_refused(
    head: bpy.types.Object, tmp_path: Path, name: str
) -> None:
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(RuntimeError, match="no name that other programs can read. Choose a name"):
        export(tmp_path / name, Target.OBJ)
    with pytest.raises(RuntimeError, match="no name that other programs can read. Choose a name"):
        bpy.ops.ofer.export_take(filepath=str(tmp_path / f"{name}.csv"))
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize("name", [" anna", "anna\nmtllib mine", "\tanna", "- anna", "an\x85na"])
def test_names_that_would_break_a_line_of_an_obj(
    head: bpy.types.Object, tmp_path: Path, name: str
) -> None:
    path = export(tmp_path / name, Target.OBJ)
    lines = path.read_text("utf-8").split("\n")
    (named,) = [line.removeprefix("mtllib ") for line in lines if line.startswith("mtllib ")]
    assert named == named.strip() and (tmp_path / named).is_file()
    shown = [line.partition(" ")[2] for line in (tmp_path / named).read_text("utf-8").split("\n")
             if line.startswith("map_")]  # fmt: skip
    assert shown and all((tmp_path / each).is_file() for each in shown)


@pytest.mark.parametrize("target", [Target.OBJ, Target.UNITY, Target.GLB])
@pytest.mark.parametrize("order", ["after", "before"])
def test_pictures_lie_by_their_own_uvs_whichever_layer_is_active(
    head: bpy.types.Object, tmp_path: Path, target: Target, order: str
) -> None:
    """Programs read the first layer of an FBX, and an OBJ has one alone: the skin's, and on the
    eyes that of their own picture."""
    write_skin(tmp_path / "skin")
    wear_skin(head, tmp_path / "skin")
    mesh = head.data
    if order == "before":
        kept = [(each.name, _uvs(each)) for each in mesh.uv_layers]
        while mesh.uv_layers:
            mesh.uv_layers.remove(mesh.uv_layers[0])
    else:
        kept = []
    lightmap = mesh.uv_layers.new(name="Lightmap")
    lightmap.uv.foreach_set("vector", np.full(2 * len(mesh.loops), 0.5, np.float32))
    for name, values in kept:
        mesh.uv_layers.new(name=name).uv.foreach_set("vector", values.ravel())
    mesh.uv_layers.active = mesh.uv_layers["Lightmap"]
    corners = np.repeat([each.material_index for each in mesh.polygons],
                        [each.loop_total for each in mesh.polygons])  # fmt: skip
    eye = next(
        number
        for number, slot in enumerate(head.material_slots)
        if any(node.type == "UVMAP" and node.uv_map == "UVEyes"
               for node in slot.material.node_tree.nodes)
        and (corners == number).any()
    )  # fmt: skip
    of_skin = _uvs(mesh.uv_layers["UVMap"])[corners == 0]
    of_eye = _uvs(mesh.uv_layers["UVEyes"])[corners == eye]
    assert not _same(of_skin, np.full((1, 2), 0.5)) and not _same(of_eye, of_skin)
    before = dump()
    path = export(tmp_path / "out", target)
    assert differences(before, dump()) == []
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    import_file(path)
    (made,) = (each for each in bpy.data.objects if each.type == "MESH" and "Ico" not in each.name)
    seen = _uvs(made.data.uv_layers[0])
    slots = np.repeat([each.material_index for each in made.data.polygons],
                      [each.loop_total for each in made.data.polygons])  # fmt: skip
    names = [slot.material.name.replace("_", " ") for slot in made.material_slots]
    assert _same(seen[slots == names.index("OFER skin")], of_skin)
    if target is not Target.GLB:  # that says for each picture which layer it needs
        shown = next(
            n for n, each in enumerate(names) if each.startswith("OFER eye") and n in slots
        )
        assert _same(seen[slots == shown], of_eye)


def _uvs(layer: bpy.types.MeshUVLoopLayer) -> np.ndarray:
    values = np.empty((len(layer.uv), 2), np.float32)
    layer.uv.foreach_get("vector", values.ravel())
    return values


def _same(seen: np.ndarray, wanted: np.ndarray) -> bool:
    """The same places, in whatever order and however often."""
    far = np.abs(seen[:, None] - wanted[None]).max(axis=2)
    return bool(far.min(axis=0).max() < 1e-3 and far.min(axis=1).max() < 1e-3)
