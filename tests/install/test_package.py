"""The extension's zip: the same bytes each time, all that is needed, nothing that is not ours."""

from __future__ import annotations

import errno
import functools
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import tomllib
import zipfile
from pathlib import Path

import pytest

from ofer_engine.client.launch import default_home
from ofer_engine.contract.errors import OferError
from ofer_engine.setup import blender, package
from ofer_engine.setup.home import Home

from .conftest import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.build(ROOT, tmp_path_factory.mktemp("dist"))


def test_two_copies_of_the_project_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    """One of them without git, of which a list names all that is packed."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "docs", copy / "docs")  # which the manual is made of
    for name in reversed(package.contents(ROOT)):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
        os.utime(copy / name, (10**9, 10**9))
    again = package.build(copy, tmp_path / "dist")
    assert again.name == built.name
    assert again.read_bytes() == built.read_bytes()


def test_holds_what_the_extension_and_its_setup_need(built: Path) -> None:
    with zipfile.ZipFile(built) as zipped:
        assert zipped.testzip() is None
        names = set(zipped.namelist())
    assert names >= {
        "blender_manifest.toml",
        "__init__.py",
        "install.py",
        "pyproject.toml",
        "requirements/engine.txt",
        "requirements/torch.txt",
        "requirements/uv.txt",
        "LICENSE",
        "LICENSES.md",
        "ofer_blender/__init__.py",
        "ofer_blender/headless/build_file.py",
        "ofer_engine/__main__.py",
        "ofer_engine/client/launch.py",
        "ofer_engine/setup/commands.py",
        "weights/open/pack.json",
        "weights/open/head.npz",
        "weights/open/LICENSE-ICT-FaceKit.txt",
        "weights/faces/detector.safetensors",
        "weights/faces/landmarks.safetensors",
        "weights/faces/landmarker.safetensors",
        "weights/faces/LICENSE",
        "manual/manual.html",
    }


def test_holds_nothing_else(built: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with zipfile.ZipFile(built) as zipped:
        zipped.extractall(copy)
    for stray in (
        "weights/mine/flame.pkl",
        "tests/engine/test_x.py",
        ".git/config",
        "ofer_engine/__pycache__/a.pyc",
        "ofer_blender/.secret",
        "notes.txt",
    ):
        (copy / stray).parent.mkdir(parents=True, exist_ok=True)
        (copy / stray).write_text("stray")
    assert package.contents(copy) == package.contents(ROOT)


@pytest.fixture(scope="module")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not here")
    kept = tmp_path_factory.mktemp("kept") / "checkout"
    for name in (*package.contents(ROOT), "docs/manual.md", "docs/pictures/rig.png"):
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, kept / name)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", "-C", str(kept), *command], check=True)
    return kept


@pytest.fixture
def checkout(_kept: Path, tmp_path: Path) -> Path:
    """A copy of what is packed, with git; its files are not to be written into."""
    return shutil.copytree(_kept, tmp_path / "checkout", copy_function=os.link)


@pytest.mark.parametrize("git", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "weights/open/generic_model.pkl",
        "weights/open/flame.safetensors",
        "weights/faces/scrfd_10g_bnkps.onnx",
        "ofer_engine/photo/me.jpg",
        "ofer_engine/server.py~",
        "ofer_engine/texture/flame.npz",
        "ofer_blender/notes.orig",
        "docs/pictures/me.heic",
    ],
)
def test_what_is_not_the_project_s_is_refused_by_name(
    checkout: Path, tmp_path: Path, name: str, git: bool
) -> None:
    (checkout / name).write_text("licence-bound, or private")
    if not git:
        shutil.rmtree(checkout / ".git")
    with pytest.raises(OferError, match="not the project's") as refused:
        package.build(checkout, tmp_path / "dist")
    assert f": {name}. Move it away" in str(refused.value)
    assert not (tmp_path / "dist").exists()


def test_only_git_knows_whose_a_python_file_is(checkout: Path, tmp_path: Path) -> None:
    for name in ("ofer_engine/mine.py", "docs/diary.md"):
        (checkout / name).write_text("mine")
        with pytest.raises(OferError, match=name):
            package.build(checkout, tmp_path / "dist")
        subprocess.run(["git", "-C", str(checkout), "add", name], check=True)
    package.build(checkout, tmp_path / "dist")
    assert len(list((tmp_path / "dist").iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links of Unix")
@pytest.mark.parametrize(
    "name",
    ["ofer_engine/key.py", "README.md", "docs/key.md", "weights/open/source", "ofer_blender/dir"],
)
def test_a_link_is_not_followed(checkout: Path, tmp_path: Path, name: str) -> None:
    place, elsewhere = checkout / name, tmp_path / "elsewhere"
    if place.is_dir():
        place.rename(elsewhere)
    else:
        elsewhere.write_text("PRIVATE KEY")
        place.unlink(missing_ok=True)
    place.symlink_to(elsewhere)
    subprocess.run(["git", "-C", str(checkout), "add", "-A"], check=True)
    with pytest.raises(OferError, match=f"would be in the package: .*{name}"):
        package.build(checkout, tmp_path / "dist")


@pytest.mark.skipif(sys.platform == "win32", reason="links of Unix")
def test_the_package_is_not_written_through_a_link(checkout: Path, tmp_path: Path) -> None:
    version = tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))["version"]
    (tmp_path / "dist").mkdir()
    (tmp_path / "thesis").write_text("thesis")
    for ending in ("", ".part"):
        (tmp_path / "dist" / f"ofer_faces-{version}.zip{ending}").symlink_to(tmp_path / "thesis")
    built = package.build(checkout, tmp_path / "dist")
    assert built.is_file() and not built.is_symlink()
    assert (tmp_path / "thesis").read_text() == "thesis"


def test_a_project_that_may_only_be_read_is_named(checkout: Path, monkeypatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(OferError) as said:
        package.build(checkout, checkout / "dist")
    assert str(said.value).endswith(
        "dist cannot be written to (Read-only file system). Copy the project to a folder that "
        "takes it, and run this there."
    )


def test_one_version_everywhere() -> None:
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert manifest["version"] == project["version"]
    assert f"\n## {project['version']}\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    engine = (ROOT / "ofer_engine" / "__init__.py").read_text("utf-8")
    assert f'__version__ = "{manifest["version"]}"' in engine


@pytest.fixture
def tool() -> list[str]:
    found = blender.extension_tool(None, Home(default_home()).blender_module())
    if found is None:
        pytest.skip("Blender's Python module is not here")
    return found


def test_blender_finds_no_fault_with_it(built: Path) -> None:
    module = Home(default_home()).blender_module()
    tool = blender.extension_tool(blender.find(), module)
    if tool is None:
        pytest.skip("neither Blender nor its Python module is here")
    package.validate(built, tool)


def test_a_blender_takes_it_from_the_repository(
    built: Path, tool: list[str], tmp_path: Path
) -> None:
    """Blender's own client, over HTTP, as behind *Refresh Remote* and *Install*."""
    served, local = tmp_path / "served", tmp_path / "local"
    served.mkdir()
    (served / "ofer_faces-0.0.9.zip").write_bytes(b"of before")
    index = package.make_repository(built, served, tool)
    assert sorted(path.name for path in served.iterdir()) == [
        "index.html", "index.json", built.name,
    ]  # fmt: skip
    listed = json.loads(index.read_text("utf-8"))["data"]
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    assert [(each["archive_url"], each["archive_hash"]) for each in listed] == [
        (f"./{built.name}", f"sha256:{digest}")
    ]
    local.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = package.repository_address(f"http://127.0.0.1:{server.server_port}/")
        there = ["--remote-url", address, "--local-dir", str(local)]
        for command in (["sync", *there], ["install", "ofer_faces", *there]):
            done = subprocess.run([*tool, *command], capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
        server.shutdown()
    assert (local / "ofer_faces" / "install.py").is_file()


def test_a_package_that_blender_does_not_list_is_said(tool: list[str], tmp_path: Path) -> None:
    spoiled = tmp_path / "ofer_faces-9.zip"
    spoiled.write_bytes(b"no zip")
    with pytest.raises(OferError, match="does not list ofer_faces-9.zip"):
        package.make_repository(spoiled, tmp_path / "served", tool)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://studio.example/blender", "https://studio.example/blender/index.json"),
        ("https://studio.example/blender/", "https://studio.example/blender/index.json"),
        ("http://render.local/index.json", "http://render.local/index.json"),
        ("file:///mnt/tools/blender", "file:///mnt/tools/blender/index.json"),
    ],
)
def test_address_of_a_repository(given: str, address: str) -> None:
    assert package.repository_address(given) == address


@pytest.mark.parametrize("given", ["", "studio", "/mnt/tools", "ftp://a/b", "https://"])
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(OferError, match="is no address"):
        package.repository_address(given)


def test_installed_it_can_set_itself_up(built: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(built) as zipped:
        zipped.extractall(tmp_path / "ofer_faces")
    installer = tmp_path / "ofer_faces" / "install.py"
    done = subprocess.run(
        [sys.executable, "-I", str(installer), "doctor", "--home", str(tmp_path / "home")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "missing  engine          not set up" in done.stdout
    assert "ok       pack open       bundled" in done.stdout
    assert "ok       face finder     bundled" in done.stdout
    assert done.stderr == ""
