"""Hair and brows: part of the mesh, carried by the skin in every key, gone without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np
import pytest
import styles
import synthetic
from exporting import export
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.presets import Target
from ofer_faces.ofer_blender.hair import hair
from ofer_faces.ofer_blender.head import carried, shape_keys
from ofer_faces.ofer_engine.contract.files.digest import polygons_digest
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from ofer_faces.ofer_engine.heads.head_file import read_head_arrays
from scene_dump import differences, dump

OWN = 120
SHIPPED = carried.FOLDER


@pytest.fixture(autouse=True)
def shipped_again() -> Iterator[None]:
    yield
    carried.FOLDER = SHIPPED
    carried.style.cache_clear()


@pytest.fixture
def head(record: Reconstruction, tmp_path: Path) -> bpy.types.Object:
    styles.write(tmp_path / "styles")
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    return bpy.context.object


def shapes(head: bpy.types.Object) -> dict[str, np.ndarray]:
    return {key.name: shape_keys.points(key) for key in head.data.shape_keys.key_blocks}


def carried_by(shape: np.ndarray) -> np.ndarray:
    """(VERTICES, 3) where the head's own vertices (V, 3) carry the style, without its lift."""
    shares = styles.STEPS / 255
    return (shape[styles.ANCHORS] * shares[..., None]).sum(1)


def is_carried(head: bpy.types.Object) -> bool:
    """Its hair stands a lift above its anchors in each key."""
    lift = (0, 0, styles.LIFT)  # Blender's Z is the engine's Y
    return all(
        np.abs(shape[OWN : OWN + styles.VERTICES] - carried_by(shape) - lift).max() < 1e-6
        for shape in shapes(head).values()
    )


def test_hair_follows_every_key_there_is_and_will_be(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    own = shapes(head)
    head.ofer_hair.brows = "THICK"
    assert bpy.ops.ofer.add_hair() == {"FINISHED"}
    assert carried.worn(head.data) == ("hair_short", "brows_thick")
    assert len(head.data.vertices) == OWN + 2 * styles.VERTICES
    assert is_carried(head)
    for name, shape in shapes(head).items():
        assert np.array_equal(shape[:OWN], own[name]), name
    bpy.ops.ofer.add_arkit()
    more = synthetic.write_more(tmp_path / "more")
    bpy.ops.ofer.add_heads(directory=str(more.folder), head=head.name)
    bpy.ops.ofer.use_identity(name="identity_03")
    bpy.ops.ofer.take_part(part="nose", name="identity_02")
    bpy.ops.ofer.add_visemes(kind="META")
    assert len(shapes(head)) > 70 and is_carried(head)


def test_a_head_without_hair_is_the_very_head(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_arkit()
    head.ofer_hair.brows = "THICK"
    before = dump()
    bpy.ops.ofer.add_hair()
    assert differences(before, dump())
    bpy.ops.ofer.remove_hair()
    found = differences(before, dump())
    assert [each for each in found if "/attributes/" not in each] == []
    assert not bpy.ops.ofer.remove_hair.poll()


@pytest.mark.parametrize("chosen", [0, 1, 40])
def test_what_is_selected_stays_so_when_hair_goes(chosen: int, head: bpy.types.Object) -> None:
    names = ("vertices", "edges", "polygons")

    def selected() -> list[list[int]]:
        return [[e.index for e in getattr(head.data, name) if e.select] for name in names]

    for name in names:
        for each in getattr(head.data, name):
            each.select = each.index < chosen
    before = selected()
    bpy.ops.ofer.add_hair()
    bpy.ops.ofer.remove_hair()
    assert selected() == before


def test_a_hairdo_that_was_separated_is_not_emptied(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_hair()
    hair_rows = np.zeros(len(head.data.vertices), bool)
    for name in carried.worn(head.data):
        hair_rows |= carried.numbers(head.data, name) > 0
    for each in (*head.data.polygons, *head.data.edges):
        each.select = False
    head.data.vertices.foreach_set("select", hair_rows)
    bpy.context.tool_settings.mesh_select_mode = (True, False, False)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.separate(type="SELECTED")
    bpy.ops.object.mode_set(mode="OBJECT")
    hairdo = next(each for each in bpy.context.selected_objects if each != head)
    bpy.context.view_layer.objects.active = hairdo
    count = len(hairdo.data.vertices)
    assert count == hair_rows.sum()
    with pytest.raises(RuntimeError, match="separated from its head"):
        bpy.ops.ofer.remove_hair()
    assert len(hairdo.data.vertices) == count


def test_another_style_takes_the_place_of_the_first(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_hair()
    head.ofer_hair.colour = (0.5, 0.25, 0.0)
    bpy.ops.ofer.add_hair()
    assert len(head.data.vertices) == OWN + styles.VERTICES
    shown = [each for each in head.data.materials if "hair" in each.name]
    assert len(shown) == 1
    assert tuple(shown[0].diffuse_color)[:3] == pytest.approx((0.5, 0.25, 0.0))
    head.ofer_hair.hair = "NONE"
    bpy.ops.ofer.add_hair()
    assert len(head.data.vertices) == OWN and hair.worn(head, hair.Kind.HAIR) == hair.NONE


def test_bones_move_hair_with_its_skin(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_hair()
    names = [group.name for group in head.vertex_groups]
    weights = np.zeros((len(head.data.vertices), len(names)))
    for vertex in head.data.vertices:
        for entry in vertex.groups:
            weights[vertex.index, entry.group] = entry.weight
    assert np.abs(weights[OWN:] - carried_by(weights)).max() < 2e-3
    assert weights[OWN:].sum(1) == pytest.approx(1, abs=3e-3)


def test_files_have_the_hair_cut_out_and_moving(head: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.ofer.add_arkit()
    bpy.ops.ofer.add_hair()
    file = GlbReader(export(tmp_path / "head", Target.GLB))
    material = next(each for each in file.document["materials"] if "hair" in each["name"])
    assert material["alphaMode"] == "MASK" and material["doubleSided"]
    (node,) = [each.name for each in file.summary().meshes]
    places, moved = file.positions(node), file.displacement(node, "jawOpen")
    keys, count = shapes(head), len(head.data.vertices)
    wanted = keys["jawOpen"] - keys["Basis"]
    basis = keys["Basis"][:, [0, 2, 1]] * (1, 1, -1)
    near = np.linalg.norm(places[:, None] - basis[None, OWN:count], axis=2)
    corner, row = np.nonzero(near < 1e-5)
    assert set(row) == set(range(styles.VERTICES))
    assert np.abs(moved[corner] - wanted[OWN + row][:, [0, 2, 1]] * (1, 1, -1)).max() < 2e-5
    assert not any("OFER" in name for each in file.document["meshes"]
                   for part in each["primitives"] for name in part["attributes"])  # fmt: skip


def test_a_head_of_another_mesh_is_refused(head: bpy.types.Object, tmp_path: Path) -> None:
    carried.FOLDER = SHIPPED
    carried.style.cache_clear()
    before = dump()
    with pytest.raises(RuntimeError, match="another mesh than the heads of the bundled pack"):
        bpy.ops.ofer.add_hair()
    assert differences(before, dump()) == []


def test_a_head_in_the_place_of_another_wears_its_hair_and_skin(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    folder = synthetic.write_skin(tmp_path / "skin")
    bpy.ops.ofer.wear_skin(directory=str(folder), head=head.name)
    head.ofer_hair.colour = (0.5, 0.25, 0.0)
    bpy.ops.ofer.add_hair()
    bpy.ops.ofer.replace_head(directory=str(record.folder), head=head.name)
    new = bpy.context.object
    assert new != head and carried.worn(new.data) == ("hair_short",)
    assert new.data.materials[0] == head.data.materials[0]
    assert len(new.data.materials) == len(head.data.materials)
    assert is_carried(new)


def test_styles_of_another_version_stay_where_they_are(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_hair()
    (carried.FOLDER / "hair_short.npz").unlink()
    carried.style.cache_clear()
    bpy.ops.ofer.add_arkit()
    keys = shapes(head)
    assert np.array_equal(keys["jawOpen"][OWN:], keys["Basis"][OWN:])
    bpy.ops.ofer.remove_hair()
    assert len(head.data.vertices) == OWN


@pytest.mark.parametrize("name", ["../elsewhere", "../styles/elsewhere", "hair_short/../x", ""])
def test_a_style_that_a_file_names_elsewhere_is_not_read(
    head: bpy.types.Object, tmp_path: Path, name: str
) -> None:
    (tmp_path / "elsewhere.npz").write_bytes(b"of a stranger")
    called = carried.ATTRIBUTE + name
    put = head.data.attributes.new(called, "INT", "POINT")
    put.data.foreach_set("value", np.ones(len(head.data.vertices), np.int32))
    assert carried.worn(head.data) == ()
    before = shapes(head)["identity_03"]
    assert bpy.ops.ofer.use_identity(name="identity_03") == {"FINISHED"}
    np.testing.assert_array_equal(shapes(head)["Basis"], before)
    bpy.ops.ofer.add_hair()
    bpy.ops.ofer.remove_hair()
    assert len(head.data.vertices) == OWN


def test_what_ships_fits_the_bundled_head_and_is_small() -> None:
    root = Path(__file__).parents[2]
    polygons = read_head_arrays(root / "weights" / "open" / "head.npz")["polygons"]
    size = 0
    for kind, names in hair.STYLES.items():
        for name in names:
            style = carried.style(f"{kind}_{name.lower()}")
            assert style.head == polygons_digest(polygons), name
            assert style.shares.sum(1) == pytest.approx(1)
            assert style.anchors.max() <= polygons.max()
            assert style.triangles.max() < len(style.offset) == len(style.uv)
            assert np.abs(style.offset).max() < 0.6
            size += sum(each.stat().st_size for each in SHIPPED.glob(f"{kind}_{name.lower()}.*"))
    assert size == sum(each.stat().st_size for each in SHIPPED.iterdir()) < 3_000_000
