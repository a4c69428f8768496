"""What a batch is asked to work on: folders and lists."""

import csv
import os
import sys
import unicodedata

import pytest

from ofer_engine.batch.photo_list import read_photo_list
from ofer_engine.contract.errors import OferError


def photos(tmp_path, *names):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def test_a_folder_with_those_below_it_by_name(tmp_path):
    photos(tmp_path, "b.JPG", "a/anna.png", "notes.txt", ".hidden/c.jpg", "a/.d.jpg")
    tasks = read_photo_list(tmp_path)
    assert [(task.number, task.name) for task in tasks] == [(0, "anna"), (1, "b")]
    assert tasks[0].photo == str(tmp_path / "a" / "anna.png")


def test_results_of_photos_of_one_name_get_names_of_their_own(tmp_path):
    photos(tmp_path, "1/front.jpg", "2/Front.jpg", "3/front.png")
    names = [task.name for task in read_photo_list(tmp_path)]
    assert names == ["front", "Front_02", "front_03"]


def test_lines_of_text_as_the_demo_has_them(tmp_path):
    photos(tmp_path, "images/x.jpg")
    listed = tmp_path / "image_names.txt"
    listed.write_text("\ufeffx.jpg\r\n\nmissing.jpg\n", "utf-8")
    tasks = read_photo_list(listed, tmp_path / "images")
    assert [task.photo for task in tasks] == [
        str(tmp_path / "images" / name) for name in ("x.jpg", "missing.jpg")
    ]


@pytest.mark.parametrize("column", ["photo", "image", "image_path"])
def test_a_csv_with_names(tmp_path, column):
    listed = tmp_path / "list.csv"
    listed.write_text(f"id,{column},name\n1,a b.jpg,Anna\n2,../c.jpg,\n3,,\n", "utf-8")
    tasks = read_photo_list(listed)
    assert [task.name for task in tasks] == ["Anna", "c"]
    assert tasks[0].photo == str(tmp_path / "a b.jpg")


def test_lists_as_windows_stores_them(tmp_path):
    """PowerShell in UTF-16, paths that were copied in quotes, a line above the heading."""
    (tmp_path / "list.txt").write_bytes('"a b.jpg"\r\nc.jpg\r\n'.encode("utf-16"))
    (tmp_path / "list.csv").write_bytes("\r\nphoto\r\na b.jpg\r\nc.jpg\r\n".encode("utf-16"))
    for name in ("list.txt", "list.csv"):
        photos = [task.photo for task in read_photo_list(tmp_path / name)]
        assert photos == [str(tmp_path / "a b.jpg"), str(tmp_path / "c.jpg")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_lists_in_wide_letters_without_a_mark(tmp_path, encoding):
    for name, text in (
        ("list.txt", "Jörg.jpg\r\n木.jpg\r\n"),
        ("list.csv", "photo\nJörg.jpg\n木.jpg\n"),
    ):
        (tmp_path / name).write_bytes(text.encode(encoding))
        photos = [task.photo for task in read_photo_list(tmp_path / name)]
        assert photos == [str(tmp_path / "Jörg.jpg"), str(tmp_path / "木.jpg")]


ODD = [
    "-v.jpg",
    " before.jpg",
    "after.jpg ",
    "a\u2028b.jpg",
    "a\x85b.jpg",
    "a\x0cb.jpg",
    'say "b".jpg',
]


@pytest.mark.skipif(sys.platform == "win32", reason="such names cannot be there")
def test_odd_names_are_found_as_they_are_listed(tmp_path):
    names = [*ODD, "two\nlines.jpg"]
    photos(tmp_path, *names)
    (tmp_path / "list.txt").write_text("\n".join(ODD), "utf-8")
    with (tmp_path / "list.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["photo"], *([name] for name in names)])
    for listed, wanted in (("list.txt", ODD), ("list.csv", names)):
        tasks = read_photo_list(tmp_path / listed)
        assert [task.photo for task in tasks] == [str(tmp_path / name) for name in wanted]
        assert all(task.name.isprintable() for task in tasks)


def test_blanks_around_a_name_are_left_out_where_no_photo_has_them(tmp_path):
    photos(tmp_path, "a.jpg")
    (tmp_path / "list.csv").write_text("  \n\nid, photo, name\n1, a.jpg , Anna \n2, ,\n", "utf-8")
    (tmp_path / "list.txt").write_text("  a.jpg\t\n \n", "utf-8")
    (found,) = read_photo_list(tmp_path / "list.csv")
    assert (found.photo, found.name) == (str(tmp_path / "a.jpg"), "Anna")
    assert [task.photo for task in read_photo_list(tmp_path / "list.txt")] == [found.photo]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_a_column_without_a_heading_is_no_name(tmp_path, separator):
    """Programs number the rows of a table so."""
    text = ",photo\n0,b.jpg\n1,a.jpg\n".replace(",", separator)
    (tmp_path / "list.csv").write_text(text, "utf-8")
    assert [task.name for task in read_photo_list(tmp_path / "list.csv")] == ["b", "a"]


def test_names_that_are_paths_are_made_plain(tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text("photo,name\na.jpg,../../etc/passwd\nb.jpg,con\n", "utf-8")
    assert [task.name for task in read_photo_list(listed)] == ["etc_passwd", "con_"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_as_spreadsheets_of_other_languages_save_it(tmp_path, separator):
    listed = tmp_path / "list.csv"
    rows = [["Photo", "Name"], ["a,b;c.jpg", "Anna"], ["d.jpg", ""]]
    with listed.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    tasks = read_photo_list(listed)
    assert [task.name for task in tasks] == ["Anna", "d"]
    assert tasks[0].photo == str(tmp_path / "a,b;c.jpg")


@pytest.mark.parametrize(("listed_as", "lies_as"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_letters_may_be_composed_otherwise_in_the_list(tmp_path, listed_as, lies_as):
    """macOS writes a letter and its accent as two characters, most others as one."""
    there = unicodedata.normalize(lies_as, "Jörg/がぎ é.jpg")
    photos(tmp_path, there, "same.jpg")
    listed = tmp_path / "list.txt"
    lines = unicodedata.normalize(listed_as, "Jörg/がぎ é.jpg\nsame.jpg\nJörg/x.jpg")
    listed.write_text(lines, "utf-8")
    first, second, missing = read_photo_list(listed)
    assert first.photo == str(tmp_path / there)
    assert second.photo == str(tmp_path / "same.jpg")
    assert missing.photo == str(tmp_path / unicodedata.normalize(listed_as, "Jörg/x.jpg"))


def test_results_whose_names_some_system_takes_for_one_get_names_of_their_own(tmp_path):
    forms = [unicodedata.normalize(form, "Jörg") for form in ("NFC", "NFD")]
    photos(tmp_path, *(f"{number}/{form}.jpg" for number, form in enumerate(forms)))
    names = [task.name for task in read_photo_list(tmp_path)]
    assert names == [forms[0], f"{forms[0]}_02"]


def test_a_list_in_parquet(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    listed = tmp_path / "list.parquet"
    columns = {"photo": ["a.jpg", None, "b.jpg"], "name": ["x", "y", None], "age": [1, 2, 3]}
    parquet.write_table(arrow.table(columns), listed)
    assert [task.name for task in read_photo_list(listed)] == ["x", "b"]


def _of_a_data_set(tmp_path, **parts):
    """A list in Parquet as Hugging Face's datasets store pictures, by the parts of each."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    listed = tmp_path / "train.parquet"
    rows = [dict(zip(parts, each, strict=True)) for each in zip(*parts.values(), strict=True)]
    parquet.write_table(
        arrow.table({"image": [*rows, None], "age": [*range(len(rows)), 9]}), listed
    )
    return listed


@pytest.mark.parametrize("held", [{}, {"bytes": [b"\xff\xd8", b"\xff\xd8"]}])
def test_pictures_of_a_data_set_are_found_by_their_paths(tmp_path, held):
    listed = _of_a_data_set(tmp_path, **held, path=["a.jpg", "in/b.jpg"])
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8")
    found = read_photo_list(listed)
    assert [task.name for task in found] == ["a", "b"]
    assert [task.photo for task in found] == [str(tmp_path / "a.jpg"), str(tmp_path / "in/b.jpg")]


@pytest.mark.parametrize("paths", [["0.jpg", "1.jpg"], [None, "1.jpg"], None])
def test_a_list_that_holds_the_pictures_themselves_is_told_so(tmp_path, paths):
    parts = {"path": paths} if paths else {}
    listed = _of_a_data_set(tmp_path, bytes=[b"\xff\xd8", b"\xff\xd8"], **parts)
    with pytest.raises(OferError, match="holds the pictures themselves") as caught:
        read_photo_list(listed)
    assert caught.value.hint == "Save them as files, and list these."


def test_a_list_of_other_structures_cannot_be_read(tmp_path):
    with pytest.raises(OferError, match="cannot be read"):
        read_photo_list(_of_a_data_set(tmp_path, width=[1, 2]))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("list.csv", b"who\nanna\n", "no column of photos"),
        ("list.csv", b"photo\n\xff\xfe\xfa\n", "cannot be read"),
        ("list.csv", b"", "no column of photos"),
        ("list.txt", b"a.jpg\n\0\n", "cannot be read"),
        ("list.doc", b"a.jpg", "neither a folder nor a list"),
        ("list.parquet", b"PAR1nonsensePAR1", "cannot be read"),
    ],
)
def test_what_is_no_list_is_refused_in_a_sentence(tmp_path, name, content, said):
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OferError, match=said) as caught:
        read_photo_list(tmp_path / name)
    assert caught.value.hint


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(OferError, match="neither a folder nor a list"):
        read_photo_list(tmp_path / "list.csv")


def test_a_data_set_whose_photos_all_have_one_name(tmp_path):
    """Its people's folders tell them apart; the names must not be sought one by one each time."""
    count = 30_000
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(f"{number}/front.jpg" for number in range(count)), "utf-8")
    names = [task.name for task in read_photo_list(listed)]
    assert names[:2] == ["front", "front_02"] and names[-1] == f"front_{count}"
    assert len(set(names)) == count


def test_a_name_that_looks_numbered_is_not_taken_twice(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("front_02.jpg\n1/front.jpg\n2/front.jpg\n3/Front_02.jpg\n", "utf-8")
    names = [task.name for task in read_photo_list(listed)]
    assert names == ["front_02", "front", "front_03", "Front_02_02"]


@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes")
def test_a_list_without_an_end_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "list.txt")
    with pytest.raises(OferError):
        read_photo_list(tmp_path / "list.txt")


def test_a_list_that_is_huge_is_not_read(tmp_path):
    with (tmp_path / "list.csv").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OferError, match="cannot be read") as caught:
        read_photo_list(tmp_path / "list.csv")
    assert caught.value.hint


def test_what_was_made_of_photos_is_no_photo(tmp_path):
    """Called again, a batch into its own folder of photos finds those, and no thumbnails."""
    photos(
        tmp_path,
        "egg.jpg", "egg_sheet.png", "my_sheet.png", "clip_frames/0001.png", "my_frames/1.png",
        "results/egg.ofer/thumbnails/identity_01.png", "results/egg.ofer/reconstruction.json",
        "egg.ofer/reconstruction.json", "clip.ofer/reconstruction.json", "mine.ofer/photo.jpg",
    )  # fmt: skip
    found = [os.path.relpath(task.photo, tmp_path) for task in read_photo_list(tmp_path)]
    wanted = ["egg.jpg", "mine.ofer/photo.jpg", "my_frames/1.png", "my_sheet.png"]
    assert found == [os.path.normpath(each) for each in wanted]


@pytest.mark.parametrize("column", [[["a.jpg"]], [1.0, None], [3, 4], [True]])
def test_a_column_of_parquet_that_holds_no_paths_is_no_list(tmp_path, column):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    listed = tmp_path / "list.parquet"
    parquet.write_table(arrow.table({"photo": column}), listed)
    with pytest.raises(OferError, match="list.parquet cannot be read"):
        read_photo_list(listed)
