"""Imports point one way, in no circle, and nothing reaches into what is private.

Imports under ``TYPE_CHECKING`` and inside functions count like any other.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

LOWER = {"kernels", "features", "search", "learn", "rank", "evaluate"}
ALLOWED: dict[str, set[str]] = {
    "kernels": set(),
    "datasets": {"features"},
    "features": {"kernels"},
    "search": {"kernels", "features"},
    "learn": {"kernels", "features", "search"},
    "rank": {"kernels", "features", "search", "learn"},
    "evaluate": {"kernels"},
    "experiment": {"kernels", "evaluate"},
    "track": {"kernels", "learn"},
    "monitor": {"kernels", "evaluate", "learn"},
    "core": LOWER - {"kernels", "learn"},
    "systems": {*LOWER, "track", "datasets", "core"},
    "service": {*LOWER - {"kernels"}, "core", "systems", "experiment", "monitor"},
    "cli": {"datasets", "features", "evaluate", "experiment", "core", "systems"}
    | {"service"},
}
ROOT = Path(__file__).parents[1] / "src" / "lookalike"
MODULES = sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


KNOWN = {name_of(path): path for path in MODULES}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imported(path: Path) -> frozenset[tuple[str, str]]:
    """Modules of lookalike that a module imports, each with the name that is taken."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "lookalike"
        ):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = whole in KNOWN
                found.add((whole if is_module else node.module, alias.name))
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found |= {(n, "") for n in names if n.startswith("lookalike")}
    return frozenset(found)


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def is_room(name: str) -> bool:
    return name in ALLOWED


def test_every_room_is_in_the_table():
    rooms = {child.parent.name for child in ROOT.glob("*/__init__.py")}
    assert rooms == set(ALLOWED)


@pytest.mark.parametrize("room", ALLOWED)
def test_imports_point_downwards(room):
    for path in (ROOT / room).rglob("*.py"):
        rooms = {room_of(module) for module, _ in imported(path)}
        assert set(filter(is_room, rooms)) - {room} <= ALLOWED[room], path


def test_no_system_imports_another():
    for path in (ROOT / "systems").rglob("*.py"):
        mine = name_of(path).split(".")[:3]
        for module, _ in imported(path):
            theirs = module.split(".")[:3]
            if theirs[:2] == ["lookalike", "systems"] and len(theirs) == 3:
                assert theirs == mine or theirs[2].startswith("_"), (path, module)


def test_there_is_no_circle():
    graph = {
        name: {module for module, _ in imported(path) if module in KNOWN} - {name}
        for name, path in KNOWN.items()
    }
    circles = [sorted(each) for each in components(graph) if len(each) > 1]
    assert not circles, "\n".join(" <-> ".join(each) for each in circles)


def test_private_modules_and_names_stay_in_their_room():
    reached = []
    for path in MODULES:
        room = room_of(name_of(path))
        for module, name in imported(path):
            if not is_room(room_of(module)) or room_of(module) == room:
                continue  # helpers at the root are everybody's
            parts = [*module.split(".")[2:], name]
            if any(map(is_private, parts)):
                reached.append(f"{path.relative_to(ROOT)}: {module} {name}")
    assert not reached, "\n".join(sorted(reached))


def test_nothing_reads_what_another_object_keeps_private():
    reached = []
    for path in MODULES:
        own = private_names(path) | PUBLIC_ELSEWHERE
        own = own.union(*map(private_names, modules_of_bases(path)))
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Attribute) or not is_private(node.attr):
                continue
            owner = ast.unparse(node.value)
            if owner not in ("self", "cls", "super()") and node.attr not in own:
                what = f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
                reached.append(what)
    assert not reached, "\n".join(sorted(reached))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_names(path: Path) -> set[str]:
    """Private names of a module's classes: its alternative constructors set them."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            found.add(ast.unparse(node.target).removeprefix("self."))
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
            found.add(node.attr)
    return set(filter(is_private, found))


def modules_of_bases(path: Path) -> list[Path]:
    """Modules whose classes are bases of this module's classes."""
    classes = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.ClassDef)]
    bases = {ast.unparse(base).partition("[")[0] for c in classes for base in c.bases}
    return [KNOWN[m] for m, name in imported(path) if name in bases and m in KNOWN]


PUBLIC_ELSEWHERE = {"_mapping", "_asdict", "_replace", "_fields"}
"""Documented names of other libraries that begin with an underscore."""


def components(graph: dict[str, set[str]]) -> list[set[str]]:
    """Strongly connected components, after Tarjan (1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            found.append(set(stack[at:]))
            del stack[at:]

    for node in graph:
        if node not in index:
            visit(node)
    return found


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, [["b", "c"]]),
        ({"a": {"a", "b"}, "b": {"c"}, "c": {"a"}}, [["a", "b", "c"]]),
    ],
)
def test_circles_are_found(graph, expected):
    found = sorted(sorted(each) for each in components(graph) if len(each) > 1)
    assert found == expected
