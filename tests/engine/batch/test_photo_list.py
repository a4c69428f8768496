"""What a batch is asked to work on: folders and lists."""

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


def test_names_that_are_paths_are_made_plain(tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text("photo,name\na.jpg,../../etc/passwd\nb.jpg,con\n", "utf-8")
    assert [task.name for task in read_photo_list(listed)] == ["etc_passwd", "con_"]


def test_a_list_in_parquet(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    listed = tmp_path / "list.parquet"
    columns = {"photo": ["a.jpg", None, "b.jpg"], "name": ["x", "y", None], "age": [1, 2, 3]}
    parquet.write_table(arrow.table(columns), listed)
    assert [task.name for task in read_photo_list(listed)] == ["x", "b"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("list.csv", b"who\nanna\n", "no column of photos"),
        ("list.csv", b"photo\n\xff\xfe\xfa\n", "cannot be read"),
        ("list.csv", b"", "no column of photos"),
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
