"""Pictures and materials that a file cannot hold as they are: said before and after an export."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from exporting import findings
from ofer_faces.ofer_blender import compat
from ofer_faces.ofer_blender.export.presets import Target
from ofer_faces.ofer_blender.head import eyes, iris_colour, strands
from ofer_faces.ofer_blender.image_size import image_size
from ofer_faces.ofer_blender.photo import mask
from ofer_faces.ofer_engine.contract.errors import OferError
from synthetic import write_skin
from test_skin import wear

SAID = "No file holds what nodes make of colours and pictures: bake OFER skin into a picture first."
LARGE = 40000
"""Pixels along a side: 6.4 GB, which Blender fills with the first question for the size."""

Tree = bpy.types.NodeTree


def _between(kind: str) -> Callable[[Tree, bpy.types.NodeSocket], bpy.types.NodeSocket]:
    def put(tree: Tree, picture: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
        made = tree.nodes.new(kind)
        tree.links.new(picture, made.inputs["Color"])
        return made.outputs["Color"]

    return put


def mixed(tree: Tree, picture: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    made = tree.nodes.new("ShaderNodeMix")
    made.data_type, made.blend_type = "RGBA", "MULTIPLY"
    tree.links.new(picture, made.inputs[6])
    tree.links.new(tree.nodes.new("ShaderNodeTexNoise").outputs["Color"], made.inputs[7])
    return made.outputs[2]


def procedural(tree: Tree, picture: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    return tree.nodes.new("ShaderNodeTexNoise").outputs["Color"]


def in_a_group(tree: Tree, picture: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    inner = bpy.data.node_groups.new("group", "ShaderNodeTree")
    inner.interface.new_socket("Out", in_out="OUTPUT", socket_type="NodeSocketColor")
    noise = inner.nodes.new("ShaderNodeTexNoise")
    inner.links.new(noise.outputs["Color"], inner.nodes.new("NodeGroupOutput").inputs[0])
    group = tree.nodes.new("ShaderNodeGroup")
    group.node_tree = inner
    return group.outputs[0]


def by_generated_places(tree: Tree, picture: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    places = tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"]
    tree.links.new(places, picture.node.inputs["Vector"])
    return picture


def rerouted(tree: Tree, picture: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    made = tree.nodes.new("NodeReroute")
    tree.links.new(picture, made.inputs[0])
    return made.outputs[0]


def plain(tree: Tree, picture: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    return picture


EDITS = {
    "hue": _between("ShaderNodeHueSaturation"), "gamma": _between("ShaderNodeGamma"),
    "mixed": mixed, "procedural": procedural, "in a group": in_a_group,
    "by generated places": by_generated_places,
}  # fmt: skip


def edit(head: bpy.types.Object, how: Callable, folder: Path, into: str = "Base Color") -> None:
    write_skin(folder / "skin")
    wear(head, folder / "skin")
    tree = compat.enable_nodes(head.data.materials[0])
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    picture = shader.inputs["Base Color"].links[0].from_socket
    tree.links.new(how(tree, picture), shader.inputs[into])


@pytest.mark.parametrize("target", [Target.GLB, Target.UNITY, Target.USD, Target.OBJ])
@pytest.mark.parametrize("name", list(EDITS))
def test_what_nodes_make_is_said(
    head: bpy.types.Object, tmp_path: Path, name: str, target: Target
) -> None:
    edit(head, EDITS[name], tmp_path)
    assert findings(target)[SAID] == "note"


def test_roughness_counts_too_and_the_export_says_it(
    head: bpy.types.Object, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    edit(head, EDITS["gamma"], tmp_path, "Roughness")
    bpy.ops.ofer.export_head(filepath=str(tmp_path / "out.glb"))
    assert SAID in capfd.readouterr().out


@pytest.mark.parametrize("how", [plain, rerouted])
@pytest.mark.parametrize("target", [Target.GLB, Target.UNITY, Target.USD, Target.OBJ])
def test_a_plain_picture_is_good(
    head: bpy.types.Object, tmp_path: Path, target: Target, how: Callable
) -> None:
    edit(head, how, tmp_path)
    image = bpy.data.images.new("strands", 4, 4, alpha=True)
    made = compat.enable_nodes(hair := bpy.data.materials.new("hair"))
    strands.show(made, image, "UVMap")
    strands.cut_out(made)
    head.data.materials.append(hair)
    assert not any("nodes" in text for text in findings(target))


def huge(tmp_path: Path) -> bpy.types.Image:
    image = bpy.data.images.new("huge", 8, 8)
    image.generated_width = image.generated_height = LARGE
    return image


def huge_file(tmp_path: Path) -> bpy.types.Image:
    """A PNG of a few bytes that says it is large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", LARGE, LARGE, 8, 2, 0, 0, 0)
    path = tmp_path / "huge.png"
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b""))
    return bpy.data.images.load(str(path))


def huge_packed(tmp_path: Path) -> bpy.types.Image:
    image = huge_file(tmp_path)
    image.pack()
    return image


@pytest.mark.parametrize("make", [huge, huge_file, huge_packed])
def test_a_picture_that_is_too_large_is_refused_before_it_is_opened(
    head: bpy.types.Object, tmp_path: Path, make: Callable[[Path], bpy.types.Image]
) -> None:
    image = make(tmp_path)
    tree = compat.enable_nodes(head.data.materials[0])
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
    most = 67 if make is huge else 268
    said = f"The image 'huge{'' if make is huge else '.png'}' has 1600 million pixels. "
    said += f"Scale it to at most {most} million."
    assert findings(Target.GLB)[said] == "fault"
    for name in ("out.glb", "out.obj"):
        with pytest.raises(RuntimeError, match="1600 million pixels"):
            bpy.ops.ofer.export_head(filepath=str(tmp_path / name))
        assert not (tmp_path / name).exists()
    assert not image.has_data


def test_no_other_reader_opens_one(head: bpy.types.Object, tmp_path: Path) -> None:
    image = huge(tmp_path)
    assert image_size(image) == (LARGE, LARGE)
    for read in (mask.upright, lambda each: mask.begin(head, each)):
        with pytest.raises(OferError, match="1600 million pixels"):
            read(image)
    head.ofer.mask = image
    small = bpy.data.images.new("small", 4, 4)
    assert mask.write(head, small) is None
    assert np.prod(mask.begin(head, small).size) == 16
    for name in [each.name for each in bpy.data.images if each.name.startswith(eyes.IMAGE)]:
        bpy.data.images.remove(bpy.data.images[name])
    image.name = eyes.IMAGE
    compat.enable_nodes(head.data.materials[0]).nodes.new("ShaderNodeTexImage").image = image
    assert iris_colour.of(head) == ()
    assert not image.has_data
