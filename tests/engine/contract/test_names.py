"""Names of files: plain on every system, never a path, never one that is taken."""

from __future__ import annotations

import os

import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.names import check_name, free_name, kept_note, plain_name, usable
from ofer_engine.contract.sentence import readable


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("anna", "anna"),
        ("front view (2)", "front_view_2"),
        ("../../etc/passwd", "etc_passwd"),
        ("花子", "花子"),
        ("a-b", "a-b"),
        ("", "head"),
        ("..", "head"),
        ("\udcff\udcfe", "head"),
        ("x\udcff", "x"),
        ("con", "con_"),
        ("LPT1", "LPT1_"),
        ("COM\xb2", "COM\xb2_"),
        ("x\ud800y", "x_y"),
        ("a\x00b\nc", "a_b_c"),
        ("हिन्दी (2)", "हिन्दी_2"),
        ("ภาษาไทย", "ภาษาไทย"),
        ("Jo\u0308rg か\u3099", "Jörg_が"),
        ("gpj.\u202eanna", "gpj_anna"),
        ("anna 👩", "anna"),
    ],
)
def test_any_text_becomes_a_name_that_is_usable(text, plain):
    assert plain_name(text) == plain
    assert usable(plain_name(text))


@pytest.mark.parametrize("letter", ["a", "ü", "花", "👩"])
def test_long_names_are_cut_between_letters(letter):
    name = plain_name(letter * 300 if letter != "👩" else "a" + "花" * 299)
    assert 170 < len(name.encode()) <= 180 and usable(name)


@pytest.mark.parametrize("name", ["x", "front view (2)", "a.b", "花子", "x" * 180, "com", "conny"])
def test_names_that_are_taken_as_they_are(name):
    check_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "/x", "a/b", "a\\b", "c:", "a\x00", "a\n", "x.", "x ", " x", ".x"]
    + ["nul", "Con.txt", "com1", "x" * 181, "a*", 'a"', "\udcff", "\ud800", "~/../x"]
    + ["a\x9b2J", "a\u2028b", "a\u202eb", "a\u2067b"]
    + ["COM\xb9", "lpt\xb3.txt", "nul .txt", "CONIN$", "conout$"],
)
def test_paths_and_what_some_system_refuses_end_in_a_sentence(name):
    with pytest.raises(OferError) as caught:
        check_name(name)
    assert caught.value.code is ErrorCode.BAD_REQUEST
    str(caught.value).encode("utf-8")
    suggested = caught.value.hint.removeprefix("Give a name without folders, such as ")
    assert usable(suggested.removesuffix("."))


def test_a_taken_name_gets_a_number_and_nothing_is_touched(tmp_path):
    assert free_name(tmp_path, "front", (".ofer", ".blend")) == "front"
    (tmp_path / "front.blend").write_text("work")
    (tmp_path / "front_02.ofer").mkdir()
    os.symlink(tmp_path / "nowhere", tmp_path / "front_03.blend")
    assert free_name(tmp_path, "front", (".ofer", ".blend")) == "front_04"
    assert kept_note("front", "front") == ()
    (note,) = kept_note("front", "front_04")
    assert note == "front is there already and stays as it is: this is front_04."


def test_a_long_name_has_room_for_its_number(tmp_path):
    name = "花" * 60
    (tmp_path / f"{name}.ofer").mkdir()
    free = free_name(tmp_path, name, (".ofer",))
    assert free.endswith("_02") and usable(free)


def test_errors_can_always_be_written_and_sent():
    error = OferError(ErrorCode.PHOTO_MISSING, "There is no photo \udcff.jpg.", "Look at \udcfe.")
    assert str(error).encode("utf-8").decode() == "There is no photo \ufffd.jpg. Look at \ufffd."
    assert readable("花子") == "花子"
