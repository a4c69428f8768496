"""The tear line lies between lower lid and eyeball on every head of the bundled pack."""

from __future__ import annotations

from pathlib import Path

import bmesh
import bpy
import numpy as np
import pytest
import read_back
import synthetic
from exporting import export
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.presets import Target
from ofer_faces.ofer_blender.head import carried, certainty, material, tear_line
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from ofer_faces.ofer_engine.heads.head_file import read_head_arrays
from shapes import key_points

HEAD = read_head_arrays(Path(__file__).parents[2] / "weights" / "open" / "head.npz")
TEMPLATE = HEAD["template"].astype(np.float64)
EYES = ("eye_left", "eye_right")
ROWS = 5


def person(seed: int) -> np.ndarray:
    """(V, 3) metres, drawn at random; 0 : the mean head."""
    drawn = np.random.default_rng(seed).normal(size=len(HEAD["identity"])) * (seed > 0)
    return TEMPLATE + np.tensordot(drawn, HEAD["identity"], 1)


def unit(name: str) -> np.ndarray:
    """(V, 3) metres, how the pack's own unit moves the mean head."""
    return HEAD["expression"][ARKIT_52.index(name)]


def rows(shape: np.ndarray) -> np.ndarray:
    """(2, ROWS, columns, 3): of the left and the right eye, from the lid to the eyeball."""
    return tear_line.places(shape).astype(np.float64).reshape(2, ROWS, -1, 3)


def eyeball(shape: np.ndarray, name: str) -> tuple[np.ndarray, float]:
    """Centre and radius of a part's white, by the two ends of its circles: independent of what is
    under test."""
    own = HEAD["polygons"][HEAD["part"] == list(HEAD["part_names"]).index(name)]
    white = shape[np.unique(own)[-169:-1]].reshape(-1, 24, 3)
    middles = white.mean(1)
    ahead = middles[0] - middles[-1]
    ahead /= np.linalg.norm(ahead)
    radii = np.linalg.norm(white - middles[:, None], axis=2).mean(1)
    along = (middles - middles[0]) @ ahead
    # Circles of one sphere: radius² + (along - centre)² is the same for all.
    system = np.c_[2 * along, np.ones(len(along))]
    centre, rest = np.linalg.lstsq(system, radii**2 + along**2, rcond=None)[0]
    return middles[0] + centre * ahead, float(np.sqrt(rest + centre**2))


def test_it_knows_the_bundled_head_and_no_other() -> None:
    assert tear_line.fits(HEAD["polygons"])
    assert not tear_line.fits(HEAD["polygons"][:-1])


@pytest.mark.parametrize("seed", range(6))
def test_it_reaches_from_before_the_white_into_it(seed: int) -> None:
    shape = person(seed)
    for strip, name in zip(rows(shape), EYES, strict=True):
        centre, radius = eyeball(shape, name)
        off = np.linalg.norm(strip - centre, axis=2) / radius - 1
        assert (off[1] > 0.005).all() and (np.diff(off[1:], axis=0) < 0).all()
        assert off[3] == pytest.approx(0.0015, abs=1e-3)
        assert (off[4] < -0.015).all()
        climbed = (strip[3] - strip[1])[..., 1]
        assert (climbed[4:-6] > 0.0001).all() and (climbed < 0.0012).all()


@pytest.mark.parametrize(
    "name", ["eyeBlinkLeft", "eyeSquintLeft", "eyeLookDownLeft", "eyeWideLeft"]
)
def test_it_stays_on_the_lid_s_edge(name: str) -> None:
    rest, moved = rows(TEMPLATE), rows(TEMPLATE + unit(name))
    edge = tear_line.anchors().reshape(2, ROWS, -1)[0, 0, ::2]
    way = unit(name)[edge]
    assert np.linalg.norm(way, axis=1).max() > 2e-4
    assert np.linalg.norm((moved - rest)[0, 0, ::2] - way, axis=1).max() < 0.0008
    assert np.linalg.norm((moved - rest)[0, 3, ::2] - way, axis=1).max() < 0.0016
    assert np.abs(moved[1] - rest[1]).max() < 1e-4


def test_both_sides_are_mirror_images() -> None:
    left, right = rows(TEMPLATE)
    assert np.abs(left * (-1, 1, 1) - right).max() < 1e-6


def test_it_turns_and_grows_with_the_head() -> None:
    turn = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    placed = tear_line.places(2.5 * TEMPLATE @ turn.T + (1.0, 2.0, 3.0))
    wanted = 2.5 * tear_line.places(TEMPLATE).astype(np.float64) @ turn.T + (1.0, 2.0, 3.0)
    assert np.abs(placed - wanted).max() < 1e-5


def test_its_polygons_face_outwards_and_use_every_vertex() -> None:
    places, quads = tear_line.places(TEMPLATE), tear_line.polygons()
    assert np.array_equal(np.unique(quads), np.arange(len(places)))
    assert len(tear_line.uv()) == len(tear_line.anchors()) == len(places)
    a, b, c, _ = places[quads].transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    assert (normal[:, 1] + normal[:, 2] > 0).all()


def test_it_is_a_film_that_only_shines() -> None:
    made = material.wet()
    shader = next(each for each in made.node_tree.nodes if each.type == "BSDF_PRINCIPLED")
    assert shader.inputs["Metallic"].default_value == 1
    assert 0.02 < shader.inputs["Alpha"].default_value < 0.1
    assert shader.inputs["Roughness"].default_value < 0.1
    assert made.surface_render_method == "BLENDED"


@pytest.fixture
def bundled(tmp_path: Path) -> Reconstruction:
    """A record of four people of the bundled pack."""
    people = np.stack([person(seed) for seed in range(synthetic.IDENTITIES)])
    faces = people[0] + HEAD["expression"][: synthetic.EXPRESSIONS]
    count, names = len(TEMPLATE), [str(name) for name in HEAD["part_names"]]
    known = [synthetic.PARTS.index(name) if name in synthetic.PARTS else 6 for name in names]
    rng = np.random.default_rng(2)
    arrays = {
        "identity_vertices": people,
        "expression_vertices": faces,
        "skin_weights": np.pad(rng.dirichlet(np.ones(4), count), ((0, 0), (0, 2))),
        "identity_spread": np.full(count, 0.001),
        "vertex_visible": np.ones(count),
        "shape_spread": rng.uniform(0, 0.004, count),
        "prior_spread": np.full(count, 0.004),
        "hint_pushes": HEAD["identity"][:3],
        "identity_modes": HEAD["identity"][:6],
        "part_masks": np.ones((9, count)),
        "arkit_units": HEAD["expression"][:52],
    }
    small = ("identity_modes", "part_masks", "hint_pushes")
    changes = {
        name: np.asarray(values, np.float16 if name in small else np.float32)
        for name, values in arrays.items()
    }
    return synthetic.write(
        tmp_path,
        polygons=HEAD["polygons"].astype(np.int32),
        uv=HEAD["uv"].astype(np.float32),
        part=np.array(known, np.uint8)[HEAD["part"]],
        **changes,
    )


@pytest.fixture
def wet(bundled: Reconstruction) -> bpy.types.Object:
    """It in the scene."""
    bpy.ops.ofer.insert_head(directory=str(bundled.folder))
    return bpy.context.object


def is_wet(head: bpy.types.Object) -> bool:
    """Its tear line lies on the head's own vertices in each key."""
    own = len(TEMPLATE)
    return all(
        np.abs(tear_line.places(shape[:own]) - shape[own:]).max() < 2e-6
        for shape in key_points(head).values()
    )


def test_a_head_has_it_after_its_own_in_every_key(
    wet: bpy.types.Object, bundled: Reconstruction
) -> None:
    own, people = len(TEMPLATE), bundled.array("identity_vertices")
    keys = key_points(wet)
    assert len(keys["Basis"]) == own + len(tear_line.anchors())
    for number, name in enumerate(("Basis", "identity_02", "identity_03", "identity_04")):
        assert np.array_equal(keys[name][:own][:, [0, 2, 1]] * (1, 1, -1), people[number])
    assert is_wet(wet)
    bpy.ops.ofer.add_arkit()
    bpy.ops.ofer.use_identity(name="identity_03")
    bpy.ops.ofer.take_part(part="nose", name="identity_02")
    assert len(key_points(wet)) > 55 and is_wet(wet)


def test_it_follows_the_bones_and_the_colours_of_its_lid(wet: bpy.types.Object) -> None:
    own, anchors = len(TEMPLATE), tear_line.anchors()
    for vertex in wet.data.vertices[own:]:
        lid = wet.data.vertices[anchors[vertex.index - own]]
        assert [(e.group, e.weight) for e in vertex.groups] == [
            (e.group, e.weight) for e in lid.groups
        ]
    layer = wet.data.color_attributes[certainty.LAYERS[certainty.Colouring.GUESSED]]
    colours = np.empty((len(layer.data), 4), np.float32)
    layer.data.foreach_get("color", colours.ravel())
    assert np.array_equal(colours[own:], colours[anchors])


def test_files_have_it_as_a_film(wet: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.ofer.add_arkit()
    file = GlbReader(export(tmp_path / "head", Target.GLB))
    made = next(each for each in file.document["materials"] if "tear line" in each["name"])
    metal = made["pbrMetallicRoughness"]
    assert made["alphaMode"] == "BLEND" and metal["baseColorFactor"][3] < 0.1
    assert metal.get("metallicFactor", 1) == 1 and metal["roughnessFactor"] < 0.1
    files = [export(tmp_path / str(target), target) for target in (Target.FBX, Target.USD)]
    for file in files:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        read_back.import_file(file)
        made = next(each for each in bpy.data.materials if "tear" in each.name)
        shader = next(each for each in made.node_tree.nodes if each.type == "BSDF_PRINCIPLED")
        assert shader.inputs["Alpha"].default_value == pytest.approx(0.08, abs=0.01)
        assert shader.inputs["Metallic"].default_value == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("earlier", [False, True])
def test_a_head_in_the_place_of_another_has_its_own(
    wet: bpy.types.Object, bundled: Reconstruction, earlier: bool
) -> None:
    """Also where the other is of a version that had none."""
    wet.data.materials[0].name = "mine"
    if earlier:
        work = bmesh.new()
        work.from_mesh(wet.data)
        work.verts.ensure_lookup_table()
        bmesh.ops.delete(work, geom=work.verts[len(TEMPLATE) :], context="VERTS")
        work.to_mesh(wet.data)
        work.free()
        wet.data.attributes.remove(wet.data.attributes[carried.ATTRIBUTE + tear_line.NAME])
        wet.data.materials.pop()
    bpy.ops.ofer.replace_head(directory=str(bundled.folder), head=wet.name)
    new = bpy.context.object
    assert new != wet and is_wet(new)
    assert new.data.materials[0].name == "mine"
    shown = {new.data.materials[each.material_index].name for each in new.data.polygons[-10:]}
    assert len(shown) == 1 and "tear line" in shown.pop()
    assert sum("tear line" in each.name for each in new.data.materials) == 1
