"""A person of known colours, photographed by a camera of known pose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import KDTree

from ofer_engine.contract.skin import Layout
from ofer_engine.geometry.rasteriser import rasterise
from ofer_engine.geometry.triangles import vertex_normals
from ofer_engine.heads.camera import Camera
from ofer_engine.heads.head import Head
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.published.flame import FlameHead
from ofer_engine.texture import tone
from ofer_engine.texture.albedo_prior import AlbedoPrior
from ofer_engine.texture.alignment import PointEvidence
from ofer_engine.texture.colours import TO_LINEAR, to_srgb
from ofer_engine.texture.drawn_brows import DrawnBrows
from ofer_engine.texture.explanation import linear
from ofer_engine.texture.features import features_of
from ofer_engine.texture.layout import layout
from ofer_engine.texture.photo_view import PhotoView
from ofer_engine.texture.shape import split
from ofer_engine.texture.tone import SCLERA
from tests.engine.published.invented import formed_flame

SIDE = 360
SKIN = linear(AlbedoPrior.load().tone.mean)
"""As the photo shows it."""
PAINTED = linear(tone.SKIN)
"""As it is painted."""
_ABOUT_EYES = 0.02
"""Metres from eyeballs within which all but the skin is of their colour."""


@pytest.fixture(scope="session")
def head() -> OpenHead:
    return OpenHead.load(Path(__file__).parents[3] / "weights" / "open" / "head.npz")


@pytest.fixture(scope="session")
def flame() -> FlameHead:
    """An invented head of FLAME's form: triangles in three pieces, and no UVs of its own."""
    return FlameHead.from_arrays(formed_flame(), np.arange(100))


@pytest.fixture(scope="session")
def flame_uv(flame):
    return layout(flame, Layout.FACE)


@pytest.fixture(scope="session")
def features(head):
    return features_of(head, lambda: head)


@pytest.fixture(scope="session")
def albedo(head):
    return AlbedoPrior.load().on(head, lambda: head)


@pytest.fixture(scope="session")
def drawn_brows(head):
    return DrawnBrows.on(head, lambda: head)


@pytest.fixture(scope="session")
def face_uv(head):
    return layout(head, Layout.FACE)


@dataclass(frozen=True)
class Sitter:
    """head; colours : (V, 3) linear, of its skin; points : (P,) vertices that are found."""

    head: Head
    colours: np.ndarray
    points: np.ndarray

    def photo(self, yaw: float = 0.0, moved: np.ndarray | None = None) -> PhotoView:
        """Photographed in even light from `yaw` degrees, every point seen exactly; moved : (V, 3),
        the head with an expression."""
        camera = camera_at(yaw)
        calm = self.head.template
        vertices = calm if moved is None else moved
        places, depth = camera.project(vertices), -camera.to_camera(vertices)[:, 2]
        triangles, _ = split(self.head.polygons, self.head.uv)
        fragments = rasterise(places, depth, triangles, SIDE, SIDE)
        pixels = np.full((SIDE * SIDE, 3), (90, 120, 160), np.uint8)  # a blue wall
        pixels[fragments.pixel] = to_srgb(fragments.interpolate(self.colours.astype(np.float32)))
        at = self.points
        normals = vertex_normals(vertices, triangles)[at] @ camera.rotation.T
        seen = np.where(normals[:, 2] > 0.1, 0.98, 0.05)
        evidence = PointEvidence(places[at], np.full(len(at), 0.5), seen, at)
        return PhotoView(pixels.reshape(SIDE, SIDE, 3), camera, vertices, calm, evidence)


@pytest.fixture(scope="session")
def sitter(head) -> Sitter:
    """An average face, and blotched."""
    return Sitter(head, _blotched(head, head), head.point_vertices)


@pytest.fixture(scope="session")
def flame_sitter(flame, head) -> Sitter:
    """Blotched skin, of whose front every tenth vertex is found."""
    skin = np.unique(flame.polygons[flame.part == 0, :3])
    return Sitter(flame, _blotched(flame, head), skin[flame.template[skin, 2] > 0.03][::10])


def _blotched(head: Head, open_head: OpenHead) -> np.ndarray:
    """(V, 3): blotches too small for any light; eyeballs and what touches them as they usually look
    beside such skin, teeth and tongue white."""
    prior = AlbedoPrior.load()
    face = linear(prior.tone.mean + prior.on(head, lambda: open_head).mean)
    x, y, _ = head.template.T
    blotches = 0.08 * np.sin(300 * x + 1) * np.sin(250 * y)
    colours = face * (1 + blotches[:, None])
    other = np.unique(head.polygons[head.part != 0])
    colours[other[other >= 0]] = (0.8, 0.8, 0.8)
    eyeballs = features_of(head, lambda: open_head).eyeballs > 0
    near, _ = KDTree(head.template[eyeballs]).query(head.template[other[other >= 0]])
    colours[other[other >= 0][near < _ABOUT_EYES]] = linear(SCLERA)
    return colours


def camera_at(yaw: float) -> Camera:
    angle = np.radians(yaw)
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    shift = np.array([0, 0, -1.2]) - rotation @ (0, 0, 0.04)
    return Camera(SIDE * 3.6, np.array([SIDE / 2, SIDE / 2]), rotation, shift, SIDE, SIDE)


def covered(view: PhotoView, hidden: np.ndarray, colour, known: bool) -> PhotoView:
    """Something held before the face. hidden : (H, W) bool; told : the evidence knows of it."""
    pixels = view.pixels.copy()
    pixels[hidden] = colour
    places = np.clip(view.evidence.points.astype(int), 0, SIDE - 1)
    gone = hidden[places[:, 1], places[:, 0]] & known
    evidence = replace(view.evidence, visible=np.where(gone, 0.02, view.evidence.visible))
    return replace(view, pixels=pixels, evidence=evidence)


@dataclass(frozen=True)
class Patches:
    """What a painted skin shows at the middle of each of the head's skin polygons.

    colours : (N, 3) linear; seen : (N,) 0..1; places : (N, 3) metres on the template;
    expected : (N, 3) linear, the sitter's own colours in white light.
    """

    colours: np.ndarray
    seen: np.ndarray
    places: np.ndarray
    expected: np.ndarray

    @classmethod
    def of(cls, sitter: Sitter, painted) -> Patches:
        head = sitter.head
        skin = np.flatnonzero(head.part == 0)
        polygons = head.polygons[skin, :3]
        at = painted.uv[skin, :3].mean(1) * (1, -1) + (0, 1)
        column, row = np.clip((at * len(painted.albedo)).astype(int), 0, len(painted.albedo) - 1).T
        return cls(
            TO_LINEAR[painted.albedo[row, column]],
            painted.seen[row, column] / 255,
            head.template[polygons].mean(1),
            sitter.colours[polygons].mean(1) * (PAINTED / SKIN),
        )
