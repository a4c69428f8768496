"""Photos of ICT-FaceKit's surface: the open head in disguise comes out as itself."""

from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.geometry.rotations import rotation_about
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.research.studio.ict_labels import fit_ict_labels
from ofer_engine.research.studio.photo_head import (
    EYE_LEFT,
    EYE_RIGHT,
    LASH,
    SKIN,
    PhotoHead,
    load_ict_photo_head,
    load_open_photo_head,
)

HEAD = Path(__file__).parents[4] / "weights" / "training" / "head.npz"
"""The one that training pictures are rendered with."""
EYES = (EYE_LEFT, EYE_RIGHT)


@pytest.fixture(scope="module")
def head() -> PhotoHead:
    return load_open_photo_head(HEAD)


_PARTS_AS_ICT = {"skin": 0, "tongue": 2, "teeth_upper": 3, "teeth_lower": 3, "eye_left": 4}


@pytest.fixture
def disguised(tmp_path, head) -> tuple[Path, Path]:
    """The open head in ICT's file format, turned and in centimetres, with eyes that stay, and the
    map between them."""
    with np.load(HEAD) as archive:
        polygons, part, names = (archive[key] for key in ("polygons", "part", "part_names"))
    material = np.array([_PARTS_AS_ICT.get(str(name), 6) for name in names])[part]
    material[part == list(names).index("lashes")] = 11
    turn = rotation_about("x", 30.0).astype(np.float32)
    units = {}
    for name, unit in zip(ARKIT_52, head.expression.reshape(52, -1, 3), strict=True):
        short = name.replace("Left", "_L").replace("Right", "_R")
        unit = np.where(np.isin(head.material, EYES)[:, None], 0.0, unit)
        if name in ("browInnerUp", "cheekPuff"):
            units |= {f"{name}_L": unit / 2, f"{name}_R": unit / 2}
        elif name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
            units[name] = unit
        elif name != "tongueOut":
            units[short] = unit
    assert len(units) == 53
    np.savez(
        tmp_path / "ict.npz",
        neutral=(head.template - 0.1) @ turn * 100,
        identity=head.identity.reshape(len(head.identity), -1, 3) @ turn * 100,
        expression=np.stack(list(units.values())) @ turn * 100,
        expression_names=np.array(list(units)),
        faces=polygons,
        face_material=material,
    )
    ids = np.arange(len(head.template))
    np.savez(
        tmp_path / "map.npz",
        open_vertices=ids,
        ict_vertices=np.stack([ids] * 3, 1),
        barycentric=np.eye(3)[np.zeros(len(ids), int)],
        scale=0.01,
        rotation=turn,
        translation=np.full(3, 0.1),
    )
    return tmp_path / "ict.npz", tmp_path / "map.npz"


def test_another_surface_carries_the_same_points_and_units(head, disguised):
    other = load_ict_photo_head(*disguised, head)
    rng = np.random.default_rng(0)
    identity, units = rng.normal(size=len(head.identity)).astype(np.float32), np.zeros(52)
    units[[0, 17, 43, 46]] = 0.5
    none = np.zeros(len(head.bumps))
    ours, theirs = head.surface(identity, units, none), other.surface(identity, units, none)
    np.testing.assert_allclose(other.points.on(theirs), head.points.on(ours), atol=1e-5)
    moved = other.landmarks.on(theirs) - head.landmarks.on(ours)
    assert np.linalg.norm(moved, axis=1).mean() < 0.0022  # of a head with all of 120 modes at 1
    np.testing.assert_allclose(other.irises.on(theirs), head.irises.on(ours), atol=2e-5)
    up = np.array([0.0, -1.0])
    outlines = []
    for one, surface in ((head, ours), (other, theirs)):
        screen = surface[:, :2] * [1000, -1000]
        seen = one.contour.seen(screen, one.contour.middle[:2] * [1000, -1000], up)
        outlines.append(one.contour.on(*seen, screen))
    np.testing.assert_allclose(outlines[1], outlines[0], atol=0.1)
    assert (other.lips > 0.5).sum() == ((head.lips > 0.5) & (head.material == SKIN)).sum()
    assert (other.material == LASH).sum() == 0


def test_another_surface_is_labelled_with_the_nearest_open_head(head, disguised):
    labels = fit_ict_labels(OpenHead.load(HEAD), *disguised)
    identity = np.random.default_rng(1).normal(size=(20, len(head.identity)))
    modes = head.identity.reshape(len(head.identity), -1, 3)
    face = head.landmarks.triangles[:, 0]
    left = np.tensordot(labels.of(identity) - identity, modes[:, face], 1)
    whole = np.tensordot(identity, modes[:, face], 1)
    assert np.abs(labels.offset).max() < 1e-3
    assert np.linalg.norm(left, axis=2).mean() < 0.15 * np.linalg.norm(whole, axis=2).mean()


def test_eyes_of_another_surface_turn_as_the_open_head_s(head, disguised):
    other = load_ict_photo_head(*disguised, head)
    nobody, none = np.zeros(len(head.identity), np.float32), np.zeros(len(head.bumps))
    for name in ("eyeLookInLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookDownRight"):
        units = np.zeros(52)
        units[ARKIT_52.index(name)] = 1.0
        ours = head.irises.on(head.surface(nobody, units, none))
        theirs = other.irises.on(other.surface(nobody, units, none))
        ahead = head.irises.on(head.template)
        assert np.abs(ours - ahead).max() > 0.002
        np.testing.assert_allclose(theirs, ours, atol=2e-4)


def test_units_of_another_surface_are_labelled_as_strong_as_they_look(head, disguised):
    scan, places = disguised
    with np.load(scan) as archive:
        as_strong = {name: archive[name] for name in archive.files}
    np.savez(scan, **as_strong | {"expression": as_strong["expression"] * 1.5})
    labels = fit_ict_labels(OpenHead.load(HEAD), scan, places)
    weights = dict(zip(ARKIT_52, labels.expression_of(np.full((1, 52), 0.4))[0], strict=True))
    for name in ("jawOpen", "mouthSmileLeft", "browInnerUp", "eyeSquintRight"):
        assert weights[name] == pytest.approx(0.6, abs=0.01)
    for name in ("eyeBlinkLeft", "eyeLookInRight", "tongueOut"):
        assert weights[name] == pytest.approx(0.4)
    assert labels.expression_of(np.ones((1, 52))).max() == 1.0
