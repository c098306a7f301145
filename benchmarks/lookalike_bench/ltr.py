"""``lookalike bench ltr``: learning to rank on MQ2008, on the publisher's folds.

``mq2008``, ``sample`` and ``fit`` learn from grades, see ``graded_lists.py``.

``clicks``: what clicks alone teach. A production ranker, learned from the grades of one
in a hundred training queries, orders each training query once and for all. Users ask
each query a hundred times, look at position k with probability 1 / k, and click what
they looked at with probability 0.1 + 0.9 (2^g - 1) / 3 for grade g, as in Joachims et
al. (2017) and Ai et al. (2018). The learner sees features, lists and clicks.
One linear ranker learns from grades, from clicks as they are, from clicks with the
examination it estimated, and with the true one.

A query's nDCG@10 is the mean over the logs, 0 where no document is relevant. What was
chosen (the penalty, the prior) was chosen on the validation parts, with logs of other
seeds; the test parts are for reading once.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from lookalike.datasets import GradedLists, fold_of, load_mq2008
from lookalike.evaluate import bootstrap, paired_test
from lookalike.rank.clicks import Impressions
from lookalike.rank.counterfactual_ranker import CounterfactualRanker
from lookalike.rank.linear_ranker import LinearRanker
from lookalike.rank.logistic_ranker import LogisticRanker
from lookalike_bench.arrays import Array, Floats, Ints
from lookalike_bench.bars import Bar, Row, difference, least, most, quotient
from lookalike_bench.graded_lists import contestants, mq2008, qualities, sample
from lookalike_bench.runner import Job, ProgressCallback, measured, race, selected

K = 10
LOGS = 5  # a fold
ASKED = 100  # times a training query, in a log
JUDGED = 0.01  # of the training queries, for the production ranker
GREATEST = 3  # gain of a grade
NOISE = 0.1  # share of looks at what is not relevant that are clicked
PENALTY = 0.4  # alpha of the linear ranker
SEED = 2008

ESTIMATED = "clicks, examination estimated"
RAW = "clicks as they are"
OF_GRADES = least("ndcg@10", "mq2008", "trees lambdarank")
FIT = "fit 200 trees"
BARS = (
    Bar(
        "MQ2008: nDCG@10 of LambdaMART less LightGBM's",
        -0.003,
        difference(OF_GRADES, least("ndcg@10", "mq2008", "LightGBM lambdarank")),
    ),
    Bar(
        "MQ2008: nDCG@10 of the best of ours",
        0.512,
        most("ndcg@10", "mq2008", "[!LX]*"),
    ),
    Bar(
        "time of 200 trees, times LightGBM's",
        1,
        quotient(least("seconds", FIT), least("seconds", FIT, "LightGBM")),
        at_most=True,
    ),
    Bar(
        "LightGBM's sample: nDCG@10 of LambdaMART",
        0.72,
        least("ndcg@10", "sample", "trees lambdarank"),
    ),
    Bar(
        "from clicks, examination unknown: nDCG@10",
        0.5,
        least("ndcg@10", "clicks", ESTIMATED),
    ),
    Bar(
        "... beyond clicks as they are: p",
        0.05,
        most("p", "clicks", ESTIMATED),
        at_most=True,
    ),
)


def run(
    only: str | None = None,
    rounds: int = 5,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Run the jobs whose name contains ``only``; ``rounds`` are of ``fit``."""
    report = progress or (lambda what, share: None)
    return measured(selected(jobs(report, rounds), only), None, BARS)


def jobs(
    report: ProgressCallback, rounds: int
) -> list[tuple[str, Callable[[], Iterable[Row]]]]:
    """All jobs by name."""
    return [
        ("mq2008", partial(mq2008, report)),
        ("sample", partial(sample, report)),
        (FIT, partial(race, Job(FIT, list(contestants()), rounds))),
        ("clicks", partial(clicks, report)),
    ]


# --- clicks ---------------------------------------------------------------------------


def clicks(
    report: ProgressCallback, part: str = "test", logs: int = LOGS, seed: int = SEED
) -> list[Row]:
    """Measure what is learned from simulated clicks; ``part`` may be "validation"."""
    parts = load_mq2008()
    found: dict[str, list[Floats]] = {}
    errors, n_clicks = [], 0
    for fold in range(len(parts)):
        train, *rest = fold_of(parts, fold)
        held = rest[part == "test"]
        means: dict[str, list[Floats]] = {}
        for log in range(logs):
            report(f"fold {fold + 1}, log {log + 1}", (fold + log / logs) / len(parts))
            rng = np.random.default_rng([seed, fold, log])
            production = production_ranker(train, rng)
            shown = simulated(train, production.score_rows(train.features), rng)
            n_clicks += int(shown.clicked.sum())
            rankers = dict(learned(train, shown))
            estimated = rankers[ESTIMATED].examination_
            errors.append(abs(np.log(estimated * np.arange(1, len(estimated) + 1)))[:K])
            scores = {
                name: each.score_rows(held.features) for name, each in rankers.items()
            }
            scores = {"production": production.score_rows(held.features), **scores}
            for name, found_scores in scores.items():
                means.setdefault(name, []).append(qualities(held, found_scores))
        graded = LinearRanker("softmax", alpha=PENALTY).fit(
            train.features, gains(train.grades), train.sizes
        )
        means["true grades"] = [qualities(held, graded.score_rows(held.features))]
        for name, values in means.items():
            found.setdefault(name, []).append(np.mean(values, axis=0))
    rows = compared({name: np.concatenate(each) for name, each in found.items()})
    for row in rows:
        if row["method"] == ESTIMATED:
            row["examination off by"] = f"{np.expm1(np.mean(errors)):.0%}"
            row["clicks a log"] = n_clicks // (len(parts) * logs)
    return rows


def gains(grades: Ints) -> Floats:
    """The gain of each grade, 2^grade - 1."""
    found: Floats = np.exp2(grades) - 1
    return found


def production_ranker(train: GradedLists, rng: np.random.Generator) -> LogisticRanker:
    """A weak ranker, of the grades of a few training queries."""
    n = max(1, round(JUDGED * len(train)))
    while True:
        few = np.isin(train.query_of_row, rng.choice(len(train), n, replace=False))
        relevant = train.grades[few] > 0
        if 0 < relevant.sum() < len(relevant):
            return LogisticRanker(C=0.01).fit(train.features[few], train.grades[few])


def simulated(
    train: GradedLists, scores: Floats, rng: np.random.Generator
) -> Impressions:
    """Clicks on lists in the order of the scores; each query asked ``ASKED`` times."""
    n = len(scores)
    item = np.lexsort((rng.random(n), -scores, train.query_of_row))
    query = train.query_of_row[item]
    position = np.arange(n) - np.repeat(
        np.cumsum(train.sizes) - train.sizes, train.sizes
    )
    share = gains(train.grades) / GREATEST
    chance = (NOISE + (1 - NOISE) * share[item]) / (1 + position)
    asked = np.arange(ASKED)[:, None] * len(train)
    return Impressions(
        query=(query + asked).ravel(),
        item=np.tile(item, ASKED),
        position=np.tile(position, ASKED),
        clicked=rng.random(n * ASKED) < np.tile(chance, ASKED),
        shuffled=np.zeros(n * ASKED, bool),
    )


def learned(
    train: GradedLists, shown: Impressions
) -> Iterator[tuple[str, CounterfactualRanker]]:
    """Rankers that learned from the same clicks, by what they know of examination."""
    n_positions = int(shown.position.max()) + 1
    known: dict[str, Array | None] = {
        RAW: np.ones(n_positions),
        ESTIMATED: None,
        "clicks, examination known": 1 / np.arange(1.0, n_positions + 1),
    }
    for name, examination in known.items():
        ranker = CounterfactualRanker(
            LinearRanker("softmax", alpha=PENALTY), examination=examination
        )
        yield name, ranker.fit(train.features, shown, train.sizes)


def compared(qualities: dict[str, Floats]) -> list[Row]:
    """A row for each method, with a paired test against clicks as they are."""
    rows = []
    for name, values in qualities.items():
        row: Row = {"method": name, "ndcg@10": str(bootstrap(np.mean, values))}
        if name != RAW:
            test = paired_test(values, qualities[RAW])
            row["against raw clicks"] = str(test.difference)
            row["p"] = round(test.p_value, 4)
        rows.append(row)
    return rows
