"""Alarms against changes that are known, beside the one who always and who never rings.

A detector is worth its price only where it is better than both: who always rings finds
everything at once, and who never rings has no false alarm.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from lookalike._checks import check_whole
from lookalike._typing import Floats, Ints

ALWAYS, NEVER = "always", "never"


@dataclass(frozen=True)
class AlarmRecord:
    """What one source of alarms was worth.

    found : changes with an alarm in time
    missed : changes without
    false : alarms that no change explains
    delays : float64 (found,), values from each found change to its first alarm
    """

    found: int
    missed: int
    false: int
    delays: Floats

    @property
    def precision(self) -> float:
        """Share of the alarms that a change explains, nan without alarms."""
        alarms = self.found + self.false
        return self.found / alarms if alarms else float("nan")

    @property
    def recall(self) -> float:
        """Share of the changes that were found, nan without changes."""
        changes = self.found + self.missed
        return self.found / changes if changes else float("nan")


def judge_alarms(
    alarms: Mapping[str, Iterable[int]],
    changes: Iterable[int],
    n_values: int,
    within: int,
) -> dict[str, AlarmRecord]:
    """Judge sources of alarms, and the two that always and never ring.

    Parameters
    ----------
    alarms : mapping
        Positions of the alarms of each source, from 0.
    changes : iterable of int
        Positions of the first value after each change.
    n_values : int
        Number of values that were watched.
    within : int
        An alarm fewer values than this after a change is explained by it; further ones
        in that time are neither found nor false.

    Returns
    -------
    dict
        A record for each source, then for "always" and "never".

    Raises
    ------
    ValueError
        If a position is not one of the values.

    Examples
    --------
    >>> found = judge_alarms({"cusum": [5, 120, 130]}, [100], 200, within=50)
    >>> {name: (each.found, each.missed, each.false) for name, each in found.items()}
    {'cusum': (1, 0, 1), 'always': (1, 0, 150), 'never': (0, 1, 0)}
    """
    check_whole("n_values", n_values)
    check_whole("within", within)
    changed = _positions("changes", changes, n_values)
    sources = {name: _positions(name, each, n_values) for name, each in alarms.items()}
    sources |= {ALWAYS: np.arange(n_values), NEVER: np.empty(0, np.int64)}
    return {name: _record(each, changed, within) for name, each in sources.items()}


def _record(alarms: Ints, changes: Ints, within: int) -> AlarmRecord:
    # Each alarm belongs to the last change before it.
    change = np.searchsorted(changes, alarms, side="right") - 1
    known = change >= 0
    since = np.full(len(alarms), within)
    since[known] = alarms[known] - changes[change[known]]
    explained = since < within
    found, first = np.unique(change[explained], return_index=True)
    return AlarmRecord(
        found=len(found),
        missed=len(changes) - len(found),
        false=int((~explained).sum()),
        delays=since[explained][first].astype(np.float64),
    )


def _positions(name: str, values: Iterable[int], n_values: int) -> Ints:
    found = np.sort(np.fromiter(values, np.int64))
    if len(found) and not 0 <= found[0] <= found[-1] < n_values:
        raise ValueError(
            f"Positions of {name} must be from 0 to {n_values - 1}, got "
            f"{found[0]} to {found[-1]}."
        )
    return found
