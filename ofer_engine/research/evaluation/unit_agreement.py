"""How a pack's expressions agree with the newer face landmarker's on photos that neither learnt.

    python -m ofer_engine.research.evaluation.unit_agreement PACK… --photos FOLDER
        --landmarker FOLDER [--first 780] --out FIGURES.json

Nobody knows the true weights of a photo. The landmarker has seen real faces and is what everybody
uses; where it is known to err (`warps/expression_teacher`) is left to the reader. Written as
JSON: for each pack and unit that varies, the correlation over the photos and both means.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from ...contract.arkit import ARKIT_52
from ...contract.errors import OferError
from ...packs.open_pack import OpenPack, crop_around, read_open_pack
from ...photo.align import cut
from ...photo.face_weights import FACES
from ...photo.faces import Face, FaceDetector
from ...photo.load import Photo, load_photo
from ..warps.expression_teacher import ExpressionTeacher
from .photo_files import middle_face, photos_in

_VARIES: Final = 0.05
"""Deviation over the photos from which a unit of the landmarker's counts."""


def agreement(read: np.ndarray, landmarker: np.ndarray) -> dict[str, Any]:
    """Of weights (N, 52) each of the same photos. correlation : mean over the units that vary."""
    units: dict[str, dict[str, float]] = {}
    for place in np.flatnonzero(landmarker.std(axis=0) > _VARIES):
        ours, theirs = read[:, place], landmarker[:, place]
        together = np.corrcoef(ours, theirs)[0, 1] if ours.std() > 0 else 0.0
        units[ARKIT_52[place]] = {
            "correlation": round(float(together), 3),
            "ours": round(float(ours.mean()), 3),
            "landmarker": round(float(theirs.mean()), 3),
        }
    mean = float(np.mean([unit["correlation"] for unit in units.values()]))
    return {"photos": len(read), "correlation": round(mean, 3), "units": units}


@torch.inference_mode()
def _read(pack: OpenPack, faces: list[tuple[Photo, Face]]) -> np.ndarray:
    found = []
    for photo, face in faces:
        picture = cut(photo, crop_around(face.landmarks).resized(pack.sizes.crop))
        crops = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
        found.append(pack.read_photos(crops.to(pack.device)).expression[0].clamp(0, 1).cpu())
    return torch.stack(found).numpy()


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("packs", type=Path, nargs="+", help="folders of packs")
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--landmarker", type=Path, required=True, help="its networks' folder")
    parser.add_argument("--first", type=int, default=0, help="photos that are left out")
    parser.add_argument("--out", type=Path, required=True, help="JSON of the figures")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    detector = FaceDetector.load(FACES)
    teacher = ExpressionTeacher.load(options.landmarker)
    faces = []
    for path in photos_in(options.photos)[options.first :]:
        photo = load_photo(path)
        try:
            faces.append((photo, middle_face(detector, photo)))
        except OferError:
            continue
    theirs = np.stack([teacher.read(photo, face) for photo, face in faces])
    packs = {str(p): read_open_pack(p, torch.device("cpu")) for p in options.packs}
    found = {name: agreement(_read(pack, faces), theirs) for name, pack in packs.items()}
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
