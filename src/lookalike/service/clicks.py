"""What the event log tells of searches: what was shown, where, and what was clicked."""

from collections.abc import Mapping

from lookalike._typing import Floats, Ints
from lookalike.rank.clicks import Impressions
from lookalike.rank.impressions import impressions_of, pairs_of
from lookalike.service.database import Database
from lookalike.service.training import training_rows


def shown_items(
    database: Database, row_of: Mapping[str, int], system: str, version: str
) -> tuple[Impressions, Floats]:
    """Return what searches have shown, and similarities; see ``impressions_of``.

    Raises
    ------
    ValueError
        If nothing was.
    """
    return impressions_of(training_rows(database), row_of, system, version)


def clicked_pairs(database: Database, row_of: Mapping[str, int], system: str) -> Ints:
    """Return items that were clicked for one query, int64 (n, 2); see ``pairs_of``."""
    return pairs_of(training_rows(database), row_of, system)
