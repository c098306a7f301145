"""Which test sets which option of which public class, and what no test ever sets.

    python tests/option_table.py [--without] [--kept FILE] [pytest's arguments]

Objects are watched while the tests of the rooms and their doctests run: a value counts
where an object that has it gave an answer, and not where it was only refused, nor where
its name stands in a file. The battery of conventions, which compares no answers, does
not count. Prints a table of options and tests, then options that only ever had their
default and documented choices that were never made. Exit status 1 where there are any.

``--without`` runs each test again with one of its values taken for the default, until
a test fails: what the table's last column then names are tests that compare the value.
Values that no such test was found for are listed too.

``--kept`` writes what was found to a file after each test, and begins with what the
file holds: tests that it names do not run again. So a run that was cut is continued,
and after a new test only that one runs.
"""

import argparse
import inspect
import json
import pkgutil
import re
import sys
import time
import weakref
from collections import Counter, defaultdict
from contextlib import contextmanager
from functools import cache, wraps
from importlib import import_module
from numbers import Integral, Real
from pathlib import Path
from types import FunctionType

import pytest
from _pytest.runner import runtestprotocol

ROOMS = "features", "learn", "search", "rank"
NOT_COUNTED = "test_estimators.py"
TYPE_LINE = re.compile(r"^ {4}([\w, ]+) : (.+)", re.MULTILINE)
QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")
# What only says how fast, how loud or where the work is done.
MANNERS = {"device", "n_jobs", "random_state", "verbose"}
# Values that are known so that their refusal can say what to use instead.
REFUSED = {("SVC", "probability"): {"True"}, ("LogisticRegression", "dual"): {"True"}}
# By promise the answers are those of the default: tests hold them to a reference.
_EUCLIDEAN = {"euclidean", "l2"}
SAME = {
    "algorithm": {
        *("brute", "portable", "rotation", "kd_tree", "ball_tree", "elkan", "<str>"),
    },
    "background": {"True"},
    "cache_size": {"<float>"},
    "copy": {"False"},
    "copy_X": {"False"},
    "copy_x": {"False"},
    "leaf_size": {"<int>"},
    "weights": {"None"},  # "uniform"
    "LinearSVC.dual": {"False", "True"},  # else said by "auto"
    "LinearSVC.solver": {"coordinate_descent", "newton"},
    "monotonic_cst": {"<sequence>"},  # zeros: no constraints
    "KDTree.metric": _EUCLIDEAN,
    "KNeighborsClassifier.metric": _EUCLIDEAN,  # "minkowski" of power 2
    "KNeighborsRegressor.metric": _EUCLIDEAN,
    "LogisticRegression.intercept_scaling": {"<float>", "<int>"},  # of liblinear
    "LogisticRegression.l1_ratio": {"None"},  # 0
    "LogisticRegression.penalty": {"elasticnet"},  # what l1_ratio says
    "LogisticRegression.solver": {"newton-cg", "newton-cholesky"},  # the same optimum
    "NearestNeighbors.metric": _EUCLIDEAN,
    "PCA.power_iteration_normalizer": {"LU", "QR", "none"},
    "PCA.svd_solver": {"full"},
    "Ridge.solver": {"lbfgs"},
    "SVC.probability": {"False"},
    "SVC.shrinking": {"False"},
}
# No answers: they return or change the options themselves.
NO_ANSWER = {"get_params", "set_params", "get_metadata_routing"}
# Tests that run again for a value, with how many parameters each; how long a test may
# take, and all of them for one value, in seconds of processor time.
TRIES, TRIES_OF_ONE, SECONDS, SECONDS_OF_ALL = 60, 30, 4.0, 20.0


@cache
def public_classes():
    """Classes of the rooms' public modules that take options, in order."""
    found = set()
    for room in ROOMS:
        package = import_module(f"lookalike.{room}")
        below = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        for name in [package.__name__, *(m.name for m in below if "._" not in m.name)]:
            module = import_module(name)
            for told, kind in inspect.getmembers(module, inspect.isclass):
                own = kind.__module__ == name or told in getattr(module, "__all__", ())
                ours = kind.__module__.startswith("lookalike.")
                if own and ours and not told.startswith("_") and options(kind):
                    found.add(kind)
    return sorted(found, key=lambda kind: kind.__name__)


@cache
def options(kind):
    """Parameters of the constructor that have a default."""
    if kind.__init__ is object.__init__ or issubclass(kind, Exception):
        return {}
    parameters = inspect.signature(kind.__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


@cache
def documented(kind):
    """Words in quotation marks that the docstring takes for a value, by option."""
    found = defaultdict(set)
    text = (kind.__doc__ or "").partition("    Attributes\n")[0]
    for names, taken in TYPE_LINE.findall(re.sub(r"\\\n\s*", "", text)):
        for name in names.split(", "):
            words = QUOTED.findall(re.split("default=|such as", taken)[0])
            found[name] |= {a or b for a, b in words}
    return found


class Watch:
    """A plugin that notes the test behind each value of each option."""

    def __init__(self, without=False, kept=None):
        self.without, self.kept = without, kept
        self.seen = defaultdict(dict)  # (class, option) -> value as text -> test, sort
        self.choices = defaultdict(set)  # (class, option) -> what it may be
        self.compared = {}  # (class, option, sort of value) -> test that needs it
        self.tries = defaultdict(Counter)
        self.tries_before = Counter()
        self.seconds = Counter()
        self.done = set()  # tests, also those of a run before
        self.test = None
        self.now = set()  # values that the running test uses
        self.replaced = None
        self.n_fixtures = 0  # that are being made
        self.given = {}  # id -> reference to an object, what its constructor was given
        self.running = []  # objects whose methods run
        self._read()
        for kind in public_classes():
            self._watch(kind)
        for module in [m for n, m in sys.modules.items() if n.startswith("lookalike.")]:
            if hasattr(module, "check_choice"):
                module.check_choice = self._checked(module.check_choice)

    def pytest_configure(self):
        """A failing example is neither made smaller nor kept."""
        from hypothesis import Phase, settings  # after pytest, which rewrites it

        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("once", database=None, phases=phases, deadline=None)
        settings.load_profile("once")

    def _read(self):
        if self.kept is None or not self.kept.exists():
            return
        kinds = {kind.__name__: kind for kind in public_classes()}
        notes = json.loads(self.kept.read_text(encoding="utf-8"))
        self.done = set(notes.pop("done"))
        known = {
            key: [(kinds[name], *rest) for name, *rest in rows if name in kinds]
            for key, rows in notes.items()
        }
        for kind, option, text, test, sort in known["seen"]:
            self.seen[kind, option][text] = test, sort
        for kind, option, text in known["choices"]:
            self.choices[kind, option].add(text)
        for *value, test in known["compared"]:
            self.compared[tuple(value)] = test
        for *value, tries in known["tries"]:
            self.tries_before[tuple(value)] = tries

    def _write(self):
        seen = [
            (kind.__name__, name, text, *noted)
            for (kind, name), values in self.seen.items()
            for text, noted in values.items()
        ]
        choices = [
            (kind.__name__, name, text)
            for (kind, name), texts in self.choices.items()
            for text in texts
        ]
        compared = [(k.__name__, *rest, t) for (k, *rest), t in self.compared.items()]
        tried = {*self.tries, *self.tries_before}
        tries = [(v[0].__name__, *v[1:], self.n_tries(v)) for v in tried]
        notes = {"done": sorted(self.done), "seen": seen, "choices": choices}
        notes |= {"compared": compared, "tries": tries}
        beside = self.kept.with_name(f"{self.kept.name}.new")
        beside.write_text(json.dumps(notes), encoding="utf-8")
        beside.replace(self.kept)

    def n_tries(self, value):
        """How many tests ran without a value, also in a run before."""
        return self.tries[value].total() + self.tries_before[value]

    def pytest_collection_modifyitems(self, config, items):
        """Leave out the tests of a run before."""
        config.hook.pytest_deselected(items=[i for i in items if i.nodeid in self.done])
        items[:] = [item for item in items if item.nodeid not in self.done]

    def pytest_runtest_logfinish(self, nodeid):
        """Keep what was found so far."""
        self.done.add(nodeid)
        if self.kept is not None:
            self._write()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        """Remember which test runs; run it again without each of its values."""
        self.test, self.now = item.nodeid, set()
        if NOT_COUNTED in self.test or "/plugin/" in self.test:
            self.test = None
        if self.test is None or not self.without:
            return None
        start = time.process_time()
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, nextitem=nextitem)
        seconds = time.process_time() - start
        passed = all(not report.failed for report in reports)
        if passed and seconds < SECONDS:
            for value in sorted(self.now, key=str):
                self._again_without(value, item, nextitem)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _again_without(self, value, item, nextitem):
        function = item.nodeid.partition("[")[0]
        tried = self.tries[value]
        if value in self.compared or sum(tried.values()) >= TRIES:
            return
        if self.seconds[value] > SECONDS_OF_ALL or changes_nothing(*value):
            return
        start = time.process_time()
        if tried[function] >= TRIES_OF_ONE:
            return
        self.replaced, self.hit, self.hit_in_fixture = value, False, False
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if not self.hit:  # a fixture of the file made the object
            item.session._setupstate.teardown_exact(None)
            reports = runtestprotocol(item, nextitem=None, log=False)
        if self.hit_in_fixture:  # which other tests must not find
            item.session._setupstate.teardown_exact(None)
        self.replaced = None
        self.seconds[value] += time.process_time() - start
        tried[function] += 1
        if any(report.failed for report in reports):
            self.compared[value] = item.nodeid

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self):
        """Know when a fixture makes objects."""
        self.n_fixtures += 1
        try:
            return (yield)
        finally:
            self.n_fixtures -= 1

    def _watch(self, kind):
        init, signature = kind.__init__, inspect.signature(kind.__init__)

        @wraps(init)
        def noted(made, *args, **given):
            if type(made) is kind:
                try:
                    bound = signature.bind(made, *args, **given)
                except TypeError:
                    return init(made, *args, **given)  # which says it
                for name in self._defaults_for(kind, bound.arguments):
                    del bound.arguments[name]
                self._remember(made, dict(bound.arguments))
                args, given = bound.args[1:], bound.kwargs
            with self._runs(made):
                init(made, *args, **given)
            if type(made) is kind and not methods:
                self._note(kind, self._values(made))
            return None

        kind.__init__ = noted
        methods = {
            name: method
            for base in reversed(kind.__mro__)
            for name, method in vars(base).items()
            if isinstance(method, FunctionType)
            and name not in NO_ANSWER
            and (not name.startswith("_") or name == "__call__")
        }
        for name, method in methods.items():
            setattr(kind, name, self._noting(kind, method))
        if hasattr(kind, "set_params"):
            before = kind.set_params

            @wraps(before)
            def changed(made, **given):
                if type(made) is kind:
                    for name in self._defaults_for(kind, given):
                        given[name] = options(kind)[name]
                return before(made, **given)

            kind.set_params = changed

    @contextmanager
    def _runs(self, made):
        self.running.append(made)
        try:
            yield
        finally:
            self.running.pop()

    def _noting(self, kind, method):
        @wraps(method)
        def answer(made, *args, **given):
            with self._runs(made):
                found = method(made, *args, **given)
            outermost = not any(made is each for each in self.running)
            if type(made) is kind and outermost and not self.replaced:
                self._note(kind, self._values(made))
            return found

        return answer

    def choices_of(self, kind, name):
        """What an option may be, by its check and its docstring.

        Where there is no docstring: by those of the same option in the same package.
        """
        own = self.choices[kind, name] | documented(kind).get(name, set())
        if own or name in documented(kind):
            return own
        package, default = kind.__module__.rpartition(".")[0], options(kind)[name]
        for other in public_classes():
            beside = other.__module__.rpartition(".")[0] == package
            if beside and text_of(options(other).get(name)) == text_of(default):
                own = own | self.choices[other, name]
                own = own | documented(other).get(name, set())
        return own

    def _checked(self, check):
        """``check_choice`` that notes what an option may be."""

        @wraps(check)
        def noted(name, value, allowed, *instead):
            if self.running:
                kind = type(self.running[-1])
                self.choices[kind, name] |= set(map(text_of, allowed))
            check(name, value, allowed, *instead)

        return noted

    def _defaults_for(self, kind, given):
        """Names of options whose value is replaced by the default in this run."""
        if self.replaced is None or self.replaced[0] is not kind:
            return []
        name, what = self.replaced[1:]
        if name not in given or what != self._sort(kind, name, given[name]):
            return []
        if is_same(given[name], options(kind)[name]):
            return []
        self.hit = True
        self.hit_in_fixture |= self.n_fixtures > 0
        return [name]

    def _remember(self, made, given):
        del given[next(iter(given))]  # self
        try:
            self.given[id(made)] = weakref.ref(made), given
        except TypeError:  # takes no weak references
            self.given[id(made)] = (lambda: made), given

    def _values(self, made):
        if hasattr(made, "get_params"):
            return made.get_params(deep=False)
        reference, given = self.given.get(id(made), (lambda: None, {}))
        return given if reference() is made else {}

    def _note(self, kind, given):
        for name, value in given.items():
            if self.test is not None and name in options(kind):
                text = text_of(value)
                sort = self._sort(kind, name, value)
                self.seen[kind, name].setdefault(text, (self.test, sort))
                if not is_same(value, options(kind)[name]):
                    self.now.add((kind, name, sort))

    def _sort(self, kind, name, value):
        """What one value stands for: itself where it is a choice, else its type."""
        if isinstance(value, str) and value not in self.choices_of(kind, name):
            told = kind.__doc__ or ""
            return value if f'"{value}"' in told else "<str>"
        if type(value) is int and isinstance(options(kind)[name], float):
            return "<float>"
        return sort_of(value)


def text_of(value):
    """A value in one line."""
    if isinstance(value, str):
        return value
    simple = isinstance(value, (int, float, tuple, type, type(None)))
    return repr(value)[:40] if simple else f"<{type(value).__name__}>"


def changes_nothing(kind, name, sort):
    """Whether answers are promised to be those of the default."""
    same = SAME.get(name) or SAME.get(f"{kind.__name__}.{name}") or ()
    return name in MANNERS or sort in same


def is_same(value, default):
    """Whether a value is the default, also as another kind of number."""
    if isinstance(value, Real) and isinstance(default, Real):
        return value == default
    return text_of(value) == text_of(default)


def sort_of(value):
    """Itself for a text, a truth value, a type or None, else its type."""
    if isinstance(value, (str, bool, type, type(None))):
        return text_of(value)
    if isinstance(value, Real):
        return "<int>" if isinstance(value, Integral) else "<float>"
    if isinstance(value, (list, tuple)):
        return "<sequence>"
    return f"<{type(value).__name__}>"


def main():
    """Run the tests, print the table; 1 if something was never set or compared."""
    told = argparse.ArgumentParser(prog="option_table.py")
    told.add_argument("--without", action="store_true")
    told.add_argument("--kept", type=Path)
    own, tests = told.parse_known_args()
    watch = Watch(own.without, own.kept)
    tests = tests or [f"{top}/{r}" for r in ROOMS for top in ("tests", "src/lookalike")]
    status = pytest.main(["-q", "-p", "no:cacheprovider", "-n0", *tests], [watch])
    if status == pytest.ExitCode.NO_TESTS_COLLECTED and watch.done:
        status = pytest.ExitCode.OK
    print("| class | option | value | test | fails without it |\n|---|---|---|---|---|")
    for kind in public_classes():
        for name, default in options(kind).items():
            for value, (test, sort) in sorted(watch.seen[kind, name].items()):
                needs = watch.compared.get((kind, name, sort), "")
                needs = "" if value == text_of(default) else needs
                print(f"| {kind.__name__} | {name} | {value} | {test} | {needs} |")
    missing = [*never_set(watch), *(never_compared(watch) if own.without else [])]
    print(*missing, sep="\n")
    return int(status or bool(missing))


def never_set(watch):
    """Sentences on options that only had their default, and on choices never made."""
    for kind in public_classes():
        for name, default in options(kind).items():
            seen, plain = watch.seen[kind, name], text_of(default)
            allowed = watch.choices_of(kind, name)
            if name in MANNERS or allowed == {plain}:  # which has no other value
                continue
            refused = REFUSED.get((kind.__name__, name), set())
            missed = allowed - set(seen) - {plain} - refused
            if set(seen) <= {plain} and (missed or not refused):
                yield f"{kind.__name__}({name}=) is never set"
            elif missed:
                yield f"{kind.__name__}({name}=) is never {sorted(missed)}"


def never_compared(watch):
    """Sentences on values without which no test failed."""
    for (kind, name), values in watch.seen.items():
        plain = text_of(options(kind)[name])
        for sort in sorted({s for text, (_, s) in values.items() if text != plain}):
            value = kind, name, sort
            if value not in watch.compared and not changes_nothing(*value):
                given = f"{kind.__name__}({name}={sort})"
                yield f"{given} is missed by none of {watch.n_tries(value)} tests"


if __name__ == "__main__":
    sys.exit(main())
