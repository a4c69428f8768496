"""Photos come in: chosen or dropped, one person or several, a face clicked or placed by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.operators import face as face_operators
from ofer_faces.ofer_blender.photo import face_pictures
from ofer_faces.ofer_blender.photo.face_picker import FacePicker, PhotoFrame, Picked
from ofer_faces.ofer_engine.contract.errors import ErrorCode
from recording_layout import draw
from scene_dump import differences, dump

Employ = Callable[[str], None]
FRAME = PhotoFrame.fitted((640, 480), (1000, 700), 60)
FACES = ((10.0, 20.0, 100.0, 120.0), (40.0, 40.0, 40.0, 40.0))


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    names = ["anna.jpg", "nobody.jpg", "boris.png"]
    for name in names:
        (tmp_path / name).write_bytes(b"not looked at")
    return names


def listed(names: list[str]) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def asked(tmp_path: Path) -> dict:
    return json.loads((tmp_path / "prepared" / "request.json").read_text())


def finish(seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while jobs.queue.poll():
        assert time.monotonic() < end, f"still {jobs.queue.job}"
        time.sleep(0.01)


@pytest.mark.parametrize("handler", ["photo", "video", "weights", "reconstruction"])
def test_file_handlers_are_clear_and_for_the_viewport(handler: str) -> None:
    kind = getattr(bpy.types, f"OFER_FH_{handler}")
    assert kind.bl_label.startswith("OFER Faces: ")
    module, name = kind.bl_import_operator.split(".")
    assert getattr(getattr(bpy.ops, module), name).get_rna_type().name
    assert kind.bl_file_extensions.startswith(".")
    assert not kind.poll_drop(bpy.context), "there is no viewport here"


def test_what_the_engine_reads_may_be_chosen_and_dropped() -> None:
    """Blender's own filter for pictures knows neither HEIC nor, before 5, AVIF."""
    dropped = bpy.types.OFER_FH_photo.bl_file_extensions.split(";")
    assert {".jpg", ".heic", ".heif", ".avif", ".webp", ".tiff"} <= set(dropped)
    for name in ("choose_photo", "reconstruct_each"):
        chosen = getattr(bpy.ops.ofer, name).get_rna_type().properties["filter_glob"].default
        assert chosen.split(";") == [f"*{suffix}" for suffix in dropped]


def test_a_place_that_is_no_number_is_refused(
    employ: Employ, photos: list[str], tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.choose_photo(directory=str(tmp_path), files=listed(photos[:1]))
    before = dump()
    with pytest.raises(RuntimeError, match="no number"):
        bpy.ops.ofer.place_face(points=(1, 2, 3, float("nan"), 5, 6))
    assert differences(before, dump()) == []


def test_several_photos_of_one_person_are_one_request(
    employ: Employ, photos: list[str], tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.choose_photo(directory=str(tmp_path), files=listed(photos), people="ONE")
    chosen = [Path(photo.filepath).name for photo in bpy.context.scene.ofer.photos]
    assert chosen == photos
    bpy.ops.ofer.find_faces()
    assert len(jobs.queue.photos.keys()) == 3
    bpy.ops.ofer.show_photo(index=1)
    bpy.ops.ofer.choose_face(index=1)
    bpy.ops.ofer.show_photo(index=2)
    bpy.ops.ofer.place_face(points=(1, 2, 3, 4, 5, 6))
    bpy.ops.ofer.reconstruct()
    sent = asked(tmp_path)["photos"]
    assert [Path(photo["path"]).name for photo in sent] == photos
    assert [photo["face"] for photo in sent] == [0, 1, 0]
    assert sent[2]["points"] == [1, 2, 3, 4, 5, 6] and not sent[1]["points"]


def test_choosing_several_is_one_undo_step(photos: list[str], tmp_path: Path) -> None:
    before = dump()
    bpy.ops.ofer.choose_photo(
        "EXEC_DEFAULT", True, directory=str(tmp_path), files=listed(photos), people="ONE"
    )
    assert len(bpy.context.scene.ofer.photos) == 3
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_further_photos_and_taking_one_off(
    employ: Employ, photos: list[str], tmp_path: Path
) -> None:
    bpy.ops.ofer.choose_photo(filepath=str(tmp_path / photos[0]))
    bpy.ops.ofer.choose_photo(filepath=str(tmp_path / photos[2]), add=True)
    assert len(bpy.context.scene.ofer.photos) == 2 and bpy.context.scene.ofer.photo_index == 1
    drawn = draw("OFER_PT_photo")
    assert "[ofer.show_photo] anna.jpg" in drawn and "[ofer.show_photo] *boris.png" in drawn
    bpy.ops.ofer.remove_photo(index=0)
    assert Path(bpy.context.scene.ofer.photos[0].filepath).name == "boris.png"
    bpy.ops.ofer.remove_photo(index=0)
    assert not bpy.ops.ofer.remove_photo.poll()


def test_different_people_wait_in_line(
    employ: Employ, photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "follow", lambda operator, wait: {"FINISHED"})
    employ("one_faceless")
    bpy.ops.ofer.choose_photo(directory=str(tmp_path), files=listed(photos), people="SEVERAL")
    assert not bpy.context.scene.ofer.photos, "the panel keeps what it had"
    drawn = draw("OFER_PT_photo")
    assert "2 waiting in line" in drawn and "boris" in drawn
    assert "[ofer.skip] Skip This One" in drawn
    finish()
    heads = [each for each in bpy.data.objects if each.ofer.is_head]
    assert {Path(each.ofer.folder).stem for each in heads} == {"anna", "boris"}
    assert jobs.queue.failure is None, "one photo without a face does not stop the others"
    assert "nobody: It cannot be done." in jobs.queue.notes
    assert "nobody: It cannot be done." in draw("OFER_PT_photo")


def test_same_photo_twice_in_line_gets_two_folders(
    employ: Employ, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "follow", lambda operator, wait: {"FINISHED"})
    employ("ok")
    for _ in range(2):
        bpy.ops.ofer.reconstruct(filepath=str(photo))
    finish()
    heads = [each for each in bpy.data.objects if each.ofer.is_head]
    assert {Path(each.ofer.folder).name for each in heads} == {"anna.ofer", "anna_02.ofer"}


@pytest.mark.parametrize(
    ("operator", "said"),
    [("reconstruct_each", "No photo is chosen"), ("import_weights", "No weight file is chosen")],
)
def test_nothing_chosen_is_said(employ: Employ, tmp_path: Path, operator: str, said: str) -> None:
    employ("ok")
    for chosen in ({}, {"directory": str(tmp_path)}, {"directory": str(tmp_path), "files": []}):
        with pytest.raises(RuntimeError, match=said):
            getattr(bpy.ops.ofer, operator)(**chosen)
    assert jobs.queue.job is None


@pytest.mark.parametrize("stop", ["skip", "cancel"])
def test_skip_goes_on_and_cancel_clears_the_line(
    employ: Employ, photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    monkeypatch.setattr(jobs, "follow", lambda operator, wait: {"FINISHED"})
    employ("slow")
    bpy.ops.ofer.reconstruct_each(directory=str(tmp_path), files=listed(photos))
    while jobs.queue.job.stage != "Drawing heads":
        jobs.queue.poll()
        time.sleep(0.01)
    getattr(bpy.ops.ofer, stop)()
    while jobs.queue.job and jobs.queue.job.subject == "anna":
        jobs.queue.poll()
        time.sleep(0.01)
    finish_line = [job.subject for job in (jobs.queue.job, *jobs.queue.line) if job]
    if stop == "skip":
        jobs.queue.poll()
        finish_line = [job.subject for job in (jobs.queue.job, *jobs.queue.line) if job]
        assert finish_line == ["nobody", "boris"]
        bpy.ops.ofer.cancel()
    else:
        assert finish_line == []
    finish()
    assert not bpy.data.objects and jobs.queue.failure is None


@pytest.mark.parametrize(
    ("operator", "arguments"), [("remove_photo", {"index": 0}), ("show_photo", {"index": 0})]
)
def test_each_change_of_the_list_is_one_undo_step(
    photos: list[str], tmp_path: Path, operator: str, arguments: dict
) -> None:
    for number, name in enumerate(photos):
        bpy.ops.ofer.choose_photo(filepath=str(tmp_path / name), add=number > 0)
    bpy.ops.ed.undo_push(message="Photos")
    before = dump()
    getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **arguments)
    assert differences(before, dump())
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_image_of_the_blend(employ: Employ) -> None:
    assert not bpy.ops.ofer.use_image.poll()
    image = bpy.data.images.new("Anna", 64, 48)
    bpy.ops.ed.undo_push(message="Image")
    before = dump()
    bpy.ops.ofer.use_image("EXEC_DEFAULT", True, image=image.name)
    photo = bpy.context.scene.ofer.photos[0]
    assert photo.source == "IMAGE" and photo.image.name == "Anna"
    assert "[ofer.show_photo] Anna" in draw("OFER_PT_photo")
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


@pytest.mark.parametrize(
    "arguments", [{}, {"box": (10, 20, 30, 40)}, {"points": (1, 2, 3, 4, 5, 6)}]
)
def test_placing_and_choosing_are_one_step_each(
    employ: Employ, photo: Path, arguments: dict
) -> None:
    employ("ok")
    bpy.ops.ofer.choose_photo(filepath=str(photo))
    bpy.ops.ofer.find_faces()
    bpy.ops.ed.undo_push(message="Photo")
    before = dump()
    bpy.ops.ofer.place_face("EXEC_DEFAULT", True, **arguments)
    placed = bpy.context.scene.ofer.photos[0]
    wanted = "POINTS" if "points" in arguments else "BOX"
    assert placed.placement == wanted
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ofer.choose_face("EXEC_DEFAULT", True, index=1)
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_pictures_of_the_photo_and_its_faces(employ: Employ, photo: Path) -> None:
    employ("ok")
    bpy.ops.ofer.choose_photo(filepath=str(photo))
    bpy.ops.ofer.find_faces()
    opened = jobs.queue.photos.get(f"file:{photo}")
    whole = face_pictures.numbered(opened)
    assert whole.shape == (256, 256, 4) and whole[:, :, 3].mean() == pytest.approx(0.75)
    boxed = np.isclose(whole[..., :3], face_pictures.COLOUR).all(axis=2)
    rows, columns = np.nonzero(boxed)
    scale = 256 / 640
    assert abs(columns.min() - 10 * scale) <= 2 and abs(columns.max() - 110 * scale) <= 2
    assert abs(rows.min() - (32 + 20 * scale)) <= 2, "the photo stands in the middle of a square"
    assert np.isclose(whole[..., :3], face_pictures.DOUBTFUL).all(axis=2).any()
    face = face_pictures.cropped(opened, opened.event.faces[0])
    assert face.shape == (192, 192, 4) and np.allclose(face[..., :3], 128 / 255)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert not jobs.queue.photos.keys(), "of a face nothing is kept when another file is opened"


def test_a_frame_and_back() -> None:
    for point in ((0.0, 0.0), (640.0, 480.0), (123.0, 45.0)):
        assert FRAME.to_photo(FRAME.to_screen(point)) == pytest.approx(point)
    (left, bottom), (right, top) = FRAME.corners((0, 0, 640, 480))
    assert 0 < left < right < 1000 and 60 < bottom < top < 700
    assert FRAME.to_photo((-50, 5000)) == (0.0, 0.0), "outside moves to the edge"


def picker(placing: bool = False) -> FacePicker:
    return FacePicker(FRAME, FACES, placing)


def click(pick: FacePicker, at: tuple[float, float]) -> Picked | None:
    pick.press(FRAME.to_screen(at))
    return pick.release(FRAME.to_screen(at))


def test_clicking_a_face() -> None:
    pick = picker()
    assert click(pick, (15, 25)) == Picked(face=0)
    assert click(pick, (50, 50)) == Picked(face=1), "the smaller where they overlap"
    assert click(pick, (600, 400)) is None


def test_dragging_a_box() -> None:
    pick = picker()
    pick.press(FRAME.to_screen((300, 200)))
    pick.move(FRAME.to_screen((200, 120)))
    assert pick.drawn == pytest.approx((200, 120, 100, 80)) and pick.hovered is None
    picked = pick.release(FRAME.to_screen((200, 120)))
    assert picked.box == pytest.approx((200, 120, 100, 80))
    pick.press(FRAME.to_screen((15, 25)))
    assert pick.release(FRAME.to_screen((16, 26))) == Picked(face=0), "a click that trembled"


def test_eyes_and_chin() -> None:
    pick = picker(placing=True)
    asked_for = []
    for at in ((100, 100), (999, 999), (150, 100), (125, 160)):
        asked_for.append(pick.wanted)
        picked = click(pick, at)
        if at == (999, 999):
            pick.remove_last()
    assert asked_for == ["Click one eye", "Click the other eye"] + [
        "Click the other eye", "Click the tip of the chin"
    ]  # fmt: skip
    assert picked.points == pytest.approx((100, 100, 150, 100, 125, 160))
    pick.place()
    assert pick.wanted == "Click a face, or drag a box around another"


@pytest.mark.parametrize(
    ("picked", "placement"),
    [(Picked(face=1), "FOUND"), (Picked(box=(1.2, 2.6, 30, 40)), "BOX"),
     (Picked(points=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), "POINTS")],
)  # fmt: skip
def test_what_is_picked_is_one_undo_step(
    employ: Employ, photo: Path, picked: Picked, placement: str
) -> None:
    employ("ok")
    bpy.ops.ofer.choose_photo(filepath=str(photo))
    bpy.ops.ofer.find_faces()
    bpy.ops.ed.undo_push(message="Photo")
    before = dump()
    face_operators.take(picked)
    assert bpy.context.scene.ofer.photos[0].placement == placement
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_weights_are_shown_with_their_licence_before_they_are_installed(
    employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    before = dump()
    names = ["generic_model.pkl", "evil.pkl"]
    bpy.ops.ofer.import_weights(directory=str(tmp_path), files=listed(names))
    drawn = draw("OFER_PT_photo")
    assert "FLAME 2020 head model" in drawn and "Licence: FLAME licence." in drawn
    assert "Heads may not be sold." in drawn and "It runs code." in drawn
    assert not (tmp_path / "prepared" / "installed.json").exists(), "nothing before the yes"
    bpy.ops.ofer.install_weights()
    sent = json.loads((tmp_path / "prepared" / "installed.json").read_text())
    assert sent["paths"] == [str(tmp_path / "generic_model.pkl")], "what was refused is left out"
    assert jobs.queue.notes == ("Installed: FLAME 2020.",) and not jobs.queue.weights
    assert not bpy.ops.ofer.install_weights.poll()
    assert differences(before, dump()) == []


def test_declining_installs_nothing(employ: Employ, tmp_path: Path) -> None:
    employ("ok")
    bpy.ops.ofer.import_weights(filepath=str(tmp_path / "evil.pkl"))
    drawn = draw("OFER_PT_photo")
    assert "[ofer.decline_weights] Close" in drawn
    assert not any("install_weights" in line for line in drawn)
    bpy.ops.ofer.decline_weights()
    assert not jobs.queue.weights and not any("evil" in line for line in draw("OFER_PT_photo"))


def test_packs_are_what_is_installed(tmp_path: Path) -> None:
    from ofer_faces.ofer_blender.engine import packs

    settings = bpy.context.scene.ofer
    assert settings.pack == "open"
    parts = tmp_path / "home" / "packs" / "ofer-flame2020"
    parts.mkdir(parents=True)
    for part in ("idgen", "idrank", "expgen", "flame2020", "front_vertices"):
        packs.forget()
        assert list(packs.installed()) == ["open"]
        (parts / f"{part}.json").write_text("{}")
        (parts / f"{part}.safetensors").write_bytes(b"")
    packs.forget()
    assert list(packs.installed()) == ["open", "ofer-flame2020"]
    settings.pack = "ofer-flame2020"
    assert settings.pack_id == "ofer-flame2020"
    (parts / "idgen.json").unlink()
    packs.forget()
    assert settings.pack == "ofer-flame2020", "a file from elsewhere keeps what it asks for"
    bpy.ops.ed.undo_push(message="Pack")
    before = dump()
    bpy.ops.ofer.use_open_pack("EXEC_DEFAULT", True)
    assert settings.pack == "open"
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_hints_reach_a_pack_that_takes_them(
    employ: Employ, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ofer_faces.ofer_blender.engine import packs
    from ofer_faces.ofer_engine.contract.installed import InstalledPack

    employ("ok")
    settings = bpy.context.scene.ofer
    settings.tell_age, settings.age, settings.sex = True, 62.0, 1.0
    deaf = {"open": InstalledPack("open", tmp_path, "Open", "CC0", ())}
    monkeypatch.setattr(packs, "installed", lambda: deaf)
    assert "Age: 62.0" not in draw("OFER_PT_person")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert asked(tmp_path)["hints"] == {"age": None, "sex": None, "build": None}
    hinted = {"open": InstalledPack("open", tmp_path, "Open", "CC0", ("age", "sex", "build"))}
    monkeypatch.setattr(packs, "installed", lambda: hinted)
    assert "Age: 62.0" in draw("OFER_PT_person")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert asked(tmp_path)["hints"] == {"age": 62.0, "sex": None, "build": None}


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        (ErrorCode.WEIGHTS_MISSING, "[ofer.use_open_pack] Use the Open Pack"),
        (ErrorCode.NO_FACE, "[ofer.pick_face] Pick on the Photo"),
        (ErrorCode.OUT_OF_MEMORY, "[ofer.show_preferences] Preferences…"),
        (ErrorCode.INTERNAL, "[ofer.open_log] Open the Log"),
    ],
)
def test_a_failure_offers_its_fix_and_a_report(
    employ: Employ, photo: Path, code: ErrorCode, fix: str
) -> None:
    employ(f"refuse_{code}")
    before = dump()
    with pytest.raises(RuntimeError, match="It cannot be done. Do this."):
        bpy.ops.ofer.reconstruct(filepath=str(photo))
    drawn = draw("OFER_PT_photo")
    assert "It cannot be done." in drawn and "Do this." in drawn
    assert fix in drawn and "[ofer.copy_report] Copy Report" in drawn
    assert differences(before, dump()) == []
