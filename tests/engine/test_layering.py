"""The order of the engine's rooms: each imports only from those before it."""

import ast
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[2] / "ofer_engine"
BLENDER = ENGINE.parent / "ofer_blender"
ROOMS = (
    {"contract"},
    {"client"},
    {"setup", "progress", "device", "requirements", "portion", "geometry"},
    {"photo"},
    {"heads"},
    {"conditioning", "diffusion", "ranking"},
    {"packs"},
    {"published"},
    {"pack_registry", "pipeline"},
    {"preview"},
    {"arkit", "texture"},
    {"session"},
    {"handlers"},
    {"server"},
    {"published.benchmarks"},
    {"research"},
    {"published.training"},
    {"commands"},
    {"research.commands"},
    {"__main__"},
)
LEVEL = {name: level for level, names in enumerate(ROOMS) for name in names}


def _modules(folder):
    return sorted(folder.rglob("*.py"))


def _room(parts):
    """The room that a module is in: the longest name of `ROOMS` that it begins with."""
    names = (".".join(parts[:length]) for length in (2, 1))
    return next((name for name in names if name in LEVEL), None)


def _imported_rooms(file):
    """Rooms of the engine that a module imports from."""
    inside = file.relative_to(ENGINE).parts
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.level == 0:
            continue
        base = list(inside[: len(inside) - node.level])
        names = base + (node.module.split(".") if node.module else [])
        for alias in node.names:
            if room := _room([*names, alias.name]):
                yield room


@pytest.mark.parametrize("file", _modules(ENGINE), ids=lambda f: str(f.relative_to(ENGINE)))
def test_imports_go_to_rooms_that_come_before(file):
    own = _room(file.relative_to(ENGINE).with_suffix("").parts)
    if own is None:
        assert file.name == "__init__.py"
        return
    for room in set(_imported_rooms(file)) - {own}:
        assert LEVEL[room] < LEVEL[own], f"{own} imports {room}"


def test_the_order_names_every_room():
    rooms = {p.name.removesuffix(".py") for p in ENGINE.iterdir() if p.name[0] not in "._"}
    assert rooms <= set(LEVEL)


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        (ENGINE, {"bpy", "bmesh", "mathutils"}),
        (BLENDER, {"torch"}),
        (ENGINE / "contract", {"torch"}),
        (ENGINE / "client", {"torch", "scipy", "PIL"}),
    ],
)
def test_neither_side_knows_the_other(folder, forbidden):
    for file in _modules(folder):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert not {name.split(".")[0] for name in names} & forbidden, file
