"""Two people given as one are told of; one person's photos, however unlike, are not."""

import dataclasses

import numpy as np
import pytest
from PIL import Image, ImageOps

from ofer_engine.contract import protocol
from ofer_engine.handlers.disagreement import disagreement
from ofer_engine.photo.load import photo_from_pixels
from ofer_engine.preview.thumbnails import Look, render, thumbnail_camera, to_bytes
from ofer_engine.progress import Work

TWO = "The two photos may show different people; if they do, reconstruct each alone."


@pytest.fixture(scope="module")
def pack(engine):
    return engine.session.reconstructor("open").pack


@pytest.fixture(scope="module")
def astronaut(portrait):
    return Image.open(portrait).convert("RGB")


@pytest.fixture(scope="module")
def stranger(pack):
    """A head whose face is nobody's, pictured."""
    look = Look.of_head(pack.head)
    coefficients = 1.3 * np.random.RandomState(0).standard_normal(pack.identities)
    vertices = pack.head.vertices(coefficients.astype(np.float32)).astype(np.float32)
    picture = to_bytes(render(vertices, look, thumbnail_camera(look, 512)))
    return Image.fromarray(np.ascontiguousarray(picture[..., :3]))


@pytest.fixture(scope="module")
def notes(engine, pack):
    """What is said of pictures given as one person's."""

    def say(*pictures, said_of=pack):
        evidence = []
        for picture in pictures:
            photo = photo_from_pixels(np.asarray(picture), "photo.png")
            evidence.append(pack.encode(photo, engine.session.detector().detect(photo)[0]))
        quiet = Work(1, lambda event: None, lambda: False, engine.session.pace)
        return disagreement(said_of, evidence, quiet)

    return say


def test_two_people_are_told_of(notes, astronaut, stranger):
    assert notes(astronaut, stranger) == notes(stranger, astronaut) == (TWO,)


@pytest.mark.parametrize("change", ["same", "mirrored", "dark", "small", "rolled", "half", "grey"])
def test_one_person_is_not_doubted(notes, astronaut, change):
    half = astronaut.copy()
    half.paste((90, 110, 140), (222, 0, 330, 220))
    other = {
        "same": astronaut,
        "mirrored": ImageOps.mirror(astronaut),
        "dark": astronaut.point(lambda value: value * 0.3),
        "small": astronaut.resize((256, 256)),
        "rolled": astronaut.rotate(15, Image.Resampling.BICUBIC),
        "half": half,
        "grey": ImageOps.grayscale(astronaut).convert("RGB"),
    }[change]
    assert notes(astronaut, other) == ()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_odd_one_of_three_is_named_by_its_place(notes, astronaut, stranger, place):
    pictures = [astronaut, ImageOps.mirror(astronaut)]
    pictures.insert(place, stranger)
    said = f"Photo {place + 1} may show another person than the others do; if so, leave it out."
    assert notes(*pictures) == (said,)


def test_nothing_is_said_of_one_photo_nor_by_a_pack_that_was_not_measured(
    notes, pack, astronaut, stranger
):
    assert notes(stranger) == ()
    other = dataclasses.replace(pack, record=dataclasses.replace(pack.record, id="mine"))
    assert notes(astronaut, stranger, said_of=other) == ()


def test_the_note_is_kept_with_the_reconstruction(engine, small, stranger, tmp_path):
    stranger.save(tmp_path / "other.png")
    photos = (*small["photos"], protocol.PhotoFace(str(tmp_path / "other.png")))
    request = protocol.Reconstruct(**(small | {"out": str(tmp_path), "photos": photos}), name="two")
    assert TWO in engine.read(request).notes
    again = dataclasses.replace(request, photos=small["photos"] * 2, name="one")
    assert TWO not in engine.read(again).notes
