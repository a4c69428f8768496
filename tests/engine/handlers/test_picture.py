"""Thumbnails anew, in the skin that the head wears."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.contract import protocol
from ofer_engine.contract.errors import ErrorCode, OferError


def _skin(made, folder: Path, colour: tuple[int, int, int]) -> dict[str, str]:
    """One colour on the head's own UVs."""
    Image.new("RGB", (64, 64), colour).save(folder / "albedo.png")
    np.save(folder / "uv.npy", made.array("uv"))
    return {"albedo": str(folder / "albedo.png"), "uv": str(folder / "uv.npy")}


def _pixels(png: bytes | Path) -> np.ndarray:
    with Image.open(io.BytesIO(png) if isinstance(png, bytes) else png) as picture:
        return np.asarray(picture.convert("RGB"), float)


def test_clay_is_drawn_as_it_was(engine, made, tmp_path):
    result = engine.ask(protocol.Picture(1, str(made.folder), str(tmp_path / "out")))
    for hypothesis in (*made.identities, *made.expressions):
        picture = Path(result.path) / f"{hypothesis.name}.png"
        assert picture.read_bytes() == made.picture(hypothesis), hypothesis.name


def test_the_skin_is_on_every_picture_and_the_irises_have_their_colour(engine, made, tmp_path):
    skin = _skin(made, tmp_path, (40, 160, 60))
    asked = protocol.Picture(1, str(made.folder), str(tmp_path / "out"), **skin)
    folder = Path(engine.ask(asked).path)
    best = made.identities[0]
    clay, green = _pixels(made.picture(best)), _pixels(folder / f"{best.name}.png")
    middle = np.s_[110:130, 90:110]  # a cheek
    assert clay[middle].mean((0, 1)).argmax() == 0
    assert green[middle].mean((0, 1)).argmax() == 1
    assert np.array_equal(clay[:40, :5], green[:40, :5]), "the same backdrop"
    assert len(list(folder.iterdir())) == len(made.identities) + len(made.expressions)
    red = protocol.Picture(1, str(made.folder), str(tmp_path / "eyes"), **skin, iris=(1, 0, 0))
    eyes = _pixels(Path(engine.ask(red).path) / f"{best.name}.png")
    changed = eyes - green
    assert changed[..., 0].max() > 30, "some iris is redder"
    assert np.abs(changed).max(-1).astype(bool).mean() < 0.02, "and nothing else"


@pytest.mark.parametrize(
    "changes",
    [{"albedo": "a.png"}, {"uv": "uv.npy"}, {"iris": (1.0, 0.0)}, {"iris": (2.0, 0.0, 0.0)}],
)
def test_what_makes_no_sense_is_refused(engine, made, tmp_path, changes):
    with pytest.raises(OferError) as caught:
        engine.ask(protocol.Picture(1, str(made.folder), str(tmp_path / "out"), **changes))
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert not (tmp_path / "out").exists()


def test_a_skin_of_another_head_is_refused(engine, made, tmp_path):
    skin = _skin(made, tmp_path, (1, 2, 3))
    np.save(tmp_path / "uv.npy", np.zeros((3, 4, 2), np.float32))
    asked = protocol.Picture(1, str(made.folder), str(tmp_path / "out"), **skin)
    with pytest.raises(OferError, match="does not fit") as caught:
        engine.ask(asked)
    assert caught.value.code is ErrorCode.RECONSTRUCTION_DAMAGED
