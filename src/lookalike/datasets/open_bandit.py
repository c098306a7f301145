"""Open Bandit: recommendations that were drawn with known propensities, and clicks.

ZOZOTOWN showed items at three positions by two policies, uniform ("random") and
Bernoulli Thompson sampling ("bts"), in campaigns for men and women (Saito et al. 2021,
"Open Bandit Dataset and Pipeline").
"""

import csv
import os
from dataclasses import dataclass

import numpy as np

from lookalike._checks import check_choice
from lookalike._typing import Floats, Ints
from lookalike.datasets._opened import number_of, opened
from lookalike.datasets.locate import find
from lookalike.datasets.tables import refuse_rows, seconds_of

POLICIES, CAMPAIGNS = ("random", "bts"), ("men", "women")
_NEEDED = ("timestamp", "item_id", "position", "click", "propensity_score")


@dataclass(frozen=True)
class BanditLog:
    """Recommendations of one policy in one campaign, in the order of their time.

    time : float64 (n_rows,), seconds since 1970
    item : int64 (n_rows,), from 0 to ``n_items`` - 1
    position : int64 (n_rows,), 0 to 2 from the left
    click : float64 (n_rows,), 0s and 1s
    propensity : float64 (n_rows,), with which the item was drawn for its position
    users : (n_rows,), the four features of the user, joined by spaces
    """

    time: Floats
    item: Ints
    position: Ints
    click: Floats
    propensity: Floats
    users: tuple[str, ...]
    n_items: int

    def __len__(self) -> int:
        return len(self.click)


def load_open_bandit(
    policy: str, campaign: str, path: str | os.PathLike[str] | None = None
) -> BanditLog:
    """Return the log of a policy, "random" or "bts", in a campaign, "men" or "women".

    Raises
    ------
    ValueError
        If the names are others, or a file is not as published.
    FileNotFoundError
        If the data set is not found; the message names three ways to get it.
    """
    check_choice("policy", policy, POLICIES)
    check_choice("campaign", campaign, CAMPAIGNS)
    folder = find("open_bandit", path) / policy / campaign
    file = folder / f"{campaign}.csv.gz"
    with opened(file, "table in UTF-8") as lines:
        reader = csv.DictReader(lines)
        names = reader.fieldnames or []
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise ValueError(f"{file} lacks the columns {', '.join(missing)}.")
        rows = list(reader)
    with opened(folder / "item_context.csv.gz", "table in UTF-8") as lines:
        n_items = sum(1 for _ in csv.DictReader(lines))
    columns = {
        name: np.array([number_of(row[name]) for row in rows]) for name in _NEEDED[1:]
    }
    time = np.array([seconds_of(row["timestamp"] or "") for row in rows])
    bad = ~np.isfinite(np.column_stack([time, *columns.values()])).all(axis=1)
    bad |= (columns["item_id"] < 0) | (columns["item_id"] >= n_items)
    lines_of_bad = (np.flatnonzero(bad) + 2).tolist()
    refuse_rows(
        file, lines_of_bad, "a time, an item, a position, a click, a propensity"
    )
    features = [name for name in names if name.startswith("user_feature")]
    return BanditLog(
        time,
        columns["item_id"].astype(np.int64),
        columns["position"].astype(np.int64) - 1,
        columns["click"],
        columns["propensity_score"],
        tuple(" ".join(row[name] or "" for name in features) for row in rows),
        n_items,
    )
