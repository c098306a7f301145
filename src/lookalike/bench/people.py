"""``lookalike bench people``: five hidings of friendships that nobody had looked at.

Each hides a fifth of the Facebook friendships anew, learns from the others, and asks as
``lookalike evaluate people`` does. The last job takes the hidings together: they are of
the same people, so that its p-values are somewhat too sure of themselves.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np

from lookalike._typing import Array
from lookalike.bench._run import Report, Row, holding, measured
from lookalike.core.verbs import Measured
from lookalike.datasets.friendships import hold_out, load_facebook_ego
from lookalike.evaluate import bootstrap, paired_test
from lookalike.systems.people.system import People

SEEDS = range(201, 206)


def run(
    only: str | None = None, rounds: int = 1, report: Report | None = None
) -> dict[str, Any]:
    """Measure every hiding whose name holds ``only``, once: nothing is timed."""
    jobs = [(f"hiding {seed}", partial(one, seed)) for seed in SEEDS]
    return measured(holding([*jobs, ("all hidings", together)], only), report)


@cache
def answered(seed: int) -> Measured:
    """What the system found of one hiding."""
    data = load_facebook_ego()
    pairs = np.concatenate([data.known, data.held_out])
    known, hidden = hold_out(pairs, random_state=seed)
    fresh = replace(data, known=known, held_out=hidden)
    return People(n_jobs=-1).fit(fresh).evaluate(fresh)


def one(seed: int) -> list[Row]:
    """Hit rates of one hiding, the ranker's first, and its gains."""
    found = answered(seed)
    return compared(found.details["hit"], auc=str(found.metrics["auc"]))


def together() -> list[Row]:
    """The same of all hidings, one after the other."""
    hits = [answered(seed).details["hit"] for seed in SEEDS]
    return compared({way: np.concatenate([h[way] for h in hits]) for way in hits[0]})


def compared(hit: Mapping[str, Array], **further: str) -> list[Row]:
    """Whether each person got a hidden friend, (n_people,), by way to rank."""
    rows: list[Row] = []
    for way, values in hit.items():
        row = {
            "method": way.replace("_", " "),
            "hit_rate@10": str(bootstrap(np.mean, values)),
        }
        if way == "ranker":
            rows.append(row | further)
            continue
        test = paired_test(hit["ranker"], values)
        gain = f"{test.difference.value:+.4f}"
        rows.append(row | {"ranker's gain": gain, "p": f"{test.p_value:.2g}"})
    return rows
