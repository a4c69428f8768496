"""A small reconstruction that is whole in every respect, for tests that spoil it."""

from pathlib import Path

import numpy as np

from ofer_engine.contract import reconstruction as folder
from ofer_engine.contract.records import Hints
from ofer_engine.handlers import draft

UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
SIZES = {"I": 2, "V": 8, "J": 2, "N": 20, "K": 3, "E": 1, "X": 4, "F": 3, "M": 1, "P": 5, "C": 6}
SIZES |= {"D": 4, "B": 2, "R": 3}


def arrays_of() -> dict[str, np.ndarray]:
    """Every array, drawn at random in its form."""
    rng = np.random.default_rng(0)
    found = {}
    for name, form in folder._FORMS.items():
        shape = [side if isinstance(side, int) else SIZES[side] for side in form.sides]
        found[name] = rng.uniform(0.1, 0.9, shape).astype(form.dtype)
    found["identity_order"] = rng.permutation(SIZES["N"]).astype(np.int32)
    found["part"][:] = 0
    found["polygons"] = np.array([[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 2, -1]], np.int32)
    found["evidence_vertices"] = np.arange(SIZES["P"], dtype=np.int32)
    return found


def record_of(place: Path) -> folder.Reconstruction:
    """Its record. place : where the folder `Zoë.ofer` lies or is to lie."""
    return folder.Reconstruction(
        name="Zoë",
        created="2026-11-21T23:00:00+00:00",
        views=(
            folder.View(
                folder.PhotoRecord("zoë.jpg", "ab" * 32, 640, 480),
                folder.FaceRecord((1.0, 2.0, 3.0, 4.0), False, 0.75, False),
                folder.CameraRecord(
                    800.0, (320.0, 240.0), UPRIGHT, (0.0, 0.0, -1.0), 640, 480, True
                ),
                ("eyes", "mouth"),
                "cd" * 32,
            ),
        ),
        pack=folder.PackRecord("open", "0.1", "Open", "CC0-1.0", True, "plausible", "ff"),
        settings=folder.SettingsRecord(
            0, "ddpm", 20, 100, 10, 15, "cpu", 2, "0.1.0", "2.13.0",
            hints=Hints(age=41.5, build=0.25),
        ),
        identities=(
            folder.Hypothesis("identity_01", 1, 0.5, 17),
            folder.Hypothesis("identity_02", 1, 0.5, 3, 1),
        ),
        expressions=(folder.Hypothesis("expression_01", 1, 0.0, 0),),
        expression_names=("jawOpen", "a", "b", "c"),
        joints=("root", "head"),
        joint_parents=(-1, 0),
        parts=("skin",),
        notes=("A note.",),
        additions=(
            folder.Addition(7, "ddim", 12, 40, 5, 0.5, 0.0, (3, 17), (0.5, 0.5), 10),
        ),
        folder=place / "Zoë.ofer",
    )  # fmt: skip


def write_small(place: Path) -> folder.Reconstruction:
    """The whole folder on disk."""
    record = record_of(place)
    pictures = {each.name: b"\x89PNG" for each in (*record.identities, *record.expressions)}
    return draft.write(record, arrays_of(), pictures)
