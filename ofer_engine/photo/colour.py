"""Bring a decoded picture of any mode to 8-bit sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

BACKGROUND = (128, 128, 128)
_WHITES = (255, 4095, 65535)
"""Of whole numbers in 8, 12 and 16 bits, whatever room they were given in a file."""
_SAMPLE_FORMAT = 339
_UNSIGNED = 1


def to_srgb(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Any Pillow image → an "RGB" image in sRGB, and a sentence for each thing that was lost.

    Transparent parts are laid over mid grey. Deep pictures are reduced to 8 bits. An embedded
    colour profile is honoured if it can be.
    """
    notes = []
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _eight_bits(image)
        notes.append("Its depth was reduced to 8 bits.")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            notes.append("Transparent parts were filled with grey.")
            ground = Image.new("RGBA", image.size, (*BACKGROUND, 255))
            ground.info = image.info
            image = Image.alpha_composite(ground, image)
    image = _from_profile(image)
    return image.convert("RGB"), tuple(notes)


def without_sign(image: Image.Image) -> Image.Image:
    """A TIFF's whole numbers of 32 bits without a sign, which Pillow reads as if they had one, in
    the upper 16 bits' range where they go beyond it; any other image as it is.
    """
    tags = getattr(image, "tag_v2", {})
    if image.mode != "I" or tags.get(_SAMPLE_FORMAT, (_UNSIGNED,)) != (_UNSIGNED,):
        return image
    values = np.asarray(image).view(np.uint32)
    if values.max() <= _WHITES[-1]:
        return image
    reduced = Image.fromarray((values >> 16).astype(np.int32))
    reduced.info = image.info
    return reduced


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits or floats → 8 bits; white is the least of `_WHITES` that nothing goes
    beyond, or else the picture's own brightest."""
    values = np.nan_to_num(np.asarray(image, np.float64), posinf=0.0, neginf=0.0)
    low, high = min(values.min(), 0.0), values.max()
    if image.mode != "F" and low == 0:
        high = next((white for white in _WHITES if high <= white), high)
    span = max(high - low, 1e-12)
    return Image.fromarray(np.round((values - low) * (255 / span)).astype(np.uint8))


def _from_profile(image: Image.Image) -> Image.Image:
    """Apply the embedded ICC profile; a broken or unfit profile is ignored, as browsers do."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        if image.mode == "RGBA":
            image = image.convert("RGB")
        return (
            ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            or image
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
