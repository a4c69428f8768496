"""The order of the rooms of engine and add-on: each imports only from those before it."""

import ast
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[2] / "ofer_engine"
BLENDER = ENGINE.parent / "ofer_blender"
ROOMS = (
    {"contract"},
    {"client"},
    {"setup", "progress", "device", "requirements", "batch_sizes", "geometry"},
    {"photo"},
    {"heads"},
    {"conditioning", "diffusion", "ranking"},
    {"packs"},
    {"published"},
    {"pack_registry", "pipeline"},
    {"preview"},
    {"arkit", "texture"},
    {"performance"},
    {"session"},
    {"handlers"},
    {"batch"},
    {"server"},
    {"published.benchmarks"},
    {"research"},
    {"published.training"},
    {"commands"},
    {"research.commands"},
    {"__main__"},
)
ADDON_ROOMS = (
    {"compat", "enum_items", "image_size", "translations"},
    {"undo"},
    {"engine"},
    {"head"},
    {"hair"},
    {"rig", "skin"},
    {"photo"},
    {"motion"},
    {"export"},
    {"web_page", "headless"},
    {"properties"},
    {"ui"},
    {"operators"},
    {"undo.guard"},
)


def _levels(rooms):
    return {name: level for level, names in enumerate(rooms) for name in names}


LEVELS = {ENGINE: _levels(ROOMS), BLENDER: _levels(ADDON_ROOMS)}


def _modules(*folders):
    return [file for folder in folders for file in sorted(folder.rglob("*.py"))]


def _room(parts, levels):
    """The room that a module is in: the longest name of `levels` that it begins with."""
    names = (".".join(parts[:length]) for length in (2, 1))
    return next((name for name in names if name in levels), None)


def _imported_rooms(file, root):
    """Rooms below `root` that a module imports from."""
    inside = file.relative_to(root).parts
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not 0 < node.level <= len(inside):
            continue
        base = list(inside[: len(inside) - node.level])
        names = base + (node.module.split(".") if node.module else [])
        for alias in node.names:
            if room := _room([*names, alias.name], LEVELS[root]):
                yield room


@pytest.mark.parametrize(
    "file", _modules(ENGINE, BLENDER), ids=lambda f: str(f.relative_to(ENGINE.parent))
)
def test_imports_go_to_rooms_that_come_before(file):
    root = ENGINE if file.is_relative_to(ENGINE) else BLENDER
    own = _room(file.relative_to(root).with_suffix("").parts, LEVELS[root])
    if own is None:
        assert file.name == "__init__.py"
        return
    for room in set(_imported_rooms(file, root)) - {own}:
        assert LEVELS[root][room] < LEVELS[root][own], f"{own} imports {room}"


@pytest.mark.parametrize("root", [ENGINE, BLENDER], ids=lambda f: f.name)
def test_the_order_names_every_room(root):
    rooms = {p.name.removesuffix(".py") for p in root.iterdir() if p.name[0] not in "._"}
    assert rooms <= set(LEVELS[root])


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
