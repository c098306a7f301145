"""Describe every item by another embedding while the present one goes on answering.

Items that were added since the generation was made have their vectors in the database,
one for each embedding version. Before a generation with another embedding may answer,
they are described by it; what is added meanwhile is described in another round. When
none is left the pointer moves: no search ever sees two kinds of vectors.
"""

from collections.abc import Callable

from lookalike.core.generation import load
from lookalike.core.library import Library
from lookalike.service.database import Database
from lookalike.service.database import items as stored
from lookalike.service.digits_face import FACES
from lookalike.service.served import with_vectors

_MANY = 500
Report = Callable[[str, float], None]


def reembed(
    library: Library, database: Database, number: str, report: Report | None = None
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
        If there is no such whole generation.
    """
    if number not in library.names():
        raise ValueError(f"There is no generation {number!r:.50} of {library.name}.")
    found = load(library.folder / number, library.name)
    face = FACES[library.name](found)
    version = face.embedding_version
    after = int(found.about.get("items_revision", 0))
    done, lost = 0, []
    while True:
        with database.reading() as connection:
            waiting = stored.changes(connection, library.name, after, version)
        waiting = [i for i in waiting if not i.deleted and i.vector is None]
        lost = [item.id for item in waiting if item.image is None]
        waiting = [item for item in waiting if item.image is not None]
        if not waiting:
            break
        total = done + len(waiting)
        for start in range(0, len(waiting), _MANY):
            described = with_vectors(face, waiting[start : start + _MANY])
            with database.writing() as connection:
                stored.store_vectors(
                    database, connection, library.name, described, version
                )
            done += len(described)
            if report:
                report("describing items", min(done / total, 1.0))
    library.activate(number)
    return done, lost
