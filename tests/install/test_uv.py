"""uv looks where pip is told to look, and gets there as pip is told to."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ofer_engine.setup import uv as module
from ofer_engine.setup.console import Console
from ofer_engine.setup.home import Home
from ofer_engine.setup.lock import Lock
from ofer_engine.setup.runner import Runner
from ofer_engine.setup.uv import Uv

from .conftest import BASE, Project, lock_wheels, make_wheel

_CONFIGURATION = """\
[global]
index-url = https://first.invalid/simple
extra-index-url =
    https://second.invalid/simple
    https://third.invalid/simple
find-links = {here} /no/such/folder
cert = /certificates.pem
timeout = 7
[install]
index-url = https://own.invalid/simple
trusted-host = own.invalid
[download]
index-url = https://other.invalid/simple
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Reads what pip is configured for by a file, and by these variables."""

    def read(**variables: str) -> dict[str, str]:
        file = tmp_path / "pip.conf"
        file.write_text(_CONFIGURATION.replace("{here}", str(tmp_path)))
        for name in [name for name in module.os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
        for name, value in {"PIP_CONFIG_FILE": str(file), **variables}.items():
            monkeypatch.setenv(name, value)
        found = module._settings([str(BASE), "-m", "pip"])
        assert found is not None
        return found

    return read


def test_a_file_for_pip_counts_for_uv(settings, tmp_path: Path) -> None:
    found = settings()
    assert module._sources(found) == [
        *("--default-index", "https://own.invalid/simple"),
        *("--index", "https://second.invalid/simple", "--index", "https://third.invalid/simple"),
        *("--find-links", str(tmp_path)),
    ]
    variables = module._variables(found)
    assert variables["SSL_CERT_FILE"] == "/certificates.pem"
    assert variables["UV_INSECURE_HOST"] == "own.invalid"
    assert variables["UV_HTTP_TIMEOUT"] == "7"


def test_a_variable_for_pip_counts_more(settings) -> None:
    found = settings(PIP_INDEX_URL="https://mine.invalid/simple", PIP_NO_INDEX="1")
    assert module._sources(found)[:3] == [
        "--no-index",
        "--default-index",
        "https://mine.invalid/simple",
    ]


def test_the_lock_is_made_without_what_else_lies_here() -> None:
    sources = ["--default-index", "https://mine.invalid", "--index", "x", "--find-links", "y"]
    uv = Uv(Path("uv"), Path("cache"), [], Runner(Path(), Path(), Console()), sources)
    assert uv.of_one_index().sources == sources[:2]
    assert Uv(uv.program, uv.cache, [], uv.runner, sources[2:]).of_one_index().sources == []


class _Proxy(BaseHTTPRequestHandler):
    shelf: Path
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = self.path.rpartition("/")[2]
        body = (self.shelf / name).read_bytes() if name else self._listing()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _listing(self) -> bytes:
        names = [wheel.name for wheel in self.shelf.glob("*.whl")]
        return "".join(f"<a href='/files/{name}'>{name}</a>" for name in names).encode()

    def log_message(self, *_: object) -> None:
        """Nothing on the tests' output."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the proxy from the variable")
@pytest.mark.parametrize("variable", ["PIP_PROXY", "http_proxy"])
def test_a_proxy_is_gone_through(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    _Proxy.shelf = tmp_path / "behind"
    _Proxy.shelf.mkdir()
    _Proxy.asked.clear()
    make_wheel(_Proxy.shelf, "extra", "extra", "FAR = True\n")
    lock_wheels(project.root, _Proxy.shelf, "extra", "extra")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        changes = {
            "PIP_NO_INDEX": "0",
            "PIP_FIND_LINKS": "",
            "PIP_INDEX_URL": "http://index.invalid/simple",
            variable: f"http://127.0.0.1:{server.server_port}",
        }
        for name, value in project.environment(**changes).items():
            monkeypatch.setenv(name, value)
        home = Home(project.home)
        runner = Runner(home.engine.folder, project.home / "log", Console())
        uv = Uv.bring(home.tools, Lock(project.root / "requirements"), [str(BASE)], runner)
        uv.install(home.engine, "-r", str(project.root / "requirements" / "extra.txt"))
        server.shutdown()
    assert home.engine.ask("import extra").returncode == 0
    assert _Proxy.asked[0] == "http://index.invalid/simple/extra/"
