"""Published data as impressions: films liked, deposits taken, Criteo's display ads."""

import hashlib
import os

import numpy as np

from lookalike._typing import Array
from lookalike.datasets.click_log import ClickLog, ClickUsers, free_ads, last_fifth
from lookalike.datasets.locate import find
from lookalike.datasets.moving import load_bank_marketing
from lookalike.datasets.ratings import load_movielens
from lookalike.datasets.tables import read_table

LIKED = 4.0  # stars from which a rating counts as a click
_NUMBERS = tuple(f"I{n}" for n in range(1, 14))
_CATEGORIES = tuple(f"C{n}" for n in range(1, 27))


def load_movielens_clicks(path: str | os.PathLike[str] | None = None) -> ClickLog:
    """Load MovieLens as clicks: a film that was rated with four stars or more.

    The last fifth of the ratings of each person is for testing.
    """
    data = load_movielens(path)
    assert data.time is not None  # ratings have times
    order = np.lexsort((data.item, data.user, data.time))
    columns = {"genres": data.genres.astype(str), "year": data.years}
    return ClickLog(
        name="movielens_clicks",
        checksum=hashlib.sha256(f"clicks {data.checksum}".encode()).hexdigest(),
        users=ClickUsers(data.users),
        ads=free_ads(data.items, columns),
        user=data.user[order],
        ad=data.item[order],
        time=data.time[order],
        clicked=(data.value[order] >= LIKED).astype(np.int64),
        is_test=data.held_out[order],
        context={},
        kinds={
            "user": "category",
            "ad": "category",
            "genres": "tags",
            "year": "number",
        },
        crosses=[("user", "genres"), ("user", "year")],
        counted=[("user",), ("ad",), ("user", "genres")],
        by_user=True,
    )


def load_bank_clicks(path: str | os.PathLike[str] | None = None) -> ClickLog:
    """Load the calls of a bank as impressions of one offer; a deposit is the click.

    The last fifth, by date, is for testing. How long a call took is left out: it is
    known only afterwards.
    """
    table = load_bank_marketing(path)
    n = len(table)
    kinds = {
        name: "number" if column.dtype.kind == "f" else "category"
        for name, column in table.columns.items()
    }
    digest = hashlib.sha256(table.label.tobytes() + table.time.tobytes())
    everyone = np.array(["anybody"])
    return ClickLog(
        name="bank_clicks",
        checksum=digest.hexdigest(),
        users=ClickUsers(everyone),
        ads=free_ads(np.array(["deposit"]), {}),
        user=np.zeros(n, np.int64),
        ad=np.zeros(n, np.int64),
        time=table.time,
        clicked=table.label,
        is_test=last_fifth(table.time),
        context=dict(table.columns),
        kinds=kinds,
        crosses=[("month", "contact"), ("job", "education"), ("poutcome", "contact")],
    )


def load_criteo(path: str | os.PathLike[str] | None = None) -> ClickLog:
    """Load rows of Criteo's display-advertising challenge, in the order of the file.

    Thirteen numbers (nan where empty) and 26 hashed categories; who was shown what is
    not published, and all rows are of one ad. The last fifth is for testing.

    Raises
    ------
    ValueError
        If the file is not as published; the sentence names the rows.
    """
    table = read_table(find("criteo_tiny", path), ("Label", *_NUMBERS, *_CATEGORIES))
    label = table.reals("Label")
    table.refuse(~np.isin(label, (0, 1)), "a Label of 0 or 1")
    context: dict[str, Array] = {n: table.reals(n, empty=True) for n in _NUMBERS}
    context |= {n: np.array(table.columns[n], dtype=str) for n in _CATEGORIES}
    n, rows = len(label), np.arange(len(label), dtype=np.float64)
    return ClickLog(
        name="criteo_tiny",
        checksum=table.checksum,
        users=ClickUsers(np.array(["anybody"])),
        ads=free_ads(np.array(["display"]), {}),
        user=np.zeros(n, np.int64),
        ad=np.zeros(n, np.int64),
        time=rows,
        clicked=label.astype(np.int64),
        is_test=last_fifth(rows),
        context=context,
        kinds={
            **dict.fromkeys(_NUMBERS, "number"),
            **dict.fromkeys(_CATEGORIES, "category"),
        },
    )
