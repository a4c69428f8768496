"""What was mistyped is told before anything is fetched or computed."""

from __future__ import annotations

import pytest

from .conftest import Project


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["run", "install.py", "nobody.jpg", "--seed", "3"],
            "nobody.jpg. Check its name and folder, and run this again.",
        ),
        (["run", "--out", "install.py"], "Choose another place with --out DIR and run this again."),
        (["run", "--out", "/proc/no/such"], "Choose another place with --out DIR and run this"),
        (["run", "--blender", "/no/blender"], "No Blender 4.2 or newer was found at /no/blender."),
        (["setup", "--torch", "cu1"], "There is no build of PyTorch called 'cu1'. Give --torch"),
    ],
)
def test_a_mistake_is_told_at_once(
    bare: Project, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(bare.root)
    answer = bare.install(*arguments)
    assert answer.code == 1 and said in answer.last
    assert "Traceback" not in answer.out
    assert not (bare.home / "engine" / "lib").exists() or arguments[0] == "setup"
