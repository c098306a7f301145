"""The system on its sets, and its heads beside other ways to have them."""

from typing import Any

import numpy as np

from lookalike.datasets.harmful_texts import load_harmful_texts
from lookalike.evaluate.precision_recall import pr_auc
from lookalike.systems.harmful import SPEC
from lookalike.systems.harmful.heads import Heads, domains_of
from lookalike.systems.harmful.linear_head import certainty
from lookalike.systems.harmful.terms import TermEncoder
from lookalike.systems.harmful.texts import prepared
from lookalike_bench.arrays import Array, Floats
from lookalike_bench.bars import Row
from lookalike_bench.harmful.common import (
    C,
    ap_gained,
    encoded,
    fitted_scores,
    learned,
)

FEWEST = 15
"""Held-out harmful posts of a head from which on its AP is compared."""
TOGETHER = "brought together by language"
SMALL = 500
"""Harmful posts to learn from below which a head is small."""


def sets() -> list[Row]:
    """Read the test parts: every measure, with its interval."""
    system, data = learned()
    result = SPEC.evaluate(system, data)
    rows = [
        {
            "method": name,
            "value": each.value,
            "interval": f"[{each.low:.3f}, {each.high:.3f}]",
        }
        for name, each in result.metrics.items()
    ]
    tried = result.facts["functions"]["languages"]
    return rows + [
        {"method": f"HateCheck, {language}", "value": share, "n": n}
        for language, (share, n) in tried.items()
    ]


def heads() -> list[Row]:
    """Compare ways to have heads, head by head, on validation parts."""
    data = load_harmful_texts()
    X, held = encoded(data.train, data.validation)
    own, other = (np.array(domains_of(p)) for p in (data.train, data.validation))
    scores: dict[str, list[Floats]] = {"one binary classifier": []}
    labels, n_harmful = [], []
    binary = fitted_scores(X, data.train.labels[:, 0], held, certainty(data.train, 0))
    together, brought = _brought_together(data)
    for kind in range(len(data.kinds)):
        known, sure = data.train.labels[:, kind], certainty(data.train, kind)
        if not np.isfinite(known).any():
            continue
        shared = fitted_scores(X, known, held, sure)
        for domain in sorted(set(own)):
            rows = (own == domain) & np.isfinite(known)
            tried = (other == domain) & np.isfinite(data.validation.labels[:, kind])
            truth = data.validation.labels[tried, kind]
            if truth.sum() < FEWEST or known[rows].sum() < FEWEST:
                continue
            labels.append(truth)
            n_harmful.append(int(known[rows].sum()))
            head = int(together.table[together.domains.index(domain), kind])
            for name, each in (
                ("one binary classifier", binary[tried]),
                ("a head a kind, all sets", shared[tried]),
                (
                    "a head a kind and set",
                    fitted_scores(X[rows], known[rows], held[tried], sure[rows]),
                ),
                (TOGETHER, brought[tried, head].astype(np.float64)),
                ("alone", _alone(data, rows, kind, tried)),
            ):
                scores.setdefault(name, []).append(each)
    return [_compared(name, scores, labels, np.array(n_harmful)) for name in scores]


def _brought_together(data: Any) -> tuple[Heads, Array]:
    """The heads that are shipped, and their scores of the validation parts."""
    encoder = TermEncoder()
    X = encoder.fit_transform([prepared(text) for text in data.train.texts])
    found = Heads.learned(encoder, X, data.train, C, lambda share: None)
    places = [found.languages.index(each) for each in data.validation.languages]
    held = encoder.transform([prepared(text) for text in data.validation.texts])
    return found, found.scores(encoder, held, np.array(places))


def _compared(
    name: str, scores: dict[str, list[Floats]], labels: list[Floats], n: Array
) -> Row:
    gained = [
        ap_gained(truth, one, single)
        for truth, one, single in zip(
            labels, scores[name], scores["alone"], strict=True
        )
    ]
    aps = [pr_auc(t, s) for t, s in zip(labels, scores[name], strict=True)]
    values = np.array([each.value for each in gained])
    return {
        "method": name,
        "heads": len(aps),
        "mean ap": float(np.mean(aps)),
        "worse": sum(each.high < 0 for each in gained),
        "better": sum(each.low > 0 for each in gained),
        "gained": float(values.mean()),
        "small, gained": float(values[n < SMALL].mean()),
    }


def _alone(data: Any, rows: Array, kind: int, tried: Array) -> Floats:
    """Scores of a model that saw one set and kind alone, its terms included."""
    train = data.train.take(rows)
    X, held = encoded(train, data.validation.take(tried))
    return fitted_scores(X, train.labels[:, kind], held, certainty(train, kind))
