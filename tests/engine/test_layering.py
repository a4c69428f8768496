"""Imports point down the road, never back: the order below is the map of the engine."""

import ast
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[2] / "ofer_engine"
BLENDER = ENGINE.parent / "ofer_blender"
ROAD = (
    {"contract"},
    {"setup", "progress", "device", "requirements", "portion"},
    {"photo"},
    {"heads"},
    {"conditioning", "diffusion", "ranking"},
    {"packs"},
    {"pipeline", "preview"},
    {"certainty", "arkit", "texture"},
    {"session"},
    {"assembly"},
    {"answers"},
    {"server"},
    {"training"},
    {"evaluation"},
    {"commands"},
    {"__main__"},
)
LEVEL = {name: level for level, names in enumerate(ROAD) for name in names}


def _modules(folder):
    return sorted(folder.rglob("*.py"))


def _imported_parts(file):
    """Parts of the engine that a module imports, by their first name below ofer_engine."""
    inside = file.relative_to(ENGINE).parts
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.level == 0:
            continue
        base = list(inside[: len(inside) - node.level])
        names = base + (node.module.split(".") if node.module else [])
        for alias in node.names if not names else [None]:
            yield names[0] if alias is None else alias.name


@pytest.mark.parametrize("file", _modules(ENGINE), ids=lambda f: str(f.relative_to(ENGINE)))
def test_imports_point_down_the_road(file):
    own = file.relative_to(ENGINE).parts[0].removesuffix(".py")
    if own == "__init__":
        return
    for part in set(_imported_parts(file)) & set(LEVEL):
        same_part = part == own
        assert same_part or LEVEL[part] < LEVEL[own], f"{own} imports {part}"


def test_the_map_names_every_part():
    parts = {p.name.removesuffix(".py") for p in ENGINE.iterdir() if p.name[0] not in "._"}
    assert parts - {"__init__", "__pycache__"} - set(LEVEL) - {"__main__"} == set()


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        (ENGINE, {"bpy", "bmesh", "mathutils"}),
        (BLENDER, {"torch"}),
        (ENGINE / "contract", {"torch"}),
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
