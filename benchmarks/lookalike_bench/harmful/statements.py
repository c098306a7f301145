"""What is stated with an error: the precision of removing, and prevalence."""

import numpy as np

from lookalike.evaluate.prevalence import prevalence, sample_by_views
from lookalike.evaluate.stated_precision import holds, stated_precision
from lookalike.systems.harmful.heads import domains_of
from lookalike_bench.bars import Row
from lookalike_bench.harmful.common import learned

N_RESPLITS, N_WORLDS = 1_000, 2_000


def precision() -> list[Row]:
    """Find thresholds on half of the posts, try them on the other half."""
    system, data = learned()
    found = system.judge(
        data.validation.texts, data.validation.languages, domains_of(data.validation)
    )
    languages, shares = np.array(data.validation.languages), found.probabilities[:, 0]
    labels, rng = data.validation.labels[:, 0], np.random.default_rng(0)
    rows = []
    for language in ("en", "ko", "pt"):
        own = np.flatnonzero(languages == language)
        results = []
        for _ in range(N_RESPLITS):
            order = rng.permutation(own)
            half, rest = order[: len(own) // 2], order[len(own) // 2 :]
            threshold = stated_precision(labels[half], shares[half])
            results.append(
                (
                    holds(threshold, labels[rest], shares[rest], 0.95),
                    float((shares[rest] >= threshold.threshold).mean()),
                )
            )
        rows.append(_resplits(f"resplits of {language}", results))
    known = []
    for _ in range(N_RESPLITS):
        share = rng.beta(0.4, 0.4, 4000)
        threshold = stated_precision(rng.random(4000) < share, share)
        grid = rng.beta(0.4, 0.4, 100_000)
        shown = grid >= threshold.threshold
        true = float(grid[shown].mean()) if shown.any() else 1.0
        known.append((true >= 0.95, float(shown.mean())))
    return [*rows, _resplits("known precision", known)]


def _resplits(what: str, results: list[tuple[bool, float]]) -> Row:
    good, shown = (np.array(column) for column in zip(*results, strict=True))
    found = shown > 0
    return {
        "method": "lookalike",
        "of": what,
        "holds": float(np.mean(good)),
        "holds, of those found": float(np.mean(good[found])) if found.any() else None,
        "found": float(np.mean(found)),
        "mean share shown": float(np.mean(shown)),
    }


def worlds(n_worlds: int = N_WORLDS) -> list[Row]:
    """Estimate a known share of views from a sample of 1,000 views."""
    rng, covers, widths = np.random.default_rng(0), [], []
    for _ in range(n_worlds):
        views = rng.pareto(1.2, 5000) + 0.1
        harmful = rng.random(5000) < rng.uniform(0.005, 0.1)
        truth = float(views @ harmful / views.sum())
        found = prevalence(harmful[sample_by_views(views, 1000, rng)])
        covers.append(found.low <= truth <= found.high)
        widths.append(found.high - found.low)
    return [
        {
            "method": "lookalike",
            "covers": float(np.mean(covers)),
            "error": float(np.std(covers) / np.sqrt(n_worlds)),
            "mean width": float(np.mean(widths)),
        }
    ]
