"""A scene: one person posed, framed, dressed and drawn, before anything hides them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull

from .backdrop import BackdropBank
from .complexion import Complexion, FaceFields, linear, random_complexion
from .drape import HeadEnvelope
from .drawing import BODY_LAYER, HEAD_LAYER, draw_piece, draw_rods
from .framing import Framing, random_framing, random_pose
from .hair import Rods, chain, random_beard_strands, random_brows, random_hair
from .lighting import Lighting, random_lighting
from .occluders import Piece, Sitter
from .photo_head import EYE_LEFT, EYE_RIGHT, LASH, SKIN, PhotoHead
from .rasterise import Surfels, vertex_normals
from .texture import HAIR, NORMAL, draw_mesh

PICTURE_SIDE: Final = 128
RENDER_SIDE: Final = 2 * PICTURE_SIDE
_BROWED_SHARE: Final = 0.85
_LASHED_SHARE: Final = 0.5


@dataclass(frozen=True)
class Scene:
    """Everything drawn once for the clean and the occluded pictures of the same moment.

    landmarks_px : (468, 2) picture pixels; points_screen : (P, 3) render pixels and 1 / depth.
    """

    framing: Framing
    sitter: Sitter
    lighting: Lighting
    surfels: Surfels
    shadow_casters: list[tuple[np.ndarray, np.ndarray]]
    backdrop: np.ndarray
    landmarks_px: np.ndarray
    points_screen: np.ndarray

    def face(self) -> np.ndarray:
        """(RENDER_SIDE, RENDER_SIDE) bool: skin inside the outline of the landmarks."""
        outline = self.landmarks_px[ConvexHull(self.landmarks_px).vertices] * 2
        mask = Image.new("1", (RENDER_SIDE, RENDER_SIDE))
        ImageDraw.Draw(mask).polygon([tuple(corner) for corner in outline.tolist()], fill=1)
        return np.asarray(mask) & (self.surfels.layer == HEAD_LAYER)


class Stage:
    """Where people are placed before the camera."""

    def __init__(self, head: PhotoHead, yaw: float | None) -> None:
        """yaw : degrees that heads are turned to either side, at random where None."""
        self.head = head
        self.yaw = yaw
        self.fields = FaceFields.of(head)
        self.backdrops = BackdropBank(RENDER_SIDE)
        self.torso_base = self._neck_base()
        self.lashless = head.triangles[head.material[head.triangles[:, 0]] != LASH]

    def place(
        self, rng: np.random.Generator, vertices: np.ndarray, looks: np.random.Generator
    ) -> Scene:
        """Pose, frame, dress and draw a person.

        vertices : (V, 3) of their face; looks : where skin and hair colour are drawn from.
        """
        head, fields = self.head, self.fields
        landmarks = head.landmarks.on(vertices)
        framing = random_framing(
            rng, random_pose(rng, self.yaw), landmarks, fields.pivot, RENDER_SIDE
        )
        complexion = random_complexion(looks, head, fields)
        camera = framing.to_camera(vertices)
        surfels = Surfels.blank(RENDER_SIDE)
        table = complexion.table
        table[:, NORMAL] = vertex_normals(camera, head.triangles)
        triangles = head.triangles if rng.random() < _LASHED_SHARE else self.lashless
        screen = framing.to_screen(camera)
        draw_mesh(surfels, screen, triangles, head.material, table, complexion.pattern, HEAD_LAYER)
        envelope = HeadEnvelope.of(vertices[fields.outer], fields.pivot)
        casters = [(camera, head.triangles)]
        hair = random_hair(rng, envelope, fields.hairline)
        if hair is not None:
            piece = Piece(hair, complexion.hair, float(rng.uniform(0.05, 0.35)), HAIR)
            casters.append(draw_piece(surfels, framing, piece, complexion, BODY_LAYER))
        for rods, gloss in self._body_rods(rng, vertices, complexion):
            draw_rods(surfels, framing, rods, gloss, BODY_LAYER)
        if rng.random() < _BROWED_SHARE:
            draw_rods(
                surfels, framing, random_brows(rng, landmarks, complexion.hair), 0.05, HEAD_LAYER
            )
        moved = vertices - head.template
        eyes = head.eye_centres + np.stack(
            [moved[head.material == eye].mean(0) for eye in (EYE_LEFT, EYE_RIGHT)]
        )
        sitter = Sitter(envelope, landmarks, eyes, fields, complexion)
        return Scene(
            framing=framing,
            sitter=sitter,
            lighting=random_lighting(rng),
            surfels=surfels,
            shadow_casters=casters,
            backdrop=self.backdrops.draw(rng),
            landmarks_px=framing.to_screen(framing.to_camera(landmarks))[:, :2] / 2,
            points_screen=framing.to_screen(framing.to_camera(head.points.on(vertices))),
        )

    def _body_rods(
        self, rng: np.random.Generator, vertices: np.ndarray, complexion: Complexion
    ) -> list[tuple[Rods, float]]:
        """Neck, shoulders and perhaps a full beard."""
        base = self.torso_base
        cloth = linear(rng.uniform(0, 1, 3))
        broad, low = rng.uniform(0.13, 0.2), rng.uniform(0.03, 0.075)
        neck = np.stack([base + [0, 0.012, 0], base - [0, 0.05, 0.005]])
        collar = base - [0, low + 0.05, 0.01]
        shoulders = np.stack([collar + [broad, -0.03, 0], collar, collar + [-broad, -0.03, 0]])
        parts = [
            (chain(neck[None], np.full((1, 2), 0.05), complexion.skin[None]), 0.1),
            (chain(shoulders[None], np.array([[0.06, 0.078, 0.06]]), cloth[None]), 0.03),
        ]
        if rng.random() < 0.1:
            cover = np.maximum(self.fields.beard, self.fields.moustache)
            roots = np.flatnonzero(cover > 0.5)
            if rng.random() < 0.4:
                roots = roots[np.abs(self.fields.azimuth[roots]) < rng.uniform(18, 35)]
            roots = rng.choice(roots, min(len(roots), 500), replace=False)
            strands = random_beard_strands(
                rng, vertices[roots], self.head.normals[roots], complexion.hair
            )
            parts.append((strands, 0.1))
        return parts

    def _neck_base(self) -> np.ndarray:
        skin = self.head.template[self.head.material == SKIN]
        lowest = skin[skin[:, 1] < skin[:, 1].min() + 0.02]
        return (lowest.min(0) + lowest.max(0)) / 2
