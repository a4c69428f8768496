"""The picture to choose a face on."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.contract import protocol
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.handlers import open_photo
from ofer_engine.progress import Pace, Work
from ofer_engine.session import Session


@pytest.fixture
def work() -> Work:
    return Work(1, [].append, lambda: False, Pace())


def test_picture_is_upright_and_small(tmp_path: Path, work: Work) -> None:
    wide = np.zeros((600, 2048, 3), np.uint8)
    wide[:, :1024] = (200, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right: left becomes the top
    Image.fromarray(wide).save(tmp_path / "p.jpg", exif=exif, quality=95)
    request = protocol.OpenPhoto(1, str(tmp_path / "p.jpg"), str(tmp_path / "picture.npy"))
    opened = open_photo.answer(Session("cpu", None, None), request, work)
    picture = np.load(tmp_path / "picture.npy", allow_pickle=False)
    assert (opened.width, opened.height) == (600, 2048)
    assert picture.shape == (protocol.PICTURE_SIDE, 300, 3) and picture.dtype == np.uint8
    assert picture[100, 150, 0] > 150 and picture[-100, 150, 0] < 50


def test_picture_that_cannot_be_written_is_named(tmp_path: Path, work: Work) -> None:
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "p.png")
    (tmp_path / "no").write_text("a file, not a folder")
    request = protocol.OpenPhoto(1, str(tmp_path / "p.png"), str(tmp_path / "no" / "picture.npy"))
    with pytest.raises(OferError) as caught:
        open_photo.answer(Session("cpu", None, None), request, work)
    assert caught.value.code is ErrorCode.READ_ONLY
