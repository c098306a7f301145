"""Lists of systems that show a user no item twice: handed out, page by page.

What a user was handed out is left out before the system is asked, and claimed in the
database before the answer is sent, so that requests which come together, to one worker
or several, share nothing. What is claimed in between is replaced by what comes next.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from lookalike.rank.slate import ExplainedSlate
from lookalike.service.components import Components
from lookalike.service.cursors import Cursor
from lookalike.service.database.handed_out import hand_out, handed_to
from lookalike.service.errors import ServiceError
from lookalike.service.runtime import ServedSystem

REPLACED = (
    "Some were handed out by another request meanwhile: the next took their place."
)


def cursor_before(served: ServedSystem, user: str, sent: str | None) -> Cursor:
    """Return what the pages before have shown: nothing, where no cursor was sent.

    Raises
    ------
    ServiceError
        422 if the cursor is damaged, or of another user.
    """
    first = Cursor.of(served.name, user, {})
    if sent is None:
        return first
    try:
        return first.taken_up(sent)
    except ValueError as error:
        other = "The cursor is of another user: send the user that it was given to."
        told = str(error) if "damaged" in str(error) else other
        raise ServiceError(422, told) from None


async def handed_before(
    components: Components, served: ServedSystem, user: str
) -> list[str]:
    """Return the items that a user was handed out before."""

    def read() -> list[str]:
        with components.database.reading() as connection:
            return handed_to(connection, served.name, user)

    return await asyncio.to_thread(read)


async def handed(
    components: Components,
    served: ServedSystem,
    user: str,
    shown: ExplainedSlate,
    whole: ExplainedSlate,
    k: int,
) -> ExplainedSlate:
    """Return at most k items that nobody else hands out to the user.

    shown : as they are to be shown, the last place drawn
    whole : all that there are, which take the places of those that are gone
    """
    wanted = [*shown.ids, *(id for id in whole.ids if id not in set(shown.ids))]
    if not wanted:
        return shown
    taken: Sequence[str] = await components.writer.write(
        lambda c: hand_out(components.database, c, served.name, user, wanted, k)
    )
    if list(taken) == shown.ids:
        return shown
    place = {id: at for at, id in enumerate(whole.ids)}
    # No propensity is known of what came in for something else.
    found = whole.take(sorted(place[id] for id in taken))
    return replace(found, propensities=None, rules=(*shown.rules, REPLACED), drawn=None)
