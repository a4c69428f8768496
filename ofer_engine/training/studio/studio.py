"""The photo studio: one random person, pose, light, place and camera → one labelled picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter, shift

from .backdrop import BackdropBank
from .complexion import Complexion, FaceFields, linear, random_complexion
from .develop import Film, expose, halve, mean_light, random_exposure
from .drape import HeadEnvelope
from .drawing import (
    BODY_LAYER,
    HEAD_LAYER,
    OCCLUDER_LAYER,
    draw_piece,
    draw_prop,
    draw_rods,
    visible_points,
)
from .framing import Framing, random_framing, random_pose
from .hair import Rods, chain, random_beard_strands, random_brows, random_hair
from .lighting import Lighting, cast_shadows, random_lighting, shade
from .mimicry import random_expression
from .occluders import OCCLUDERS, Occluder, Piece, Sitter, build_prop, random_kind
from .patches import paint_patch, random_strokes
from .photo_head import EYE_LEFT, EYE_RIGHT, LASH, SKIN, PhotoHead
from .rasterise import Surfels, vertex_normals
from .texture import HAIR, NORMAL, draw_mesh

PICTURE_SIDE: Final = 128
_RENDER_SIDE: Final = 2 * PICTURE_SIDE
_OCCLUDED_SHARE: Final = 0.5
_BROWED_SHARE: Final = 0.85
_LASHED_SHARE: Final = 0.5


@dataclass(frozen=True)
class Photo:
    """A labelled synthetic photo.

    image : (128, 128, 3) uint8; points : (P, 2) float32 crop pixels; visible : (P,) bool;
    identity : (K,) and expression : (52,) float32; rotation : (3, 3) and translation : (3,) float32
    head → crop camera, metres; focal : px and centre : (2,) px of the crop; distance : metres along
    the axis to the head's pivot; mm_per_pixel at the face's depth; occluder : index into OCCLUDERS;
    covered : share of the head's pixels that the occluder hides.
    """

    image: np.ndarray
    points: np.ndarray
    visible: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    focal: float
    centre: np.ndarray
    distance: float
    mm_per_pixel: float
    occluder: int
    covered: float


@dataclass(frozen=True)
class _Moment:
    """Who is photographed and what face they make: identity (K,), expression (52,), misfit (B,)
    metres, all float32; looks : where the person's skin and hair are drawn from."""

    identity: np.ndarray
    expression: np.ndarray
    misfit: np.ndarray
    looks: np.random.Generator


@dataclass(frozen=True)
class _Scene:
    """Everything drawn once for a clean and an occluded picture of the same moment."""

    framing: Framing
    sitter: Sitter
    lighting: Lighting
    surfels: Surfels
    shadow_casters: list[tuple[np.ndarray, np.ndarray]]
    backdrop: np.ndarray
    landmarks_px: np.ndarray
    points_screen: np.ndarray


class Studio:
    """Takes photos of one parametric head. The same (seed, index) gives the same bits."""

    def __init__(self, head: PhotoHead, misfit_mm: float) -> None:
        """misfit_mm : average rms on the face of smooth shape noise outside the identity basis."""
        self.head = head
        self.fields = FaceFields.of(head)
        self.backdrops = BackdropBank(_RENDER_SIDE)
        near_face = head.landmarks.triangles[:, 0]
        pushes = head.bumps.reshape(len(head.bumps), -1, 3)[:, near_face]
        unit = np.sqrt((pushes**2).sum((0, 2)).mean())
        self.misfit = misfit_mm / 1000.0 / float(unit)
        self.torso_base = self._neck_base()
        self.lashless = head.triangles[head.material[head.triangles[:, 0]] != LASH]

    def photograph(self, seed: int, index: int) -> Photo:
        """One picture; half of them have an occluder."""
        rng = np.random.default_rng([seed, index])
        kind = _perhaps_hidden(rng)
        return self._take(rng, self._somebody(rng), (kind,))[0]

    def photograph_again(self, seed: int, person: int, moment: int) -> Photo:
        """One of any number of pictures of a person: face, skin and hair colour stay, all else is
        drawn anew; half of them have an occluder. moment : from 0."""
        birth = np.random.default_rng([seed, person])
        somebody = self._somebody(birth)
        looks = np.random.default_rng(birth.integers(2**31))
        rng = np.random.default_rng([seed, person, 1 + moment])
        kind = _perhaps_hidden(rng)
        now = replace(somebody, expression=random_expression(rng), looks=looks)
        return self._take(rng, now, (kind,))[0]

    def photograph_pair(self, seed: int, index: int) -> tuple[Photo, Photo]:
        """The same moment clean, and with an occluder."""
        rng = np.random.default_rng([seed, index])
        kinds = (Occluder.NONE, random_kind(rng))
        clean, occluded = self._take(rng, self._somebody(rng), kinds)
        return clean, occluded

    def _somebody(self, rng: np.random.Generator) -> _Moment:
        identity = rng.standard_normal(len(self.head.identity), dtype=np.float32)
        expression = random_expression(rng)
        misfit = rng.standard_normal(len(self.head.bumps), dtype=np.float32)
        misfit = misfit * np.float32(self.misfit * rng.uniform(0, 2))
        return _Moment(identity, expression, misfit, rng)

    def _take(
        self, rng: np.random.Generator, moment: _Moment, kinds: tuple[Occluder, ...]
    ) -> list[Photo]:
        vertices = self.head.surface(moment.identity, moment.expression, moment.misfit)
        scene = self._stage(rng, vertices, moment.looks)
        film = Film(rng)
        template = Photo(
            image=np.empty(0, np.uint8),
            points=scene.points_screen[:, :2] / 2,
            visible=np.empty(0, bool),
            identity=moment.identity,
            expression=moment.expression,
            rotation=scene.framing.rotation,
            translation=scene.framing.translation,
            focal=scene.framing.focal / 2,
            centre=scene.framing.centre / 2,
            distance=scene.framing.depth(self.fields.pivot[None]),
            mm_per_pixel=2000.0 * scene.framing.depth(scene.sitter.landmarks) / scene.framing.focal,
            occluder=0,
            covered=0.0,
        )
        exposure_seed, prop_seed = rng.integers(2**31, size=2)
        photos = []
        for kind in kinds:
            exposure_rng = np.random.default_rng(exposure_seed)
            prop_rng = np.random.default_rng(prop_seed)
            photos.append(self._expose(prop_rng, exposure_rng, kind, scene, film, template))
        return photos

    def _stage(
        self, rng: np.random.Generator, vertices: np.ndarray, looks: np.random.Generator
    ) -> _Scene:
        """Pose, frame, dress and draw the person."""
        head, fields = self.head, self.fields
        landmarks = head.landmarks.on(vertices)
        framing = random_framing(rng, random_pose(rng), landmarks, fields.pivot, _RENDER_SIDE)
        complexion = random_complexion(looks, head, fields)
        camera = framing.to_camera(vertices)
        surfels = Surfels.blank(_RENDER_SIDE)
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
        return _Scene(
            framing=framing,
            sitter=sitter,
            lighting=random_lighting(rng),
            surfels=surfels,
            shadow_casters=casters,
            backdrop=self.backdrops.draw(rng),
            landmarks_px=framing.to_screen(framing.to_camera(landmarks))[:, :2] / 2,
            points_screen=framing.to_screen(framing.to_camera(head.points.on(vertices))),
        )

    def _expose(
        self,
        rng: np.random.Generator,
        exposure_rng: np.random.Generator,
        kind: Occluder,
        scene: _Scene,
        film: Film,
        template: Photo,
    ) -> Photo:
        surfels, casters = scene.surfels, list(scene.shadow_casters)
        on_head = surfels.layer == HEAD_LAYER
        prop = build_prop(rng, kind, scene.sitter)
        if prop is not None:
            surfels = surfels.copy()
            casters += draw_prop(surfels, scene.framing, prop, scene.sitter.complexion)
        picture = scene.backdrop.copy()
        centre = scene.framing.to_camera(self.fields.pivot[None])[0]
        shadow = cast_shadows(scene.lighting, centre, casters)
        shade(surfels, scene.lighting, shadow, scene.framing, picture)
        skin = scene.sitter.complexion.skin
        brightness = mean_light(picture, scene.surfels.layer)
        expose(picture, surfels.layer, random_exposure(exposure_rng, brightness, skin))
        hidden = surfels.layer == OCCLUDER_LAYER
        if prop is not None and prop.rods is not None:
            _contact_shadow(picture, hidden, surfels.layer > 0, scene.lighting)
        visible = visible_points(scene.points_screen, surfels.nearness)
        image, flat = self._finish(rng, kind, scene, film, halve(picture))
        column, row = np.clip(template.points.astype(int), 0, PICTURE_SIDE - 1).T
        hidden |= flat.repeat(2, 0).repeat(2, 1)
        return replace(
            template,
            image=image,
            visible=visible & ~flat[row, column],
            occluder=OCCLUDERS.index(kind),
            covered=float((hidden & on_head).sum() / max(on_head.sum(), 1)),
        )

    def _finish(
        self,
        rng: np.random.Generator,
        kind: Occluder,
        scene: _Scene,
        film: Film,
        picture: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The developed picture (128, 128, 3) uint8, and where something flat covers it."""
        flat = np.zeros((PICTURE_SIDE, PICTURE_SIDE), bool)
        if kind in (Occluder.PATCH, Occluder.BLOB):
            flat = random_strokes(rng, scene.landmarks_px, PICTURE_SIDE)
        if kind == Occluder.BLOB:
            picture = self._blob(rng, picture, flat)
        image = film.develop(picture)
        if kind == Occluder.PATCH:
            image = paint_patch(rng, image, flat)
        return image, flat

    def _blob(self, rng: np.random.Generator, picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Cover with a piece of some backdrop, sharp or soft at the edge."""
        cover = gaussian_filter(mask.astype(np.float32), rng.uniform(0.3, 1.5))[..., None]
        cloth = halve(self.backdrops.draw(rng)) * np.float32(rng.uniform(0.4, 1.4))
        return picture + cover * (cloth - picture)

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


def _perhaps_hidden(rng: np.random.Generator) -> Occluder:
    return random_kind(rng) if rng.random() < _OCCLUDED_SHARE else Occluder.NONE


def _contact_shadow(
    picture: np.ndarray, hidden: np.ndarray, person: np.ndarray, lighting: Lighting
) -> None:
    """Darken the skin beside an occluder, on the side away from the first lamp."""
    away = lighting.lamps[0, 1] * 6, -lighting.lamps[0, 0] * 6
    halo = gaussian_filter(shift(hidden.astype(np.float32), away, order=1), 4.0)
    halo[hidden | ~person] = 0.0
    picture *= 1 - np.float32(0.55) * halo[..., None]
