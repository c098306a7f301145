"""``lookalike train SYSTEM --help``: that system's own options and data, beside ours.

Names and defaults are those of the system's constructor, what they mean is what its
docstring says: neither is written down twice.
"""

import inspect
import re
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand

_ENTRY = re.compile(r"(?P<names>\w+(?:, \w+)*) : .+")
_NOT_SET = ("n_jobs", "random_state")
"""Chosen by the command itself, and by ``--seed``."""


class OfSystem(TyperCommand):
    """A verb whose help goes on with the options of the system that is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, and remember the words for the help."""
        ctx.meta[__name__] = tuple(args)
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the options of the system that is named."""
        from lookalike.systems import specs

        named = [word for word in ctx.meta.get(__name__, ()) if word in specs()]
        if not named:
            names = ", ".join(specs())
            with formatter.section("Systems"):
                formatter.write_text(
                    f"{names}. `{ctx.command_path} SYSTEM --help` has their options."
                )
            return
        spec = specs()[named[0]]
        how = "each as --set NAME=VALUE"
        if ctx.info_name != "train":
            how = "as `lookalike train` takes them"
        with formatter.section(f"Options of {spec.name}, {how}"):
            formatter.write_dl(option_rows(spec.system_class))
        data = [*spec.datasets, *([spec.own_data_form] if spec.own_data else [])]
        with formatter.section(f"Data of {spec.name}, as --data"):
            formatter.write_text(f"{', or '.join(data)}.")


def option_rows(system: type) -> list[tuple[str, str]]:
    """Return each option of a system's class with its default, and what it means.

    Examples
    --------
    >>> from lookalike.systems import find_spec
    >>> dict(option_rows(find_spec("people").system_class))["n_candidates=60"]
    'Friends of friends that are ranked for each person, at least 10.'
    """
    rows = []
    for name, parameter in inspect.signature(system).parameters.items():
        if name not in _NOT_SET:
            rows.append((f"{name}={parameter.default}", meaning(system, name)))
    return rows


def meaning(system: type, option: str) -> str:
    """Return what the docstring of a class, or of one it inherits, says of an option.

    "" where none says anything.
    """
    for each in system.__mro__:
        lines = inspect.cleandoc(each.__doc__ or "").splitlines()
        for at, line in enumerate(lines):
            found = _ENTRY.fullmatch(line)
            if found and option in found["names"].split(", "):
                return " ".join(_block(lines[at + 1 :]))
    return ""


def _block(lines: Sequence[str]) -> list[str]:
    """The indented lines at the beginning."""
    found = []
    for line in lines:
        if not line.startswith("    "):
            break
        found.append(line.strip().replace("``", "`"))
    return found
