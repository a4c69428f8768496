"""A reconstruction becomes a mesh with shape keys, exactly, as one undo step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.head import eyes, hypotheses, material, provenance
from ofer_faces.ofer_engine.client import head_arrays
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract.irises import IRIS_RADIUS
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from ofer_faces.ofer_engine.handlers.draft import write
from scene_dump import differences, dump
from shapes import key_points, points, shown

NAMES = ("Basis", "identity_02", "identity_03", "identity_04",
         "expression_01", "expression_02", "expression_03")  # fmt: skip
RINGS = ("iris ring", "iris", "pupil")


def test_frame_faces_minus_y_with_z_up_and_left_at_plus_x() -> None:
    front_up_left = np.array([(0, 0, 1), (0, 1, 0), (1, 0, 0)], np.float32)
    assert to_blender(front_up_left).tolist() == [[0, -1, 0], [0, 0, 1], [1, 0, 0]]


def test_shape_keys_are_the_arrays(record: Reconstruction, head: bpy.types.Object) -> None:
    assert tuple(key.name for key in head.data.shape_keys.key_blocks) == NAMES
    wanted = np.concatenate(
        (record.array("identity_vertices"), record.array("expression_vertices"))
    )
    for key, engine in zip(head.data.shape_keys.key_blocks, wanted, strict=True):
        x, y, z = engine.T
        assert np.abs(points(key) - np.stack((x, -z, y), -1)).max() <= 1e-6
        assert key.relative_key == head.data.shape_keys.reference_key
    assert all(key.value == 0 for key in list(head.data.shape_keys.key_blocks)[1:])
    assert np.array_equal(shown(head), points(head.data.shape_keys.reference_key))


def test_mesh_is_the_arrays(record: Reconstruction, head: bpy.types.Object) -> None:
    polygons = [[i for i in corners if i >= 0] for corners in record.array("polygons").tolist()]
    assert [list(polygon.vertices) for polygon in head.data.polygons] == polygons
    uv = record.array("uv")[record.array("polygons") >= 0]
    layer = head.data.uv_layers["UVMap"]
    assert np.array_equal([tuple(corner.vector) for corner in layer.uv], uv)
    assert head.data.uv_layers.active == layer
    assert not head.data.validate()
    names = [slot.material.name for slot in head.material_slots]
    assert names == [f"OFER {part.replace('_', ' ')}" for part in (*synthetic.PARTS, *RINGS)]
    used = {polygon.material_index for polygon in head.data.polygons}
    assert {0, 1, 2} <= used <= {0, 1, 2, 8}, "the eyes are coarse"


def test_irises_have_the_colour_of_the_photos(tmp_path: Path) -> None:
    blue = np.array([0.25, 0.5, 0.75], np.float32)
    record = synthetic.write(tmp_path, iris_colour=blue)
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    slots = bpy.context.object.material_slots
    ring, iris, pupil = (slots[f"OFER {name}"].material for name in RINGS)
    assert np.allclose(iris.diffuse_color[:3], blue)
    assert max(pupil.diffuse_color[:3]) < max(ring.diffuse_color[:3]) < min(blue)
    pictures = {
        node.image
        for made in (ring, iris, pupil, slots["OFER eye left"].material)
        for node in made.node_tree.nodes
        if node.type == "TEX_IMAGE" and node.image
    }
    (picture,) = pictures
    pixels = np.array(picture.pixels).reshape(*picture.size, 4)[..., :3]
    away = int(IRIS_RADIUS * 0.6 / eyes.SIDE * picture.size[0])
    middle = picture.size[0] // 2
    assert np.abs(pixels[middle - 2 : middle + 2, middle + away] - blue).max() < 0.2
    assert pixels[middle, middle].max() < 0.05 and pixels[0, 0].max() < 0.85, "no white is white"


RADII = np.array((0.0011, 0.0021, 0.0031, 0.0042, 0.0051, 0.0060, 0.0069))
"""Where the rings of a fine eye's polygons end, metres from the line of sight."""
SPOKES = 24


def eye_disk() -> tuple[np.ndarray, np.ndarray]:
    """((F, 4) polygons, (V, 2) metres) of the front of an eye, from the pole outwards."""
    turns = 2 * np.pi * np.arange(SPOKES) / SPOKES
    rings = RADII[:, None, None] * np.stack((np.cos(turns), np.sin(turns)), axis=-1)
    places = np.concatenate([[[0, 0]], rings.reshape(-1, 2)])
    at = 1 + np.arange(len(RADII) * SPOKES).reshape(len(RADII), SPOKES)
    first = at[0]
    inner = [(0, first[k], first[k + 1], first[(k + 2) % SPOKES]) for k in range(0, SPOKES, 2)]
    outer = [
        (at[ring, k], at[ring + 1, k], at[ring + 1, k - 1], at[ring, k - 1])
        for ring in range(len(RADII) - 1)
        for k in range(SPOKES)
    ]
    return np.array(inner + outer, np.int32), places


@pytest.mark.parametrize("shape", [(0.9, 0.9), (1, 1), (1.1, 1.1), (1.15, 0.9), (0.9, 1.1)])
@pytest.mark.parametrize("off", [0.0, 0.0004])
def test_fine_eyes_are_coloured_ring_by_ring(shape: tuple[float, float], off: float) -> None:
    polygons, places = eye_disk()
    parts = SimpleNamespace(parts=("eye_left", "eye_right"), joints=("eye_L", "eye_R"))
    both = np.concatenate([polygons, polygons + len(places)])
    seen = np.tile(places * shape + [off, 0], (2, 1))
    uv = (0.5 + seen[both] / eyes.SIDE).astype(np.float32)
    arrays = SimpleNamespace(part=np.repeat((0, 1), len(polygons)), polygons=both)
    names = [*parts.parts, *RINGS]
    found = [names[slot] for slot in material.slots(parts, arrays, uv)]
    inner = ["pupil"] * 36 + ["iris"] * 72 + ["iris ring"] * 24
    assert found == [*inner, *["eye_left"] * 24, *inner, *["eye_right"] * 24]
    strange = 0.5 + 0.3 * (uv - 0.5)  # rings that are none of ours
    assert {names[slot] for slot in material.slots(parts, arrays, strange)} == {"iris"}


def test_normals_point_outwards(head: bpy.types.Object) -> None:
    assert all(polygon.normal.dot(polygon.center) > 0 for polygon in head.data.polygons)


def test_groups_hold_the_skin_weights(record: Reconstruction, head: bpy.types.Object) -> None:
    assert tuple(group.name for group in head.vertex_groups) == synthetic.JOINTS
    weights = np.zeros_like(record.array("skin_weights"))
    for vertex in head.data.vertices:
        for entry in vertex.groups:
            weights[vertex.index, entry.group] = entry.weight
    assert np.abs(weights - record.array("skin_weights")).max() <= 1 / 1024 + 1e-6
    assert np.abs(weights.sum(axis=1) - 1).max() < 1e-6


def test_lists_and_provenance(record: Reconstruction, head: bpy.types.Object) -> None:
    assert [i.name for i in head.ofer.identities] == [i.name for i in record.identities]
    assert [i.name for i in head.ofer.expressions][1:] == [i.name for i in record.expressions]
    assert head.ofer.expressions[0].name == hypotheses.NEUTRAL
    kept = provenance.read(head)
    assert kept["photo"] == {"name": "anna.jpg", "sha256": "ab" * 32, "width": 640, "height": 480}
    assert kept["settings"]["seed"] == 5
    assert kept["pack"]["licence"] == "GPL-3.0-or-later"
    assert kept["identities"]["identity_03"] == {
        "name": "identity_03", "rank": 3, "score": 0.5, "candidate": 4, "draw": 0, "view": 0,
    }  # fmt: skip


def test_insert_is_one_undo_step(record: Reconstruction) -> None:
    before = dump()
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
    after = dump()
    assert after != before
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    assert differences(after, dump()) == []


def test_heads_stand_on_the_default_cube_and_side_by_side(record: Reconstruction) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    heads = []
    for _ in range(3):
        bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
        bpy.context.view_layer.update()
        heads.append(bpy.context.object)
    shapes = to_blender(record.array("identity_vertices"))
    low = np.array([shapes.min(axis=(0, 1)) + head.location for head in heads])
    high = np.array([np.max(head.bound_box, axis=0) + head.location for head in heads])
    assert np.allclose(low[:, 2], 1.0, atol=1e-6), "the cube is their plinth"
    assert (low[1:, 0] > high[:-1, 0]).all(), "none hides another"
    assert [tuple(heads[0].location.xy), heads[1].location.y] == [(0, 0), 0]


@pytest.mark.parametrize("name", ["identity_03", "identity_01", "expression_02"])
def test_show_turns_on_just_that_one(head: bpy.types.Object, name: str) -> None:
    bpy.ops.ofer.show(name="identity_02")
    bpy.ops.ofer.show(name=name)
    on = {key.name for key in list(head.data.shape_keys.key_blocks)[1:] if key.value == 1}
    others = {"identity_02"} if name.startswith("expression") else set()
    assert on == others | ({name} - {"identity_01"})
    if name == "identity_03":
        assert np.abs(shown(head) - key_points(head)[name]).max() <= 1e-6


def test_walking_the_list_shows_each(head: bpy.types.Object) -> None:
    for index, item in enumerate(head.ofer.identities):
        head.ofer.identity_index = index  # what a click and the arrow keys do
        wanted = key_points(head)["Basis" if index == 0 else item.name]
        assert np.abs(shown(head) - wanted).max() <= 1e-6
    head.ofer.expression_index = 1
    head.ofer.expression_index = 0
    assert all(key.value == 0 for key in head.data.shape_keys.key_blocks if "exp" in key.name)


def test_use_this_one_moves_the_basis(head: bpy.types.Object) -> None:
    old = key_points(head)
    bpy.ops.ofer.show(name="identity_03")
    bpy.ops.ofer.show(name="expression_01")
    seen = shown(head)
    bpy.ops.ofer.use_identity()
    new = key_points(head)
    assert tuple(new) == tuple(n.replace("identity_03", "identity_01") for n in NAMES)
    assert np.array_equal(new["Basis"], old["identity_03"])
    assert np.array_equal(new["identity_01"], old["Basis"])
    assert np.array_equal(new["identity_02"], old["identity_02"])
    for name in NAMES[4:]:
        wanted = old["identity_03"] + (old[name] - old["Basis"])
        assert np.abs(new[name] - wanted).max() <= 1e-6
    assert np.array_equal([v.co for v in head.data.vertices], new["Basis"])
    assert head.ofer.basis == "identity_03"
    assert np.abs(shown(head) - seen).max() <= 1e-6


def test_use_back_and_forth_is_the_identity(head: bpy.types.Object) -> None:
    old = key_points(head)
    bpy.ops.ofer.use_identity(name="identity_04")
    bpy.ops.ofer.show(name="identity_01")
    bpy.ops.ofer.use_identity()
    new = key_points(head)
    assert set(new) == set(old)
    assert all(np.abs(new[name] - old[name]).max() <= 1e-6 for name in old)


@pytest.mark.parametrize("name", ["identity_02", "expression_03"])
def test_remove(head: bpy.types.Object, name: str) -> None:
    head.ofer.identity_index, head.ofer.expression_index = 3, 3
    bpy.ops.ofer.remove_hypothesis(name=name)
    assert tuple(key_points(head)) == tuple(n for n in NAMES if n != name)
    lists = (*head.ofer.identities.keys(), *head.ofer.expressions.keys())
    assert name not in lists and len(lists) == 7
    assert hypotheses.chosen_identity(head) == "identity_04"
    on = "expression_03" if name == "identity_02" else "expression_02"
    assert hypotheses.chosen_expression(head) == on
    assert head.data.shape_keys.key_blocks[on].value == 1


@pytest.mark.parametrize(
    ("operator", "name"),
    [("use_identity", "identity_03"), ("remove_hypothesis", "identity_03"),
     ("remove_hypothesis", "expression_02"), ("show", "expression_02")],
)  # fmt: skip
def test_each_change_is_one_undo_step(head: bpy.types.Object, operator: str, name: str) -> None:
    bpy.ops.ofer.show("EXEC_DEFAULT", True, name="identity_03")
    before = dump()
    getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, name=name)
    after = dump()
    assert after != before
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    assert differences(after, dump()) == []


@pytest.mark.parametrize(
    ("operator", "name", "said"),
    [("use_identity", "identity_99", "no shape key"), ("show", "nobody", "no hypothesis"),
     ("remove_hypothesis", "identity_01", "is the Basis"),
     ("remove_hypothesis", "neutral", "is the Basis"),
     ("remove_hypothesis", "Basis", "no hypothesis")],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    head: bpy.types.Object, operator: str, name: str, said: str
) -> None:
    bpy.ops.ofer.show(name="identity_02")
    before = dump()
    with pytest.raises(RuntimeError, match=said):
        getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, name=name)
    assert differences(before, dump()) == []


def test_a_key_that_the_user_deleted_is_only_marked(head: bpy.types.Object) -> None:
    head.shape_key_remove(head.data.shape_keys.key_blocks["identity_02"])
    assert not hypotheses.key_exists(head, "identity_02")
    head.ofer.identity_index = 1
    head.ofer.identity_index = 2
    assert head.data.shape_keys.key_blocks["identity_03"].value == 1
    head.shape_key_clear()
    head.ofer.identity_index = 0
    assert not bpy.ops.ofer.use_identity.poll()


def test_linked_heads_are_refused(head: bpy.types.Object, tmp_path: Path) -> None:
    library = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.objects = ["anna"]
    bpy.context.collection.objects.link(wanted.objects[0])
    bpy.context.view_layer.objects.active = wanted.objects[0]
    assert hypotheses.active_head(bpy.context) is not None
    for operator in (bpy.ops.ofer.use_identity, bpy.ops.ofer.remove_hypothesis, bpy.ops.ofer.show):
        assert not operator.poll()


def test_everything_survives_the_file(head: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.ofer.use_identity(name="identity_02")
    kept, old, where = provenance.read(head), key_points(head), str(tmp_path / "kept.blend")
    bpy.ops.wm.save_as_mainfile(filepath=where)
    bpy.ops.wm.open_mainfile(filepath=where)
    again = bpy.data.objects["anna"]
    new = key_points(again)
    assert all(np.array_equal(new[name], old[name]) for name in old)
    assert provenance.read(again) == kept and again.ofer.basis == "identity_02"


_BAD = synthetic._arrays()
_BEYOND = _BAD["polygons"].copy()
_BEYOND[3, 1] = 120
_TWICE = _BAD["polygons"].copy()
_TWICE[3, 1] = _TWICE[3, 0]


@pytest.mark.parametrize(
    ("name", "values"),
    [("polygons", _BEYOND), ("polygons", _TWICE), ("polygons", _BAD["polygons"][:, :3]),
     ("identity_vertices", _BAD["identity_vertices"] * np.float32("nan")),
     ("identity_vertices", _BAD["identity_vertices"] * 1000),
     ("identity_vertices", _BAD["identity_vertices"][:2]),
     ("expression_vertices", _BAD["expression_vertices"][:, :-1]),
     ("skin_weights", _BAD["skin_weights"][:, :2]), ("uv", _BAD["uv"][:, :2]),
     ("part", _BAD["part"] + np.uint8(9)), ("part", np.array(["a"] * len(_BAD["part"])))],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, name: str, values: np.ndarray) -> None:
    record = synthetic.write(tmp_path, **{name: values})
    before = dump()
    with pytest.raises(RuntimeError, match=r"anna\.ofer is not a (us|read)able recon"):
        bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
    assert differences(before, dump()) == []


def test_no_random_bytes_get_through(record: Reconstruction) -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        victim = rng.choice(["polygons.npy", "uv.npy", "reconstruction.json", "part.npy"])
        path = record.folder / victim
        good = path.read_bytes()
        bad = bytearray(good)
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
        path.write_bytes(bad)
        try:
            bpy.ops.ofer.insert_head(directory=str(record.folder))
        except RuntimeError as error:
            assert "reconstruction" in str(error)
        else:
            mesh = bpy.context.object.data
            assert not mesh.validate()
            bpy.data.meshes.remove(mesh)  # with its object: a scene full of heads is slow
        path.write_bytes(good)


def test_empty_expressions(tmp_path: Path) -> None:
    empty = np.zeros((0, 120, 3), np.float32)
    arrays = synthetic._arrays() | {"expression_vertices": empty}
    for name in ("expression_coefficients", "expression_arkit", "expression_arkit_residual"):
        arrays[name] = arrays[name][:0]
    record = synthetic._record(tmp_path / "plain.ofer", "plain")
    record = write(replace(record, expressions=()), arrays, {})
    assert len(head_arrays.read(record).expression_vertices) == 0
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    assert tuple(bpy.context.object.ofer.expressions.keys()) == ("neutral",)


def test_a_script_may_select_its_edges(head: bpy.types.Object) -> None:
    """Blender 5.0 crashes where the selection of edges has the type that it gives it itself."""
    kept = head.data.attributes.get(".select_edge")
    assert kept is None or kept.data_type == "BOOLEAN"
    edges = head.data.edges
    edges[1].select = True
    assert edges[1].select and not edges[0].select
