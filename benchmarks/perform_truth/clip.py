"""A rendered video whose every frame's truth is known: our own head, photographed by the studio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from ofer_engine.pack_registry import BUNDLED
from ofer_engine.research.studio.camera_response import CameraResponse, halve
from ofer_engine.research.studio.covers import Cover, put_on, share_hidden
from ofer_engine.research.studio.drawing import HEAD_LAYER, OCCLUDER_LAYER, draw_rods
from ofer_engine.research.studio.framing import Framing
from ofer_engine.research.studio.hands import random_hand
from ofer_engine.research.studio.lighting import cast_shadows, shade
from ofer_engine.research.studio.occluders import Occluder
from ofer_engine.research.studio.photo_head import load_open_photo_head
from ofer_engine.research.studio.scene import SAMPLES, Scene
from ofer_engine.research.studio.studio import Studio

from .acting import RATE, Acting, acted

_SIZE = (1280, 720)
_FOCAL = 1.75
"""Of the square picture's side."""
_EXPOSED = 0.24
_HAND_LIFT = 0.025


def render(
    seed: int, frames: int, folder: Path, show: Callable[[int], None], side: int = 512
) -> None:
    """Write clip.mp4, and truth.npz with what `Acting` has, identity (K,), vertices (V, 3), focal,
    centre (2,) pixels and hidden (F,), the share of the face behind the hand. side : pixels of the
    square picture that is drawn, which then fills the height of 720p."""
    studio = Studio(load_open_photo_head(BUNDLED / "open" / "head.npz"), 0.5, side=side)
    born = np.random.default_rng([seed, 1])
    identity = studio.head.prior.draw(born)
    misfit = born.standard_normal(len(studio.head.bumps), dtype=np.float32) * studio.misfit
    acting = acted(seed, frames)
    response = _plain_response(seed)
    hidden = np.zeros(frames, np.float32)
    with _Writer(folder / "clip.mp4") as writer:
        for frame in range(frames):
            vertices = studio.head.surface(identity, acting.weights[frame], misfit)
            scene = studio.stage.place(
                np.random.default_rng([seed, 2]),
                vertices,
                np.random.default_rng([seed, 3]),
                studio.ages.of(identity),
                _framing(acting, frame, studio.stage.fields.pivot, side),
            )
            cover, hidden[frame] = _covered(scene, acting.hand[frame], seed)
            response.seed = frame
            writer.add(_wide(response.applied_to(_light(studio, scene, cover), side / 128)))
            show(frame)
    centre = np.array(_SIZE) / 2
    still = studio.head.surface(identity, np.zeros(52, np.float32), misfit)
    np.savez(
        folder / "truth.npz", weights=acting.weights, rotation=acting.rotation,
        place=acting.place, blinks=acting.blinks, hand=acting.hand, hidden=hidden,
        identity=identity, vertices=still, pivot=studio.stage.fields.pivot,
        focal=_FOCAL * _SIZE[1], centre=centre,
    )  # fmt: skip


def _framing(acting: Acting, frame: int, pivot: np.ndarray, size: int) -> Framing:
    rotation = acting.rotation[frame].astype(np.float32)
    side = SAMPLES * size
    return Framing(
        rotation,
        (acting.place[frame] - rotation @ pivot).astype(np.float32),
        _FOCAL * side,
        np.full(2, side / 2, np.float32),
    )


def _covered(scene: Scene, aside: float, seed: int) -> tuple[Cover, float]:
    """The scene with the hand so far aside, or without one where NaN; and how much it hides."""
    none = put_on(np.random.default_rng(0), Occluder.NONE, scene)
    if np.isnan(aside):
        return none, 0.0
    rng = np.random.default_rng([seed, 5])
    hand = random_hand(rng, scene.sitter.envelope, scene.sitter.complexion.skin)
    middle = hand.ends[:-1].reshape(-1, 3).mean(0)
    there = scene.sitter.landmarks[1] + (aside, -0.02, _HAND_LIFT)
    moved = replace(hand, ends=(hand.ends + (there - middle)).astype(np.float32))
    surfels = scene.surfels.copy()
    draw_rods(surfels, scene.framing, moved, 0.2, OCCLUDER_LAYER)
    cover = replace(none, surfels=surfels, kind=Occluder.HAND)
    return cover, share_hidden(surfels.layer == OCCLUDER_LAYER, scene.face())


def _light(studio: Studio, scene: Scene, cover: Cover) -> np.ndarray:
    picture = scene.backdrop.copy()
    centre = scene.framing.to_camera(studio.stage.fields.pivot[None])[0]
    shadow = cast_shadows(scene.lighting, centre, [*scene.shadow_casters, *cover.casters])
    shade(cover.surfels, scene.lighting, shadow, scene.framing, picture)
    person = cover.surfels.layer > 0
    head = scene.surfels.layer == HEAD_LAYER
    picture[person] *= np.float32(_EXPOSED / max(float(picture[head].mean()), 1e-3))
    return halve(picture)


def _plain_response(seed: int) -> CameraResponse:
    """A camera with grain, without other faults."""
    response = CameraResponse(np.random.default_rng([seed, 4]))
    response.blur, response.shrink, response.quality, response.sharpen = 0.15, 1.0, 0, 0.0
    response.noise, response.saturation, response.contrast = 0.012, 1.0, 1.0
    return response


def _wide(square: np.ndarray) -> np.ndarray:
    """(720, 1280, 3): the picture in the middle of one that has the colour of its sides."""
    picture = Image.fromarray(square)
    middle = picture.resize((_SIZE[1], _SIZE[1]), Image.Resampling.BICUBIC)
    edge = square[:, [0, 1, -2, -1]].mean((0, 1)).astype(np.uint8)
    wide = Image.new("RGB", _SIZE, tuple(int(v) for v in edge))
    wide.paste(middle, ((_SIZE[0] - _SIZE[1]) // 2, 0))
    return np.asarray(wide)


class _Writer:
    """An H.264 file."""

    def __init__(self, path: Path) -> None:
        import av

        self._container = av.open(str(path), "w")
        self._stream = self._container.add_stream("libx264", rate=RATE, options={"crf": "20"})
        self._stream.width, self._stream.height = _SIZE
        self._stream.pix_fmt = "yuv420p"

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.mux(self._stream.encode())
        self._container.close()

    def add(self, picture: np.ndarray) -> None:
        import av

        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        self._container.mux(self._stream.encode(frame))
