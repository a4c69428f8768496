"""Bring a decoded picture of any mode to 8-bit sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

BACKGROUND = (128, 128, 128)


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


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits or floats → 8 bits; beyond 16 bits the picture's own range is used."""
    values = np.nan_to_num(np.asarray(image, np.float64), posinf=0.0, neginf=0.0)
    low, high = min(values.min(), 0.0), values.max()
    if image.mode != "F" and low == 0 and high <= 65535:
        high = 65535.0
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
