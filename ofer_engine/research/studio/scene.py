"""A scene: one person posed, framed, dressed and drawn, before anything hides them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull

from .ages import Age
from .backdrop import BackdropBank
from .bust import random_bust
from .cards import Cut, draw_card
from .complexion import FaceColouring, FaceFields, photographed_complexion, random_complexion
from .drape import HeadEnvelope, Sheet, polar
from .drawing import BODY_LAYER, HEAD_LAYER, draw_piece, draw_rods
from .framing import Framing, random_framing, random_pose
from .hair import (
    Rods,
    hair_card,
    random_beard_strands,
    random_brows,
    random_hair,
    strands_over,
    streaks,
)
from .lighting import Lighting, light_of_a_place, random_lighting
from .occluders import PropWearer
from .patterns import NORMAL
from .photo_head import EYE_LEFT, EYE_RIGHT, LASH, MOUTH, SKIN, PhotoHead
from .rasterise import Surfels, vertex_normals
from .textured_mesh import draw_mesh
from .wardrobe import Wardrobe, WornCard

PICTURE_SIDE: Final = 128
SAMPLES: Final = 2
"""Pixels drawn for each pixel of a picture, across and down."""
_BROWED_SHARE: Final = 0.85
_LASHED_SHARE: Final = 0.7
_CARD_HAIR_SHARE: Final = 0.62
_BEARDED_SHARE: Final = 0.05
_STREAKS_SEED, _STREAKS = 7_002, 8
_REAL_LIGHT_SHARE: Final = 0.6
_TEETH_BEHIND, _LINING_BEHIND = 0.005, 0.012
"""Metres that what lies inside is drawn farther away, so that no tooth comes out of a lip that
smiles, and no lining out of a nostril."""
_INSIDE: Final = 0.03
"""Skin that sees less of the sky lines a hollow."""


@dataclass(frozen=True)
class Scene:
    """Everything drawn once for the clean and the occluded pictures of the same moment.

    landmarks_px : (468, 2) in pixels of a picture of PICTURE_SIDE; points_screen : (P, 3) drawn
    pixels and 1 / depth; zoom : drawn pixels for each pixel of such a picture.
    """

    framing: Framing
    sitter: PropWearer
    lighting: Lighting
    surfels: Surfels
    shadow_casters: list[tuple[np.ndarray, np.ndarray]]
    backdrop: np.ndarray
    landmarks_px: np.ndarray
    points_screen: np.ndarray
    zoom: float

    def face(self) -> np.ndarray:
        """(S, S) bool, drawn pixels: skin inside the outline of the landmarks."""
        outline = self.landmarks_px[ConvexHull(self.landmarks_px).vertices] * self.zoom
        mask = Image.new("1", self.surfels.layer.shape)
        ImageDraw.Draw(mask).polygon([tuple(corner) for corner in outline.tolist()], fill=1)
        return np.asarray(mask) & (self.surfels.layer == HEAD_LAYER)


@cache
def _made_up_streaks() -> tuple[np.ndarray, ...]:
    """Textures of hair that every sampler has in common, not to be written to."""
    rng = np.random.default_rng(_STREAKS_SEED)
    made = tuple(streaks(rng) for _ in range(_STREAKS))
    for each in made:
        each.flags.writeable = False
    return made


class SceneSampler:
    """Where people are placed before the camera."""

    def __init__(
        self, head: PhotoHead, yaw: float | None, side: int, wardrobe: Wardrobe | None
    ) -> None:
        """yaw : degrees that heads are turned to either side, at random where None; side : of the
        largest picture that is kept; wardrobe : what people are dressed from, or None."""
        self.head = head
        self.yaw = yaw
        self.side = SAMPLES * side
        self.wardrobe = wardrobe
        self.fields = FaceFields.of(head)
        self.backdrops = BackdropBank(self.side, wardrobe)
        self.skin = head.material == SKIN
        self.streaks = _made_up_streaks()
        lining = self.skin & (head.ambient_occlusion < _INSIDE)
        self.recess = np.where(head.material == MOUTH, _TEETH_BEHIND, 0.0)
        self.recess = np.where(lining, _LINING_BEHIND, self.recess).astype(np.float32)
        self.lashless = head.triangles[head.material[head.triangles[:, 0]] != LASH]

    def place(
        self,
        rng: np.random.Generator,
        vertices: np.ndarray,
        looks: np.random.Generator,
        age: Age,
        framing: Framing | None = None,
    ) -> Scene:
        """Pose, frame, dress and draw a person.

        vertices : (V, 3) of their face; looks : where skin and hair colour are drawn from; age : of
        the skin; framing : of a picture of `side`, at random where None.
        """
        head, fields = self.head, self.fields
        landmarks = head.landmarks.on(vertices)
        framing = framing or random_framing(
            rng, random_pose(rng, self.yaw), landmarks, fields.pivot, self.side
        )
        if self.wardrobe is None:
            complexion = random_complexion(looks, head, fields)
        else:
            complexion = photographed_complexion(looks, head, fields, self.wardrobe, age)
        camera = framing.to_camera(vertices)
        surfels = Surfels.blank(self.side)
        table = complexion.table
        table[:, NORMAL] = vertex_normals(camera, head.triangles)
        lashed = self.wardrobe is None and rng.random() < _LASHED_SHARE
        triangles = head.triangles if lashed else self.lashless
        screen = framing.to_screen(camera)
        screen[:, 2] = 1 / (1 / screen[:, 2] + self.recess)
        draw_mesh(
            surfels, screen, triangles, head.material, table,
            complexion.pattern, HEAD_LAYER, framing.focal,
        )  # fmt: skip
        envelope = HeadEnvelope.of(vertices[fields.outer], fields.pivot)
        casters = [(camera, head.triangles)]
        bearded = rng.random() < _BEARDED_SHARE and age != Age.CHILD
        if bearded:
            beard = self._beard(rng, vertices, complexion)
            draw_rods(surfels, framing, beard, 0.1, BODY_LAYER)
        self._draw_grown(rng, surfels, framing, vertices, envelope, complexion, casters)
        moved = vertices - head.template
        eyes = head.eye_centres + np.stack(
            [moved[head.material == eye].mean(0) for eye in (EYE_LEFT, EYE_RIGHT)]
        )
        real = self.wardrobe is not None and rng.random() < _REAL_LIGHT_SHARE
        zoom = self.side / PICTURE_SIDE
        return Scene(
            framing=framing,
            sitter=PropWearer(envelope, landmarks, eyes, fields, complexion),
            lighting=light_of_a_place(rng, self.wardrobe)
            if real and self.wardrobe
            else random_lighting(rng),
            surfels=surfels,
            shadow_casters=casters,
            backdrop=self.backdrops.draw(rng),
            landmarks_px=framing.to_screen(framing.to_camera(landmarks))[:, :2] / zoom,
            points_screen=framing.to_screen(framing.to_camera(head.points.on(vertices))),
            zoom=zoom,
        )

    def _draw_grown(
        self,
        rng: np.random.Generator,
        surfels: Surfels,
        framing: Framing,
        vertices: np.ndarray,
        envelope: HeadEnvelope,
        complexion: FaceColouring,
        casters: list[tuple[np.ndarray, np.ndarray]],
    ) -> None:
        """Neck, clothes, hair, brows and lashes, onto `surfels`."""
        wardrobe = self.wardrobe
        for piece in random_bust(rng, vertices, self.skin, complexion.skin):
            draw_piece(surfels, framing, piece, complexion, BODY_LAYER)
        if wardrobe is None or rng.random() > _CARD_HAIR_SHARE:
            hair = random_hair(rng, envelope, self.fields.hairline)
            if hair is not None:
                casters.append(self._draw_shell(rng, hair, surfels, framing, complexion))
        else:
            card = wardrobe.hair[rng.choice(len(wardrobe.hair), p=wardrobe.hair_share)]
            casters.append(
                self._draw_hair(rng, card, surfels, framing, vertices, envelope, complexion)
            )
        if wardrobe is not None and rng.random() < _LASHED_SHARE:
            lashes = wardrobe.lashes[rng.integers(len(wardrobe.lashes))]
            colour = np.minimum(complexion.hair * 0.3, 0.02)
            where = lashes.on(self.head.places.on(vertices))
            dim = np.full(len(where), 0.8, np.float32)
            thin = float(rng.uniform(0.1, 0.65))
            draw_card(surfels, framing, lashes, where, dim, colour, 0.0, HEAD_LAYER, thin)
        elif wardrobe is None and rng.random() < _BROWED_SHARE:
            landmarks = self.head.landmarks.on(vertices)
            draw_rods(
                surfels, framing, random_brows(rng, landmarks, complexion.hair), 0.05, HEAD_LAYER
            )

    def _draw_shell(
        self,
        rng: np.random.Generator,
        hair: Sheet,
        surfels: Surfels,
        framing: Framing,
        complexion: FaceColouring,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Procedural hair: a shell of streaks that thins out at its rim, and strands over it."""
        texture = self.streaks[rng.integers(len(self.streaks))]
        uv, ambient_occlusion = hair_card(hair, texture)
        gloss = float(rng.uniform(0.02, 0.2))
        shell = Cut(hair.triangles, uv, texture)
        caster = draw_card(
            surfels,
            framing,
            shell,
            hair.vertices,
            ambient_occlusion,
            complexion.hair,
            gloss,
            BODY_LAYER,
        )
        strands = strands_over(rng, hair, complexion.hair)
        draw_rods(surfels, framing, strands, gloss, BODY_LAYER)
        return caster

    def _draw_hair(
        self,
        rng: np.random.Generator,
        card: WornCard,
        surfels: Surfels,
        framing: Framing,
        vertices: np.ndarray,
        envelope: HeadEnvelope,
        complexion: FaceColouring,
    ) -> tuple[np.ndarray, np.ndarray]:
        """A head of hair from the wardrobe, kept outside the head."""
        where = card.on(self.head.places.on(vertices))
        azimuth, elevation, distance = polar(where - envelope.pivot)
        lift = distance - envelope.reach(azimuth, elevation)
        wanted = np.maximum(lift * rng.uniform(0.85, 1.25), 0.002)
        outward = (where - envelope.pivot) / np.maximum(distance, 1e-6)[:, None]
        where = (where + outward * (wanted - lift)[:, None]).astype(np.float32)
        depth = np.clip(wanted / 0.02, 0.0, 1.0)
        ambient_occlusion = (0.35 + 0.65 * depth).astype(np.float32)
        gloss = float(rng.uniform(0.02, 0.15))
        return draw_card(
            surfels, framing, card, where, ambient_occlusion, complexion.hair, gloss, BODY_LAYER
        )

    def _beard(
        self, rng: np.random.Generator, vertices: np.ndarray, complexion: FaceColouring
    ) -> Rods:
        """A full beard, or one on the chin."""
        cover = np.maximum(self.fields.beard, self.fields.moustache)
        roots = np.flatnonzero(cover > 0.5)
        if rng.random() < 0.4:
            roots = roots[np.abs(self.fields.azimuth[roots]) < rng.uniform(18, 35)]
        roots = rng.choice(roots, 4000)
        scatter = rng.normal(size=(len(roots), 3)) * 0.002
        return random_beard_strands(
            rng, vertices[roots] + scatter, self.head.normals[roots], complexion.hair
        )
