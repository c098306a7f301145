"""Imports point one way: a room may import only the rooms named for it."""

import ast
from pathlib import Path

import pytest

ALLOWED: dict[str, set[str]] = {
    "kernels": set(),
    "datasets": set(),
    "features": {"kernels"},
    "search": {"kernels", "features"},
    "learn": {"kernels", "features", "search"},
    "rank": {"kernels", "features", "search", "learn"},
    "evaluate": {"kernels"},
    "core": {"kernels", "datasets", "features", "search", "rank", "evaluate"},
    "systems": {
        "core",
        "kernels",
        "datasets",
        "features",
        "search",
        "learn",
        "rank",
        "evaluate",
    },
    "service": {"features", "search", "learn", "rank", "evaluate", "core", "systems"},
    "cli": {"datasets", "features", "evaluate", "core", "systems", "service"},
}
ROOT = Path(__file__).parents[1] / "src" / "lookalike"


def imported_rooms(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("lookalike.")}
    return found & {child.name for child in ROOT.iterdir() if child.is_dir()}


def test_every_room_is_in_the_table():
    rooms = {child.parent.name for child in ROOT.glob("*/__init__.py")}
    assert rooms == set(ALLOWED)


@pytest.mark.parametrize("room", ALLOWED)
def test_imports_point_downwards(room):
    for path in (ROOT / room).rglob("*.py"):
        assert imported_rooms(path) - {room} <= ALLOWED[room], path
