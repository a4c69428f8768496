"""Many random heads of a head model on one sheet, to see whether its prior makes people."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from ..heads.open_head import OpenHead
from .thumbnails import Look, thumbnail


def crowd(head: OpenHead, count: int, seed: int, side: int = 128, columns: int = 20) -> Image.Image:
    """`count` neutral heads of the model's prior, `side` pixels each, in rows."""
    look = Look.of_head(head)
    drawn = head.prior.people(np.random.default_rng(seed), count)
    rows = -(-count // columns)
    page = Image.new("RGB", (columns * side, rows * side), "white")
    for number, identity in enumerate(drawn):
        picture = thumbnail(head.vertices(identity.astype(np.float32)), look, side=side)
        row, column = divmod(number, columns)
        tile = Image.open(io.BytesIO(picture)).convert("RGB")
        page.paste(tile, (column * side, row * side))
    return page
