"""Opening what the verbs work on: saved systems, and the options of new ones."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lookalike.cli._common import warn


def open_system(name: str, folder: Path | None) -> tuple[Any, str]:
    """Return the system that answers, and the name of its generation.

    ``folder`` is a library of generations, or one generation.
    """
    from lookalike.core.library import Library
    from lookalike.systems import find_system

    kind = find_system(name)
    if folder is not None and (folder / "system.json").exists():
        return kind.load(folder, n_jobs=-1), folder.name
    found, complaint = Library(name, folder).open()
    warn(complaint)
    return kind.load(found, n_jobs=-1), found.folder.name


def new_system(name: str, given: Mapping[str, Any], settings: Sequence[str]) -> Any:
    """Return a system that has learned nothing yet, with these options.

    ``given`` holds options by name, None where the user said nothing; ``settings`` are
    further ones, as in ``model=conv``.
    """
    from lookalike.systems import find_system

    kind = find_system(name)
    options = {option: value for option, value in given.items() if value is not None}
    for setting in settings:
        option, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"--set takes NAME=VALUE, got {setting!r}.")
        options[option] = _value(value)
    known = [p for p in inspect.signature(kind).parameters if p != "n_jobs"]
    for option in options:
        if option not in known:
            raise ValueError(
                f"The options of {name} are {', '.join(known)}; got {option!r}."
            )
    return kind(**options, n_jobs=-1)


def verb_of(system: Any, name: str, verb: str) -> Any:
    """Return what a system does for a verb, or say that it does no such thing."""
    if not hasattr(system, verb):
        raise ValueError(f"The system {name} has no verb {verb}.")
    return getattr(system, verb)


def _value(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
