"""Which test sets which option of which public class, and what no test ever sets.

    python tests/option_table.py [pytest's arguments]   the tests of all rooms if none

Constructors and ``set_params`` are watched while the tests run, so that what counts is
a value that a test used and not a name found in its file. The battery of conventions,
which compares no answers, does not count. Prints a table of options and tests, then
options that only ever had their default and documented choices that were never made.
Exit status 1 where there are any.
"""

import inspect
import pkgutil
import re
import sys
from collections import defaultdict
from functools import wraps
from importlib import import_module

import pytest

ROOMS = "features", "learn", "search", "rank"
NOT_COUNTED = "test_estimators.py"
CHOICES = re.compile(r"^ {4}([\w, ]+) : .*?\{(.+?)\}", re.MULTILINE)
# What only says how fast, how loud or where the work is done.
MANNERS = {"n_jobs", "random_state", "verbose"}


def public_classes():
    """Classes that the rooms export and that take options, in order."""
    found = {}
    for room in ROOMS:
        package = import_module(f"lookalike.{room}")
        below = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        modules = [package, *(import_module(m.name) for m in below if m.ispkg)]
        for module in modules:
            for name in getattr(module, "__all__", ()):
                kind = getattr(module, name)
                if inspect.isclass(kind) and options(kind):
                    found[kind] = name
    return sorted(found, key=lambda kind: kind.__name__)


def options(kind):
    """Parameters of the constructor that have a default."""
    if kind.__init__ is object.__init__:
        return {}
    parameters = inspect.signature(kind.__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def choices(kind):
    """Values that the docstring lists in braces, by option."""
    found = {}
    for names, listed in CHOICES.findall((kind.__doc__ or "").replace("\\\n", "")):
        values = re.findall(r"'([^']+)'|\"([^\"]+)\"|(\d+)", listed)
        for name in names.split(", "):
            found[name] = {a or b or c for a, b, c in values}
    return found


class Watch:
    """A plugin that notes the test behind each value of each option."""

    def __init__(self):
        self.seen = defaultdict(dict)  # (class, option) -> value as text -> test
        self.test = None
        for kind in public_classes():
            self._watch(kind)

    def pytest_runtest_protocol(self, item):
        """Remember which test runs."""
        self.test = item.nodeid
        if NOT_COUNTED in self.test or "/plugin/" in self.test:
            self.test = None

    def _watch(self, kind):
        init, names = kind.__init__, list(inspect.signature(kind.__init__).parameters)

        @wraps(init)
        def noted(made, *args, **given):
            if type(made) is kind:
                self._note(kind, dict(zip(names[1:], args, strict=False)) | given)
            init(made, *args, **given)

        kind.__init__ = noted
        if not hasattr(kind, "set_params"):
            return
        before = kind.set_params

        @wraps(before)
        def changed(made, **given):
            if type(made) is kind:
                self._note(kind, given)
            return before(made, **given)

        kind.set_params = changed

    def _note(self, kind, given):
        for name, value in given.items():
            if self.test is not None and name in options(kind):
                text = value if isinstance(value, str) else short(value)
                self.seen[kind, name].setdefault(text, self.test)


def short(value):
    """A value in one line."""
    simple = isinstance(value, (int, float, tuple, type(None)))
    return repr(value)[:40] if simple else f"<{type(value).__name__}>"


def main(arguments):
    """Run the tests, print the table; 1 if something was never set."""
    watch = Watch()
    tests = arguments or [f"tests/{room}" for room in ROOMS]
    pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests], [watch])
    never = []
    print("| class | option | value | test |\n|---|---|---|---|")
    for kind in public_classes():
        for name, default in options(kind).items():
            seen = watch.seen[kind, name]
            plain = default if isinstance(default, str) else short(default)
            for value, test in sorted(seen.items()):
                print(f"| {kind.__name__} | {name} | {value} | {test} |")
            missed = choices(kind).get(name, set()) - set(seen) - {plain}
            if set(seen) <= {plain} and name not in MANNERS:
                never.append(f"{kind.__name__}({name}=) is never set")
            elif missed and name not in MANNERS:
                never.append(f"{kind.__name__}({name}=) is never {sorted(missed)}")
    print(*never, sep="\n")
    return int(bool(never))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
