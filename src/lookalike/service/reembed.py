"""Describe every item by another embedding while the present one goes on answering.

Items that were added since the generation was made have their vectors in the database,
one for each embedding version. Before a generation with another embedding may answer,
they are described by it; what is added meanwhile is described in another round. When
none is left the pointer moves: no search ever sees two kinds of vectors.
"""

from lookalike.core.library import Library
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.core.spec import SystemSpec
from lookalike.service.database import Database
from lookalike.service.database import items as stored
from lookalike.service.items import with_vectors

_BLOCK = 500  # items in one transaction


def reembed(
    spec: SystemSpec,
    library: Library,
    database: Database,
    number: str,
    on_progress: ProgressCallback = no_progress,
) -> tuple[int, list[str]]:
    """Describe by the embedding of generation ``number``, then let it answer.

    Returns
    -------
    n_described : int
    lost : list of str
        Items that came as vectors of another embedding, without an image: they are
        not found until their vectors are sent again.

    Raises
    ------
    ValueError
        If there is no such whole generation, or the system has no items.
    """
    spec.check_can("items")
    if number not in library.names():
        raise ValueError(f"There is no generation {number!r:.50} of {library.name}.")
    system = spec.system_class.load(library.load(number))
    version = system.manifest_.embedding_version
    after = system.items_.snapshot.revision
    n_described = 0
    while True:
        with database.reading() as connection:
            waiting = stored.changes(connection, library.name, after, version)
        waiting = [i for i in waiting if not i.deleted and i.vector is None]
        lost = [item.id for item in waiting if item.image is None]
        waiting = [item for item in waiting if item.image is not None]
        if not waiting:
            break
        total = n_described + len(waiting)
        for start in range(0, len(waiting), _BLOCK):
            described = with_vectors(system, waiting[start : start + _BLOCK])
            with database.writing() as connection:
                stored.store_vectors(
                    database, connection, library.name, described, version
                )
            n_described += len(described)
            on_progress("describing items", min(n_described / total, 1.0))
    library.activate(number)
    return n_described, lost
