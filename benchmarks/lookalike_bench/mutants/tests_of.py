"""Which tests are to notice a fault of a module: those that name what it defines.

A test of a room names a function or a class; one that is private to the package is
tested through the modules that import it.
"""

import ast
import re
from collections import Counter
from functools import cached_property
from pathlib import Path

N_FILES = 6  # of tests for a module, those that name most of it first
LONG = ("tests/service/test_page.py", "tests/service/test_contract.py")
"""Minutes long, and about everything that is served."""
BATTERY = "tests/systems/test_contract.py"


class Checkout:
    """A checkout, with its tests.

    root : the checkout's folder
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def of(self, module: Path) -> list[tuple[str, ...]]:
        """Return what pytest is to run for a module: files, and which of their tests.

        The files that name most of it, its own examples and, of a system, its whole
        folder and its part of the battery over all systems.
        """
        found = self._naming(module)
        if not found:
            for user in self._users(module):
                found += self._naming(user)
        counted: Counter[str] = Counter()
        for path, n in found:
            counted[path] += n
        own = self._own_folder(module)
        namesake = f"{own}test_{module.stem}.py"

        def place(path: str) -> tuple[bool, bool, int, str]:
            return path != namesake, not path.startswith(own), -counted[path], path

        ranked = sorted(counted, key=place)
        chosen = [path for path in ranked if path not in LONG][:N_FILES]
        chosen += [str(module)] if ">>>" in self._source(module) else []
        if not own.startswith("tests/systems/"):
            return [(path,) for path in chosen]
        chosen += [p for p in self._files if p.startswith(own) and p not in chosen]
        name = {"_recommender": "games or shop"}.get(module.parts[3], module.parts[3])
        return [*((path,) for path in chosen), (BATTERY, "-k", name)]

    def _own_folder(self, module: Path) -> str:
        """The tests' folder of a room, or of a system."""
        parts = module.relative_to("src/lookalike").parts
        return "/".join(("tests", *parts[: 2 if parts[0] == "systems" else 1])) + "/"

    def _naming(self, module: Path) -> list[tuple[str, int]]:
        """Tests that name what a module defines, and how many of its names."""
        dotted = ".".join(module.with_suffix("").parts[1:])
        names = [name for name in _defined(self._source(module)) if name[:1] != "_"]
        own, found = self._own_folder(module), []
        for path, words in self._words.items():
            n = sum(name in words for name in names if len(name) > 3 or name.isupper())
            if n and (path.startswith(own) or dotted in self._imports[path]):
                found.append((path, n))
        return found

    def _users(self, module: Path) -> list[Path]:
        """Modules of the package that import a module."""
        dotted = ".".join(module.with_suffix("").parts[1:])
        word = re.compile(rf"\bfrom {re.escape(dotted)} import|import {dotted}\b")
        others = (self.root / "src/lookalike").rglob("*.py")
        return [
            path.relative_to(self.root)
            for path in sorted(others)
            if word.search(path.read_text("utf-8"))
        ]

    def _source(self, module: Path) -> str:
        return (self.root / module).read_text("utf-8")

    @cached_property
    def _files(self) -> dict[str, str]:
        paths = sorted((self.root / "tests").rglob("test_*.py"))
        return {str(p.relative_to(self.root)): p.read_text("utf-8") for p in paths}

    @cached_property
    def _words(self) -> dict[str, set[str]]:
        return {path: set(re.findall(r"\w+", s)) for path, s in self._files.items()}

    @cached_property
    def _imports(self) -> dict[str, str]:
        return {
            path: "\n".join(re.findall(r"^.*import.*$", source, re.MULTILINE))
            for path, source in self._files.items()
        }


def _defined(source: str) -> list[str]:
    """Names of functions, classes and methods."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [
        node.name for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)
    ]
