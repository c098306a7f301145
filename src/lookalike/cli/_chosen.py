"""Which system a verb works on: the one that was named, or the only one that can."""

from pathlib import Path
from typing import Annotated

from typer import Option

Named = Annotated[
    str | None,
    Option("--system", help="Which system answers, where there are several that can."),
]


def chosen(system: str | None, folder: Path | None, capability: str = "") -> str:
    """Return the system that was named, or else the only one that can do something.

    system : as named, None where nobody said
    folder : that holds systems; None is the user's own place
    capability : what it is to do; "" is anything

    Raises
    ------
    ValueError
        If none was named, and none or several in the folder can; the sentence lists
        those that can.
    """
    from lookalike.core.generation import load
    from lookalike.core.library import libraries_in, library_folder
    from lookalike.systems import specs

    if system is not None:
        return system
    if folder is not None and folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is no folder; expected one that holds a system.")
    there = [name for name in libraries_in(folder) if name in specs()]
    able = [name for name in there if not capability or specs()[name].can(capability)]
    what = f" that can {capability}" if capability else ""
    if len(able) == 1 or (len(there) == 1 and not able):
        return (able or there)[0]
    if able:
        raise ValueError(
            f"There are several systems{what} here: {', '.join(able)}; say which."
        )
    if folder is not None and (folder / "system.json").exists():
        load(folder, "")  # which says what is wrong with it
    everywhere = [
        name for name, spec in specs().items() if not capability or spec.can(capability)
    ]
    raise ValueError(
        f"{folder or library_folder('')} holds no system{what}; "
        f"`lookalike train SYSTEM` makes one: {', '.join(everywhere)}."
    )
