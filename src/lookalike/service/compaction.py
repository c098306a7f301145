"""Compaction: changed items become rows of the next generation, same embedding.

The new generation says up to which revision it holds the changes; what came while it
was written is applied over it. Nothing is lost if compaction is killed: the changes
stay in the database.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from lookalike.core.contracts import HasItems
from lookalike.core.library import Library
from lookalike.core.spec import SystemSpec
from lookalike.service.change_signal import ChangeSignal
from lookalike.service.database import Database
from lookalike.service.database.registry import acting
from lookalike.service.items import ItemStore
from lookalike.service.runtime import ServedSystem
from lookalike.service.shared_library import SharedLibrary


def compact(system: HasItems, library: Library) -> str:
    """Save the system with its items as they are now, as the next generation.

    Returns
    -------
    str
        Its name; it answers from then on.
    """
    return library.add(system.save)


def compact_served(served: ServedSystem) -> str:
    """Compact what a service answers with.

    Where several services share the generations, one after the other comes here: the
    first makes the generation, and for those that wanted the same it is there.

    Returns
    -------
    str
        The name of the generation that holds the items; it answers from then on.
    """
    library = served.library
    if not isinstance(library, SharedLibrary):
        return compact(served.current().system, library)
    with library.alone("compaction"):
        served.watch()
        active = served.active
        if served.n_held_changes == 0:
            return active.generation
        with acting("the service", f"{served.n_held_changes} changes of items"):
            return compact(active.system, library)


def compact_saved(spec: SystemSpec, library: Library, database: Database) -> str:
    """Compact the generation that answers, without a running service.

    Raises
    ------
    ValueError
        If the system has no items that come and go.
    """
    spec.check_can("items")
    with TemporaryDirectory() as folder:
        signal = ChangeSignal(Path(folder) / "changes")
        found, _ = library.open()
        system = spec.system_class.load(found)
        ItemStore(library.name, database, signal).apply_changes(system)
        signal.close()
        return compact(system, library)
