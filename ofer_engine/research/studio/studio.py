"""The photo studio: one random person, pose, light, place and camera → one labelled picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, shift

from ...heads.contour import Contour
from .ages import Ages
from .camera_response import CameraResponse, expose, halve, mean_light, random_exposure
from .covers import Cover, put_on, put_on_to_hide, share_hidden
from .drawing import HEAD_LAYER, visible_points
from .framing import Framing
from .lighting import Lighting, cast_shadows, shade
from .occluders import OCCLUDERS, Occluder, random_kind
from .patches import paint_patch
from .photo_head import PhotoHead
from .random_expressions import random_expression
from .scene import PICTURE_SIDE, Scene, SceneSampler
from .wardrobe import Wardrobe

_OCCLUDED_SHARE: Final = 0.5
HIDING: Final = (
    Occluder.HAND,
    Occluder.MASK,
    Occluder.OBJECT,
    Occluder.CLOTH,
    Occluder.HAIR,
    Occluder.PATCH,
    Occluder.BLOB,
)
"""Occluders that can be made to hide a wanted share of a face; spectacles cannot."""


@dataclass(frozen=True)
class StudioPhoto:
    """A labelled synthetic photo.

    image : (128, 128, 3) uint8; closer : the same larger, (S, S, 3) uint8, or empty; points :
    (P, 2) float32 crop pixels; visible : (P,) bool; contour : (L, 2) and irises : (I, 2) float32
    crop pixels, where the outline lies and the eyes;
    identity : (K,), expression : (52,) and misfit : (B,) float32, what the head's surface is made
    of; rotation : (3, 3) and translation : (3,) float32
    head → crop camera, metres; focal : px and centre : (2,) px of the crop; distance : metres along
    the axis to the head's pivot; mm_per_pixel at the face's depth; occluder : index into OCCLUDERS;
    covered : share of the head's pixels that the occluder hides; face_covered : of the face's.
    """

    image: np.ndarray
    closer: np.ndarray
    points: np.ndarray
    visible: np.ndarray
    contour: np.ndarray
    irises: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    misfit: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    focal: float
    centre: np.ndarray
    distance: float
    mm_per_pixel: float
    occluder: int
    covered: float
    face_covered: float


@dataclass(frozen=True)
class _Moment:
    """Who is photographed and what face they make: identity (K,), expression (52,), misfit (B,)
    metres, all float32; looks : where the person's skin and hair are drawn from."""

    identity: np.ndarray
    expression: np.ndarray
    misfit: np.ndarray
    looks: np.random.Generator


@dataclass(frozen=True)
class _Shot:
    """A scene with the camera ready: the labels without a picture, and where chance goes on."""

    scene: Scene
    response: CameraResponse
    blank: StudioPhoto
    exposure_seed: int
    prop_seed: int


class Studio:
    """Takes photos of one parametric head. The same (seed, index) gives the same bits."""

    def __init__(
        self,
        head: PhotoHead,
        misfit_mm: float,
        yaw: float | None = None,
        wardrobe: Wardrobe | None = None,
        side: int = PICTURE_SIDE,
    ) -> None:
        """misfit_mm : average rms on the face of smooth shape noise outside the identity basis;
        yaw : degrees that every head is turned, to either side, instead of a random angle;
        wardrobe : skins, hair, light and places of real people; side : pixels of the closer
        picture, 128 for none."""
        self.head = head
        self.stage = SceneSampler(head, yaw, side, wardrobe)
        self.ages = Ages(head.prior)
        near_face = head.landmarks.triangles[:, 0]
        pushes = head.bumps.reshape(len(head.bumps), -1, 3)[:, near_face]
        unit = np.sqrt((pushes**2).sum((0, 2)).mean())
        self.misfit = misfit_mm / 1000.0 / float(unit)

    def photograph(self, seed: int, index: int) -> StudioPhoto:
        """One picture; half of them have an occluder."""
        rng = np.random.default_rng([seed, index])
        kind = _perhaps_hidden(rng)
        return self._take(self._prepare(rng, self._somebody(rng)), kind)

    def photograph_again(self, seed: int, person: int, moment: int) -> StudioPhoto:
        """One of any number of pictures of a person: face, skin and hair colour stay, all else is
        drawn anew; half of them have an occluder. moment : from 0."""
        birth = np.random.default_rng([seed, person])
        somebody = self._somebody(birth)
        looks = np.random.default_rng(birth.integers(2**31))
        rng = np.random.default_rng([seed, person, 1 + moment])
        kind = _perhaps_hidden(rng)
        now = replace(somebody, expression=random_expression(rng), looks=looks)
        return self._take(self._prepare(rng, now), kind)

    def photograph_pair(self, seed: int, index: int) -> tuple[StudioPhoto, StudioPhoto]:
        """The same moment clean, and with an occluder."""
        rng = np.random.default_rng([seed, index])
        kind = random_kind(rng)
        shot = self._prepare(rng, self._somebody(rng))
        return self._take(shot, Occluder.NONE), self._take(shot, kind)

    def photograph_hidden(
        self, seed: int, index: int, percents: tuple[int, ...]
    ) -> tuple[StudioPhoto, ...]:
        """The clean picture of `photograph_pair`, and the same moment with about so many percent of
        the face hidden, by kinds of HIDING that take turns from index to index."""
        rng = np.random.default_rng([seed, index])
        random_kind(rng)
        shot = self._prepare(rng, self._somebody(rng))
        photos = [self._take(shot, Occluder.NONE)]
        for place, percent in enumerate(percents):
            kind = HIDING[(index + place) % len(HIDING)]
            cover = put_on_to_hide(shot.prop_seed, kind, shot.scene, percent / 100)
            photos.append(self._expose(shot, cover))
        return tuple(photos)

    def _somebody(self, rng: np.random.Generator) -> _Moment:
        identity = self.head.prior.draw(rng)
        expression = random_expression(rng)
        misfit = rng.standard_normal(len(self.head.bumps), dtype=np.float32)
        misfit = misfit * np.float32(self.misfit * rng.uniform(0, 2))
        return _Moment(identity, expression, misfit, rng)

    def _prepare(self, rng: np.random.Generator, moment: _Moment) -> _Shot:
        vertices = self.head.surface(moment.identity, moment.expression, moment.misfit)
        age = self.ages.of(moment.identity)
        scene = self.stage.place(rng, vertices, moment.looks, age)
        response = CameraResponse(rng)
        framing, zoom = scene.framing, scene.zoom
        irises = framing.to_screen(framing.to_camera(self.head.irises.on(vertices)))[:, :2]
        blank = StudioPhoto(
            image=np.empty(0, np.uint8),
            closer=np.empty(0, np.uint8),
            points=scene.points_screen[:, :2] / zoom,
            visible=np.empty(0, bool),
            contour=outline(self.head.contour, vertices, framing) / zoom,
            irises=irises / zoom,
            identity=moment.identity,
            expression=moment.expression,
            misfit=moment.misfit,
            rotation=framing.rotation,
            translation=framing.translation,
            focal=framing.focal / zoom,
            centre=framing.centre / zoom,
            distance=framing.depth(self.stage.fields.pivot[None]),
            mm_per_pixel=zoom * 1000.0 * framing.depth(scene.sitter.landmarks) / framing.focal,
            occluder=0,
            covered=0.0,
            face_covered=0.0,
        )
        exposure_seed, prop_seed = rng.integers(2**31, size=2)
        return _Shot(scene, response, blank, int(exposure_seed), int(prop_seed))

    def _take(self, shot: _Shot, kind: Occluder) -> StudioPhoto:
        cover = put_on(np.random.default_rng(shot.prop_seed), kind, shot.scene)
        return self._expose(shot, cover)

    def _expose(self, shot: _Shot, cover: Cover) -> StudioPhoto:
        scene, surfels = shot.scene, cover.surfels
        picture = scene.backdrop.copy()
        centre = scene.framing.to_camera(self.stage.fields.pivot[None])[0]
        shadow = cast_shadows(scene.lighting, centre, [*scene.shadow_casters, *cover.casters])
        shade(surfels, scene.lighting, shadow, scene.framing, picture)
        brightness = mean_light(picture, scene.surfels.layer)
        exposure_rng = np.random.default_rng(shot.exposure_seed)
        gains = random_exposure(exposure_rng, brightness, scene.sitter.complexion.skin)
        expose(picture, surfels.layer, gains)
        hidden = cover.hidden()
        if cover.lies_on_skin:
            _contact_shadow(picture, hidden, surfels.layer > 0, scene.lighting, scene.zoom)
        visible = visible_points(scene.points_screen, scene.surfels.nearness)
        visible &= visible_points(scene.points_screen, surfels.nearness)
        column, row = np.clip(shot.blank.points.astype(int), 0, PICTURE_SIDE - 1).T
        closer = self._photographed(cover, shot.response, halve(picture))
        image = closer
        if len(closer) > PICTURE_SIDE:
            smaller = Image.fromarray(closer).resize(
                (PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.HAMMING
            )
            image = np.asarray(smaller)
        return replace(
            shot.blank,
            image=image,
            closer=closer if len(closer) > PICTURE_SIDE else shot.blank.closer,
            visible=visible & ~cover.flat[row, column],
            occluder=OCCLUDERS.index(cover.kind),
            covered=share_hidden(hidden, scene.surfels.layer == HEAD_LAYER),
            face_covered=share_hidden(hidden, scene.face()),
        )

    def _photographed(
        self, cover: Cover, response: CameraResponse, picture: np.ndarray
    ) -> np.ndarray:
        """The finished picture (S, S, 3) uint8, with what is flat painted on."""
        zoom = len(picture) / PICTURE_SIDE
        flat = cover.flat_at(len(picture))
        if cover.kind == Occluder.BLOB:
            picture = self._blob(cover.rng, picture, flat)
        image = response.applied_to(picture, zoom)
        if cover.kind == Occluder.PATCH:
            image = paint_patch(cover.rng, image, flat)
        return image

    def _blob(self, rng: np.random.Generator, picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Cover with a piece of some backdrop, sharp or soft at the edge."""
        cover = gaussian_filter(mask.astype(np.float32), rng.uniform(0.3, 1.5))[..., None]
        cloth = halve(self.stage.backdrops.draw(rng)) * np.float32(rng.uniform(0.4, 1.4))
        return picture + cover * (cloth - picture)


def outline(contour: Contour, vertices: np.ndarray, framing: Framing) -> np.ndarray:
    """(L, 2) float32 pixels of the outline that a camera sees of vertices (V, 3)."""
    moved = np.concatenate([vertices, contour.middle[None]])
    screen = framing.to_screen(framing.to_camera(moved))[:, :2]
    up = framing.rotation[:2, 1] * np.array([1.0, -1.0], np.float32)
    edge, share = contour.seen(screen[:-1], screen[-1], up)
    return contour.on(edge, share, screen)


def _perhaps_hidden(rng: np.random.Generator) -> Occluder:
    return random_kind(rng) if rng.random() < _OCCLUDED_SHARE else Occluder.NONE


def _contact_shadow(
    picture: np.ndarray, hidden: np.ndarray, person: np.ndarray, lighting: Lighting, zoom: float
) -> None:
    """Darken the skin beside an occluder, on the side away from the first lamp."""
    away = lighting.lamps[0, 1] * 3 * zoom, -lighting.lamps[0, 0] * 3 * zoom
    halo = gaussian_filter(shift(hidden.astype(np.float32), away, order=1), 2.0 * zoom)
    halo[hidden | ~person] = 0.0
    picture *= 1 - np.float32(0.55) * halo[..., None]
