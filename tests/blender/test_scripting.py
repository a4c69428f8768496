"""What docs/scripting.md promises: its examples, the command, the report and the manual."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlparse

import bpy
import pytest
from conftest import ROOT
from ofer_faces.ofer_blender import CLASSES
from ofer_faces.ofer_blender.engine import jobs, report
from ofer_faces.ofer_blender.headless import command_line
from ofer_faces.ofer_blender.ui import manual_map
from ofer_faces.ofer_engine.contract.protocol import Failure
from ofer_faces.ofer_engine.setup import manual

Employ = Callable[[str], None]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs/scripting.md").read_text("utf-8"), re.S)


@pytest.fixture
def given(tmp_path: Path) -> dict[str, object]:
    """The paths that the examples take as given."""
    photos = [tmp_path / f"{name}.jpg" for name in ("anna", "boris")]
    for each in photos:
        each.write_bytes(b"not looked at")
    return {"photo": str(photos[0]), "photos": photos, "folder": str(tmp_path)}


def test_there_are_three_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_run(
    employ: Employ,
    given: dict[str, object],
    number: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    employ("ok")
    exec(compile(EXAMPLES[number], f"example {number + 1}", "exec"), dict(given))
    said = capsys.readouterr().out
    if number == 0:
        assert bpy.context.object.ofer.basis == "identity_02" and "1 identity_01" in said
    elif number == 1:
        assert sorted(p.stem for p in tmp_path.glob("*.blend")) == ["anna", "boris"]
    else:
        asked = json.loads((tmp_path / "prepared" / "request.json").read_text())
        assert [Path(each["path"]).stem for each in asked["photos"]] == ["anna", "boris"]
        assert asked["photos"][1]["points"] == [210, 180, 290, 184, 250, 310]
        assert '"seed": 5' in said and bpy.context.object.asset_data


def test_command_writes_a_blend(employ: Employ, photo: Path, tmp_path: Path) -> None:
    employ("ok")
    out = tmp_path / "x.blend"
    options = ["--points", "1,2,3,4,5,6", "--seed", "9", "--identities", "20", "--keep", "5"]
    assert command_line.run([str(photo), "--out", str(out), *options]) == 0
    asked = json.loads((tmp_path / "prepared" / "request.json").read_text())
    assert asked["photos"][0]["points"] == [1, 2, 3, 4, 5, 6]
    assert (asked["seed"], asked["identities"], asked["keep"]) == (9, 20, 5)
    bpy.ops.wm.open_mainfile(filepath=str(out))
    assert any(each.ofer.is_head for each in bpy.data.objects) and bpy.context.scene.camera
    assert jobs.queue.client is None, "the engine ends with the command"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [(["nobody.jpg"], 1, "There is no photo"), (["a.jpg", "--box", "1,2"], 2, "invalid"),
     ([], 2, "PHOTO"), (["--help"], 0, "--points")],
)  # fmt: skip
def test_command_explains_itself(
    employ: Employ,
    arguments: list[str],
    status: int,
    said: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    employ("ok")
    assert command_line.run(arguments) == status
    out, err = capfd.readouterr()
    assert said in out + err and "Traceback" not in err


@pytest.mark.parametrize("option", ["--out", "--glb"])
def test_command_tells_a_wrong_place_before_the_work(
    employ: Employ, photo: Path, tmp_path: Path, option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    employ("ok")
    assert command_line.run([str(photo), option, str(tmp_path / "no" / "such" / "x")]) == 1
    assert "There is no folder" in capfd.readouterr().err
    assert not (tmp_path / "prepared" / "request.json").exists()


def test_command_says_what_the_engine_says(
    employ: Employ, photo: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    employ("die")
    assert command_line.run([str(photo), "--out", str(tmp_path / "x.blend")]) == 1
    assert "The engine stopped unexpectedly" in capfd.readouterr().err
    assert not (tmp_path / "x.blend").exists()


def test_report_masks_what_is_private(
    employ: Employ, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "janedoe")
    monkeypatch.setenv("HOME", "/home/janedoe")
    employ("ok")
    bpy.ops.ofer.choose_photo(filepath=str(photo))
    failure = Failure(0, "internal", "It broke at anna.jpg.", "See /home/janedoe/x.", "")
    log = Path(bpy.context.preferences.addons["ofer_faces"].preferences.home) / "logs/engine.log"
    log.parent.mkdir(parents=True)
    log.write_text("Traceback of /home/janedoe/photos/anna.jpg\n")
    text = report.text(failure)
    assert "OFER Faces 0." in text and f"Blender {bpy.app.version_string}" in text
    assert "Failure: internal" in text and "Traceback of ~/photos/<photo>" in text
    assert "janedoe" not in text and "anna" not in text
    assert bpy.ops.ofer.copy_report() == {"FINISHED"}


def test_every_operator_has_its_page() -> None:
    prefix, pages = manual_map.mapping()
    operators = [each for each in CLASSES if issubclass(each, bpy.types.Operator)]
    for operator in operators:
        asked = f"bpy.ops.{operator.bl_idname}"
        rest = next(rest for pattern, rest in pages if _matches(asked, pattern))
        path = Path(unquote(urlparse(prefix + rest).path))
        assert path.is_file(), f"{asked}: {path.name}"
    assert all(pattern == pattern.lower() for pattern, _ in pages), "as Blender compares them"


def test_f1_opens_a_page_that_names_the_button() -> None:
    """In its text or as a heading, where any page of the manual does at all."""
    names = ("manual", "choosing", "rig", "skin", "export", "perform", "weights")
    texts = {name: (ROOT / f"docs/{name}.md").read_text("utf-8") for name in names}
    pages = manual_map.mapping()[1]
    for operator in (each for each in CLASSES if issubclass(each, bpy.types.Operator)):
        label = r"\s+".join(map(re.escape, operator.bl_label.rstrip("…").split())) + "…?"
        button = re.compile(rf"\*{label}\*|^#+ {label}$", re.M)
        naming = {name for name, text in texts.items() if button.search(text)}
        asked = f"bpy.ops.{operator.bl_idname}"
        rest = next(rest for pattern, rest in pages if _matches(asked, pattern))
        assert not naming or Path(rest).stem in naming, asked


def test_every_pattern_is_an_operator() -> None:
    known = [f"bpy.ops.{e.bl_idname}" for e in CLASSES if issubclass(e, bpy.types.Operator)]
    patterns = [pattern for pattern, _ in manual_map.mapping()[1] if ".ops." in pattern]
    assert [p for p in patterns if not any(_matches(name, p) for name in known)] == []


def test_pages_of_the_package_link_to_each_other() -> None:
    pages = manual.pages(ROOT)
    assert "manual/manual.html" in pages
    for name, page in pages.items():
        if name.endswith(".html"):
            for target in re.findall(r'(?:href|src)="([^":#]+)', page.decode()):
                assert f"manual/{target}" in pages, f"{name} → {target}"


def test_markdown_becomes_html() -> None:
    text = (
        "# A <b>\n\nOne *two* **three** `*x*`\nfour.\n\n1. a\n   b\n2. c\n\n| h |\n|---|\n| `d` |\n"
    )
    made = manual.page(text + "\n    code <\n\n[p](weights.md#x) [r](../README.md)\n", ("weights",))
    for part in (
        '<h1 id="a-b">A &lt;b&gt;</h1>',
        "<p>One <i>two</i> <b>three</b> <code>*x*</code> four.</p>",
        "<ol><li>a b</li><li>c</li></ol>", "<tr><th>h</th></tr><tr><td><code>d</code></td></tr>",
        "<pre><code>code &lt;</code></pre>", '<a href="weights.html#x">p</a> r',
    ):  # fmt: skip
        assert part in made, part


def _matches(name: str, pattern: str) -> bool:
    import fnmatch

    return fnmatch.fnmatchcase(name.lower(), pattern)
