"""The gate: a new generation that is worse than what answers does not take over.

Both are compared on the same held-out part, by a paired test: by the outcomes that
their evaluations have kept, where both learned from the same data, or by what the
system's ``SystemSpec.comparison`` finds. Where they cannot be compared the new one
takes over.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike._typing import Array
from lookalike.core.evaluation import EvaluationResult
from lookalike.core.generation import Generation
from lookalike.core.library import Library
from lookalike.core.spec import SystemSpec
from lookalike.evaluate import Comparison, paired_test

WORSE = 0.05
"""The p value from which down a difference is no chance."""


def is_worse(test: Comparison | None) -> bool:
    """Whether a new generation is worse by more than chance.

    test : of the new one with the one that answers; None where there is none

    Examples
    --------
    >>> from lookalike.evaluate import Estimate
    >>> [is_worse(Comparison(Estimate(d, d - 0.1, d + 0.1), 0.01, "t")) for d in (0.2, -0.2)]
    [False, True]
    """  # noqa: E501
    return test is not None and test.difference.value < 0 and test.p_value < WORSE


def compare_with_answering(
    spec: SystemSpec, library: Library, measured: Any, data: Any, result: Any
) -> tuple[str, Comparison | None]:
    """Compare a system that has just learned with the one that answers.

    Parameters
    ----------
    measured : system
        As it was measured: without what was held out.
    data : what it learned from
    result : EvaluationResult

    Returns
    -------
    name : str
        Of the generation that answers, "" before the first.
    test : Comparison or None
        Positive where the new one is better; None where they cannot be compared.
    """
    try:
        found, _ = library.open()
    except (ValueError, OSError):  # there is none, or none is whole
        return "", None
    return found.folder.name, _compared(spec, found, measured, data, result)


def _compared(
    spec: SystemSpec,
    found: Generation,
    measured: Any,
    data: Any,
    result: EvaluationResult,
) -> Comparison | None:
    if spec.comparison is None:
        about = {"quality": result.quality, "data": measured.manifest_.data}
        return compare_outcomes(about, found.about)
    try:
        answering = spec.system_class.load(found, n_jobs=measured.n_jobs)
        test: Comparison = spec.member("comparison")(answering, measured, data)
    except ValueError:  # of another release, or nothing is held out
        return None
    return test


def compare_outcomes(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> Comparison | None:
    """Compare two generations by the outcomes of their evaluations, one by one.

    first, second : "quality" and "data" of each, as ``system.json`` has them; None is
        returned where they were not measured on the same held-out part: of other data,
        or, where "quality" says what was "held_out", of another text there

    Examples
    --------
    >>> about = {"data": {"checksum": "a"}}
    >>> wrong = [{"n_test": 100, "wrong": list(range(n))} for n in (2, 12)]
    >>> one, other = ({**about, "quality": each} for each in wrong)
    >>> print(compare_outcomes(one, other).difference)
    0.1000 [0.0500, 0.1600]
    """
    ours, theirs = first.get("quality"), second.get("quality")
    if not ours or not theirs or not _same(first["data"], second["data"]):
        return None
    if ours.get("held_out") != theirs.get("held_out"):
        return None
    mine, other = outcomes_of(ours), outcomes_of(theirs)
    return paired_test(mine, other) if len(mine) == len(other) else None


def outcomes_of(quality: Mapping[str, Any]) -> Array:
    """Return the outcome of each held-out thing, the better the higher.

    quality : of an ``EvaluationResult``: "outcomes", or "n_test" and which are "wrong"

    Examples
    --------
    >>> outcomes_of({"n_test": 4, "wrong": [2]}).tolist()
    [True, True, False, True]
    """
    if "outcomes" in quality:
        return np.asarray(quality["outcomes"], np.float64)
    right = np.ones(quality["n_test"], bool)
    right[np.asarray(quality["wrong"], int)] = False
    return right


def _same(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    names = ("checksum", "options", "live_events")
    return all(first.get(name) == second.get(name) for name in names)
