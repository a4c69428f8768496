"""Lashes are single hairs where the head's lashes are those that the picture was made for."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
from exporting import export
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.presets import Target
from ofer_faces.ofer_blender.head import eyes, lashes
from ofer_faces.ofer_engine.contract.files.digest import polygons_digest
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from ofer_faces.ofer_engine.heads.head_file import read_head_arrays

OWN = slice(40, 44)
"""Polygons that are lashes here."""


@pytest.fixture
def lashed(record: Reconstruction) -> Reconstruction:
    """A record whose head has lashes."""
    file = record.folder / "part.npy"
    part = np.load(file)
    part[OWN] = record.parts.index("lashes")
    np.save(file, part)
    return record


@pytest.fixture
def known(lashed: Reconstruction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Places (N, 2) in a picture that is made for its mesh, of its lashes' vertices in order."""
    polygons = np.load(lashed.folder / "polygons.npy")
    uv = np.random.default_rng(3).random((len(np.unique(polygons[OWN])), 2)).astype(np.float32)
    digest = polygons_digest(polygons)
    np.savez(tmp_path / "lashes.npz", head=np.array(digest), uv=uv)
    (tmp_path / "lashes.png").write_bytes(lashes.FILE.with_suffix(".png").read_bytes())
    monkeypatch.setattr(lashes, "FILE", tmp_path / "lashes.npz")
    return uv


def inserted(record: Reconstruction) -> tuple[bpy.types.Object, bpy.types.Material]:
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
    head = bpy.context.object
    slot = head.data.polygons[OWN.start].material_index
    return head, head.data.materials[slot]


def alpha(material: bpy.types.Material) -> bpy.types.NodeSocket:
    nodes = material.node_tree.nodes
    return next(each for each in nodes if each.type == "BSDF_PRINCIPLED").inputs["Alpha"]


def test_each_corner_lies_where_its_vertex_does_in_the_picture(
    lashed: Reconstruction, known: np.ndarray
) -> None:
    head, material = inserted(lashed)
    assert alpha(material).is_linked
    vertices = sorted({v for row in range(40, 44) for v in head.data.polygons[row].vertices})
    layer = head.data.uv_layers[eyes.UV_LAYER].uv
    for row in range(OWN.start, OWN.stop):
        for loop in head.data.polygons[row].loop_indices:
            place = known[vertices.index(head.data.loops[loop].vertex_index)]
            assert tuple(layer[loop].vector) == pytest.approx(tuple(place))


def test_heads_in_one_file_share_the_picture(lashed: Reconstruction, known: np.ndarray) -> None:
    shown = []
    for _ in range(2):
        tree = inserted(lashed)[1].node_tree
        shown.append({node.image for node in tree.nodes if node.type == "TEX_IMAGE"} - {None})
    assert shown[0] == shown[1] and len(shown[0]) == 1
    assert all(image.packed_file for image in shown[0])


def test_a_file_has_them_soft(lashed: Reconstruction, known: np.ndarray, tmp_path: Path) -> None:
    inserted(lashed)
    file = GlbReader(export(tmp_path / "head", Target.GLB))
    material = next(each for each in file.document["materials"] if "lashes" in each["name"])
    assert material["alphaMode"] == "BLEND" and material["doubleSided"]
    assert material["pbrMetallicRoughness"]["baseColorTexture"]["texCoord"] == 1


def test_other_lashes_are_bands_that_let_light_through(lashed: Reconstruction) -> None:
    material = inserted(lashed)[1]
    assert not alpha(material).is_linked and alpha(material).default_value == pytest.approx(0.45)


def test_what_ships_is_made_for_the_bundled_head() -> None:
    root = Path(__file__).parents[2]
    arrays = read_head_arrays(root / "weights" / "open" / "head.npz")
    names = [str(name) for name in arrays["part_names"]]
    polygons = arrays["polygons"][arrays["part"] == names.index("lashes")]
    with np.load(lashes.FILE, allow_pickle=False) as stored:
        assert str(stored["head"]) == polygons_digest(arrays["polygons"])
        uv = stored["uv"][np.searchsorted(np.unique(polygons), polygons)]
    assert uv.min() > 0 and uv.max() < 1
    picture = lashes.picture()
    cover = np.array(picture.pixels[:]).reshape(*picture.size, 4)[..., 3] > 0.5
    weights = np.random.default_rng(0).dirichlet(np.ones(4), (len(uv), 40)) @ uv
    row, column = (weights[..., ::-1] * len(cover)).astype(int).reshape(-1, 2).T
    assert 0.1 < cover[row, column].mean() < 0.5  # hairs, with room between
