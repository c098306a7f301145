"""A few queries of a few people, in two countries."""

import numpy as np

from lookalike.datasets import QueryLog, TypedQueries

OPTIONS = {"min_people": 2, "blocked": "casino"}
N_FIGURES = 1
IN_REPORT = ("different places",)
USERS = ("ann", "bob", "eve", "joe")
QUERIES = {
    "weather rome": 4,
    "weather riga": 3,
    "weather forecast": 2,
    "web mail login": 4,
    "cheap flights": 3,
    "flights to rome": 2,
    "casino online": 4,
    "my secret diary": 1,
}
LATER = ("weather rome", "web mail login", "cheap weather", "something else")
DAY = 86_400.0


def data():
    """Return askings of a month, and later ones."""
    rows = [
        (query, USERS[at], ("it", "lv")[at % 2], DAY * (at + len(query)))
        for query, n in QUERIES.items()
        for at in range(n)
    ]
    rows += [(query, "ann", "it", 60 * DAY) for query in LATER]
    queries, users, countries, times = zip(*rows, strict=True)
    counts = np.ones(len(rows), np.int64)
    log = QueryLog(queries, users, countries, np.array(times), counts)
    return TypedQueries("own", "", log[: -len(LATER)], log[-len(LATER) :])


def inputs(made):
    """Return what is typed: a beginning, with a typo, within, and nothing known."""
    return ["wea", "waether r", "rome", "zzzzzzzzz", "W"]
