"""Write ``parameters.md``: scikit-learn's parameters beside ours, from both signatures.

``python docs/parameters.py`` writes it; ``tests/test_parameters.py`` compares.
"""

import inspect
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import all_estimators
from sklearn.utils._param_validation import Options

from lookalike import learn, search
from lookalike.features import text

PAGE = Path(__file__).with_name("parameters.md")
HEAD = """# Parameters beside scikit-learn's

Where scikit-learn has an estimator of the same name, ours takes every parameter of its
constructor, in its order and with its defaults. A parameter that only means speed is
taken without effect. A value that cannot be followed is refused in `fit`, in a sentence
that says what to use instead. This page is written by `docs/parameters.py` from both
signatures, and every value that scikit-learn names is tried, None among them.

| Estimator | As in scikit-learn | Taken, without effect | Values refused | Only here |
|---|---|---|---|---|
"""
# Values that scikit-learn takes only beside another one.
BESIDE = {("LogisticRegression", "dual"): {"solver": "liblinear"}}
ARRAYS = {"monotonic_cst": [1, 0]}
ASKED = "predict", "transform", "kneighbors"
WITHOUT_EFFECT = "Accepted for compatibility with scikit-learn"


def pairs() -> Iterator[tuple[type, type]]:
    """Our class and scikit-learn's of the same name."""
    theirs = dict(all_estimators())
    for room in (learn, search, text):
        for name in sorted(set(room.__all__) & set(theirs)):
            yield getattr(room, name), theirs[name]


def parameters(kind: type) -> dict[str, Any]:
    """Names and defaults of the constructor, in its order."""
    signature = inspect.signature(kind).parameters
    return {name: parameter.default for name, parameter in signature.items()}


@cache
def refused(ours: type, theirs: type) -> dict[str, str]:
    """Values that only ours refuses, each with the sentence."""
    found = {}
    for name, value in values(theirs):
        sentence = complaint(ours, {name: value})
        beside = BESIDE.get((theirs.__name__, name), {})
        if sentence and complaint(theirs, {name: value, **beside}) is None:
            found[f"{name}={value!r}"] = sentence
    return found


def values(kind: Any) -> Iterator[tuple[str, Any]]:
    """Every value of a parameter that scikit-learn names: words, truths, None.

    Of parameters that are arrays one value is tried, where ``ARRAYS`` has it. The
    default is left out: each model is tested with it.
    """
    defaults = parameters(kind)
    for name, constraints in kind._parameter_constraints.items():
        tried: list[Any] = []
        for constraint in constraints if isinstance(constraints, list) else []:
            if isinstance(constraint, Options):
                tried += sorted(constraint.options)
            elif constraint in ("boolean", "verbose"):
                tried += [False, True]
            elif constraint is None:
                tried.append(None)
            elif constraint == "array-like" and name in ARRAYS:
                tried.append(ARRAYS[name])
        for value in tried:
            if value is not defaults[name] and value != defaults[name]:
                yield name, value


def complaint(kind: Any, given: dict[str, Any]) -> str | None:
    """What a model says to a small problem; None if it learns and answers."""
    model = kind(**given)
    small = {"n_clusters": 2, "max_iter": 10}
    model.set_params(**{name: small[name] for name in small if hasattr(model, name)})
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            X, y = _problem(kind, given)
            answer = next(ask for ask in ASKED if hasattr(model.fit(X, y), ask))
            getattr(model, answer)(X)
    except (
        ValueError,
        TypeError,
        NotImplementedError,
        AttributeError,
        OSError,
    ) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _problem(kind: type, given: dict[str, Any]) -> tuple[Any, Any]:
    if hasattr(text, kind.__name__):
        return ["red apple", "green apple pie"], None
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = (X[:, 0] > 0).astype(int)
    if "precomputed" in given.values():
        X = X @ X.T - (X @ X.T).min()
    return X, y


def page() -> str:
    """The whole page."""
    rows = []
    for ours, theirs in pairs():
        mine, given = parameters(ours), parameters(theirs)
        idle = [name for name in given if _is_idle(ours, name)]
        same = [name for name in given if name not in idle]
        only = [name for name in mine if name not in given]
        shown = [_code(part) for part in (same, idle, refused(ours, theirs), only)]
        rows.append(f"| `{ours.__name__}` | {' | '.join(shown)} |\n")
    return HEAD + "".join(rows)


def _is_idle(kind: type, name: str) -> bool:
    """Whether the docstring's entry of this parameter says that it has no effect."""
    entry = (kind.__doc__ or "").partition(f"\n    {name} : ")[2]
    lines: list[str] = []
    for line in entry.splitlines()[1:]:
        if not line.startswith("        "):
            break
        lines.append(line.strip())
    return " ".join(lines).startswith(WITHOUT_EFFECT)


def _code(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(page())
