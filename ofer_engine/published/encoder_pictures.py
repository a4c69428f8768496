"""The two pictures that the published encoders see of a face (docs/method.md §4).

ArcFace's 112 px blob is aligned by five points; FaRL's 224 px crop by the face's box alone, and it
has been through a JPEG file, as all that these networks were trained and demonstrated on.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import ArrayLike
from PIL import Image
from torch import Tensor

from ..photo.align import arcface_crop, cut, farl_crop
from ..photo.load import Photo

_JPEG_QUALITY: Final = 95
_CHROMA_HALVED: Final = 2
"""Pillow's name for 4:2:0, OpenCV's default."""
_GREY: Final = 127.5


@dataclass(frozen=True, eq=False)
class PublishedPictures:
    """blob : (112, 112, 3) and picture : (224, 224, 3) uint8 RGB."""

    blob: np.ndarray
    picture: np.ndarray


def published_pictures(photo: Photo, points: ArrayLike, box: ArrayLike) -> PublishedPictures:
    """Cut both as the published preparation does.

    points : (5, 2) photo pixels in the order of `photo.align.five_points`; box : (x, y, width,
    height) of the face, photo pixels.
    """
    blob, picture = (
        np.round(cut(photo, crop, border=0.0, antialias=False) * 255).astype(np.uint8)
        for crop in (arcface_crop(points), farl_crop(box))
    )
    return PublishedPictures(blob, through_jpeg(picture))


def through_jpeg(picture: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) uint8 RGB as it comes back from OpenCV's JPEG file of it."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=_CHROMA_HALVED)
    return np.asarray(Image.open(file).convert("RGB"))


def blob_tensor(blob: np.ndarray) -> Tensor:
    """(112, 112, 3) uint8 RGB → (3, 112, 112) float32 in -1..1, BGR as the published networks have
    it.
    """
    bgr = np.ascontiguousarray(blob[..., ::-1].transpose(2, 0, 1))
    return (torch.from_numpy(bgr).float() - _GREY) / _GREY
