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
from lookalike.service.items import ItemStore


def compact(system: HasItems, library: Library) -> str:
    """Save the system with its items as they are now, as the next generation.

    Returns
    -------
    str
        Its name; it answers from then on.
    """
    return library.add(system.save)


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
