"""End-to-end systems, one package each.

A package here that has a ``SPEC`` is a system; so is what another distribution names by
an entry point of the group "lookalike.systems". Nothing else lists systems: a new one
is its folder.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from lookalike.core.spec import SystemSpec

GROUP = "lookalike.systems"


@cache
def specs() -> dict[str, SystemSpec]:
    """Return the description of every system that is installed, by its name.

    Raises
    ------
    ValueError
        If two systems have one name.
    """
    names = [m.name for m in iter_modules(__path__) if not m.name.startswith("_")]
    packages = [import_module(f"{__name__}.{name}") for name in names]
    found = [each.SPEC for each in packages if hasattr(each, "SPEC")]
    found += [point.load() for point in entry_points(group=GROUP)]
    by_name: dict[str, SystemSpec] = {}
    for spec in found:
        if spec.name in by_name:
            raise ValueError(f"Two installed systems are called {spec.name}.")
        by_name[spec.name] = spec
    return by_name


def find_spec(name: str) -> SystemSpec:
    """Return the description of one system.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists those that there are.
    """
    if name not in specs():
        raise ValueError(
            f"The system must be one of {', '.join(specs())}, got {name!r}."
        )
    return specs()[name]
