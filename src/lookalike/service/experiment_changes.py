"""Starting and ending experiments, as the HTTP service and the command line do it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lookalike.core.library import Library
from lookalike.service.database import Database
from lookalike.service.database.experiments import end, only_running, start
from lookalike.service.served_experiment import (
    ServedExperiment,
    ab,
    canary,
    interleaving,
    shadow,
)

_KINDS: dict[str, tuple[Callable[..., ServedExperiment], tuple[str, ...]]] = {
    "ab": (ab, ("design", "generations", "slow_ms")),
    "interleaving": (interleaving, ("generation", "coverage", "slow_ms")),
    "canary": (canary, ("generation", "share", "requests", "deadline", "slow_ms")),
    "shadow": (shadow, ("generation", "share", "slow_ms")),
}
"""What makes an experiment of a kind, and the fields that it takes."""


def new_experiment(
    key: str, system: str, kind: str, version: int, fields: Mapping[str, Any]
) -> ServedExperiment:
    """Return an experiment of a kind, from the fields that somebody gave.

    Raises
    ------
    ValueError
        If the kind does not take a field or lacks one, or the values are not good.

    Examples
    --------
    >>> new_experiment("next", "shop", "canary", 1, {"share": 0.1})
    Traceback (most recent call last):
    ...
    ValueError: an experiment of the kind canary needs a generation.
    """
    if kind not in _KINDS:
        raise ValueError(f"kind must be one of {', '.join(_KINDS)}, got {kind!r}.")
    make, takes = _KINDS[kind]
    for name in fields:
        if name not in takes:
            raise ValueError(
                f"an experiment of the kind {kind} takes {', '.join(takes)}; got "
                f"{name}."
            )
    if "generation" in takes and fields.get("generation") is None:
        raise ValueError(f"an experiment of the kind {kind} needs a generation.")
    if kind == "ab":
        fields = {"design": {}, "generations": {}, **fields}
    return make(key, system, version=version, **fields)


def start_experiment(
    database: Database, libraries: Mapping[str, Library], new: ServedExperiment
) -> None:
    """Let an experiment run, if all its generations are whole.

    Raises
    ------
    ValueError
        If its system is not served, a generation is not there or damaged, or units
        would be in two experiments.
    """
    if new.system not in libraries:
        raise ValueError(
            f"system must be one of {', '.join(libraries)}, got {new.system!r}."
        )
    library = libraries[new.system]
    for number in new.generations.values():
        if number not in library.names():
            raise ValueError(
                f"generations of {new.system} are {', '.join(library.names())}; got "
                f"{number!r}."
            )
        library.load(number)
    if new.kind == "canary":
        new = replace(new, answering=library.current())
    with database.writing() as connection:
        start(connection, new)


def stop_experiment(
    database: Database,
    libraries: Mapping[str, Library],
    key: str,
    reason: str,
    winner: str | None = None,
) -> ServedExperiment:
    """End an experiment; the generation of a winner answers everybody.

    Raises
    ------
    LookupError, ValueError
        If none of this key runs, or the winner is no variant of it.
    """
    with database.reading() as connection:
        which = only_running(connection, key).served
    if winner is not None:
        if winner not in which.design.variants:
            raise ValueError(
                f"winner must be one of {', '.join(which.design.variants)}, got "
                f"{winner!r}."
            )
        reason = f"{reason.removesuffix('.')}; {winner} answers everybody."
        if winner in which.generations:
            libraries[which.system].activate(which.generations[winner])
    with database.writing() as connection:
        return end(connection, key, "stopped", reason)
