"""What speaks for a risk: each group of features set to that of the average person."""

import numpy as np

from lookalike._typing import Array
from lookalike.systems.jaywalking.answers import JaywalkAnswer
from lookalike.systems.jaywalking.chances import Chances
from lookalike.systems.jaywalking.features import (
    CROWD_COLUMNS,
    MOTION_COLUMNS,
    SUMMARY_NAMES,
    VEHICLE_COLUMNS,
    Features,
)

GROUPS: dict[str, tuple[int, ...]] = {
    "where they are": tuple(range(MOTION_COLUMNS.start)),
    "how they move": tuple(range(MOTION_COLUMNS.start, MOTION_COLUMNS.stop)),
    "the people around": tuple(range(CROWD_COLUMNS.start, CROWD_COLUMNS.stop)),
    "the car": VEHICLE_COLUMNS,
    "the signs in sight": tuple(range(VEHICLE_COLUMNS[-1] + 1, len(SUMMARY_NAMES))),
}


def reasons_of(
    answer: JaywalkAnswer, features: Features, chances: Chances, usual: Array
) -> tuple[str, ...]:
    """Return sentences on one person's risk, the strongest first.

    features : of one person
    usual : (n_columns,), the mean summary of the people that were learned from
    """
    whole = float(chances.trees.scores(features.summary)[0])
    parts = []
    for name, columns in GROUPS.items():
        summary = features.summary.copy()
        summary[:, list(columns)] = usual[list(columns)]
        parts.append((whole - float(chances.trees.scores(summary)[0]), name))
    parts.sort(key=lambda part: (-abs(part[0]), part[1]))
    told = [
        f"{name} {'raises' if part > 0 else 'lowers'} the odds of crossing to "
        f"{np.exp(part):.2g} times those with the average person's"
        for part, name in parts
        if abs(part) >= 0.05
    ]
    place = (
        f"crossing {answer.crossing:.0%}, times {answer.away:.0%} that nobody is meant "
        f"to cross here, is a risk of {answer.jaywalking:.0%}"
    )
    return (place, *told)
