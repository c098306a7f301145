"""Texts of four kinds of things, and queries in other words than theirs."""

import numpy as np

from lookalike.datasets import TextCollection

OPTIONS = {"n_components": 4}
N_FIGURES = 1
IN_REPORT = ("Queries and what was found",)
KINDS = {
    "drinks": ["wine", "tea", "coffee", "juice", "milk", "cup", "glass", "bottle"],
    "roads": ["car", "lorry", "road", "bridge", "motor", "wheel", "driver", "tunnel"],
    "music": ["violin", "piano", "song", "choir", "opera", "drum", "singer", "concert"],
    "garden": ["rose", "tree", "hedge", "lawn", "spade", "seed", "flower", "gardener"],
}


def data():
    """Return 60 documents with a kind each, and 24 judged queries."""
    rng = np.random.default_rng(0)
    ids, titles, texts, attributes = [], [], [], []
    for row in range(60):
        kind = list(KINDS)[row % 4]
        words = rng.choice(KINDS[kind], 6, replace=False)
        ids.append(f"d{row}")
        titles.append(f"Of {words[0]}" if row % 3 else "")
        texts.append(
            f"Here is a {words[1]} beside the {words[2]} and the {words[3]}. "
            f"There was one {words[4]} more than any {words[5]} could be."
        )
        attributes.append({"kind": kind})
    queries, grades = [], []
    for at in range(24):
        kind = list(KINDS)[at % 4]
        queries.append(" ".join(rng.choice(KINDS[kind], 2, replace=False)))
        own = [row for row in range(60) if list(KINDS)[row % 4] == kind]
        grades.append({ids[row]: 1 + (row % 2) for row in own[:8]})
    names = [f"q{at}" for at in range(24)]
    return TextCollection(
        "own", "", ids, titles, texts, names, queries, grades, [], attributes
    )


def inputs(made):
    """Return a few queries as users send them."""
    return ["red wine", '"violin piano" concert', "a spade for the rose", "zebra"]
