"""A photo, the head that the conditioner reads off it, and its skin: what every measurement of
skins starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch

from ...contract.skin import Layout
from ...heads.camera import Camera
from ...heads.mouth_limits import limited
from ...heads.open_head import OpenHead
from ...packs.open_pack import read_open_pack
from ...photo.faces import FaceDetector
from ...photo.load import load_photo
from ...texture.albedo_prior import AlbedoPrior
from ...texture.alignment import PointEvidence
from ...texture.drawn_brows import DrawnBrows
from ...texture.features import Features, features_of
from ...texture.landmark_evidence import with_landmarks
from ...texture.layout import layout
from ...texture.photo_view import PhotoView
from ...texture.projection import Projection, project
from ...texture.shape import Shape
from ...texture.skin import Painted, make_skin

_WEIGHTS: Final = Path(__file__).parents[3] / "weights"


@dataclass(frozen=True, eq=False)
class Sitting:
    """neutral : (V, 3) float32 metres, the head read off the photo; view : the photo as the skin
    takes it."""

    neutral: np.ndarray
    view: PhotoView

    def under(self, light: Callable[[np.ndarray], np.ndarray]) -> Sitting:
        """The same person and camera; light : changes (H, W, 3) uint8 pixels."""
        return replace(self, view=replace(self.view, pixels=light(self.view.pixels)))


class SkinStudio:
    """Reads photos, once for each, and paints their heads. kept : folder for what was read; pack :
    of another pack whose surfaces are the bundled one's, or None."""

    def __init__(self, kept: Path, pack: Path | None = None) -> None:
        torch.set_num_threads(1)
        self._folder = pack or _WEIGHTS / "open"
        kept.mkdir(parents=True, exist_ok=True)
        self._kept = kept
        self._pack = None
        self.detector = FaceDetector.load(_WEIGHTS / "faces")
        self.head = OpenHead.load(_WEIGHTS / "open" / "head.npz")
        self.uv = layout(self.head, Layout.FACE)
        self.albedo = AlbedoPrior.load().on(self.head, lambda: self.head)
        self.brows = DrawnBrows.on(self.head, lambda: self.head)
        self.features: Features = features_of(self.head, lambda: self.head)

    def sitting(self, path: Path, landmarks: bool = True) -> Sitting:
        """landmarks : laid by the detector's, too. Raises IndexError where no face is found."""
        file = self._kept / f"{path.stem}.npz"
        if not file.is_file():
            np.savez(file, allow_pickle=False, **self._read(path))
        with np.load(file, allow_pickle=False) as read:
            still = self.head.vertices(read["identity"])
            moved = self.head.vertices(read["identity"], read["expression"])
            height, width = read["size"]
            camera = Camera(
                float(read["focal"]), read["centre"], read["rotation"], read["shift"],
                int(width), int(height),
            )  # fmt: skip
            evidence = PointEvidence(
                read["points"], read["deviation"], read["visible"], self.head.point_vertices
            )
        photo = load_photo(path)
        if landmarks:
            evidence = with_landmarks(evidence, self.detector, self.head, photo, camera, moved)
        return Sitting(still, PhotoView(photo.pixels, camera, moved, still, evidence))

    def projections(self, paths: Iterable[Path], resolution: int) -> Iterator[Projection]:
        """What photos show, of those in which a face is found."""
        shape = Shape.of(self.head, self.uv)
        for path in paths:
            try:
                view = self.sitting(path).view
            except IndexError:
                continue
            yield project(shape, self.features, view, self.albedo, self.brows.places, resolution)

    def _read(self, path: Path) -> dict[str, np.ndarray]:
        if self._pack is None:
            self._pack = read_open_pack(self._folder, torch.device("cpu"))
        photo = load_photo(path)
        face = self.detector.detect(photo)[0]
        seen = self._pack.encode(photo, face)
        conditioner, context = self._pack.networks.conditioner, seen.contexts.identity
        fitted = conditioner.regressed_expression(seen.contexts.expression)
        part, _ = conditioner.shape_entries
        identity = context[:, part] * conditioner.context_deviation[part]
        identity = identity + conditioner.context_mean[part]
        camera = seen.camera
        return {
            "identity": identity[0].cpu().numpy(),
            "expression": limited(fitted.cpu().numpy())[0],
            "points": seen.points, "deviation": seen.deviation, "visible": seen.visible,
            "focal": np.array(camera.focal), "centre": np.asarray(camera.centre),
            "rotation": camera.rotation, "shift": camera.translation,
            "size": np.array([photo.height, photo.width]),
        }  # fmt: skip

    def paint(self, sitting: Sitting, resolution: int = 1024) -> Painted:
        """Its skin."""
        return make_skin(
            self.head,
            self.uv,
            self.features,
            self.albedo,
            self.brows,
            (sitting.view,),
            resolution,
        )
