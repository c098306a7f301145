"""The quality of the harmful system, set by set, beside a bag of words.

Thresholds, probabilities and the weight of the penalty were chosen on validation parts;
the test parts are read here. HateCheck's cases are for evaluation alone.
"""

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.evaluation import EvaluationResult, milliseconds_per_answer
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.harmful_texts import HARMFUL_TEXTS, load_hatecheck
from lookalike.datasets.posts import Posts, n_shared
from lookalike.evaluate import (
    Estimate,
    bootstrap,
    debiased_calibration_error,
    f1,
    paired_test,
)
from lookalike.evaluate.precision_recall import pr_auc
from lookalike.systems.harmful.actions import ACTIONS
from lookalike.systems.harmful.answers import Judgement
from lookalike.systems.harmful.baseline import words_named
from lookalike.systems.harmful.heads import domains_of
from lookalike.systems.harmful.system import Harmful

N_RESAMPLES = 200
"""Of measures that sort all scores."""
FEWEST = 5
"""Positive test posts of a kind whose average precision is told."""
NEEDS_A_PERSON = 0.65
"""Accuracy on HateCheck below which no action is without a person's review."""


def evaluate(
    system: Harmful, data: Posts, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Measure on the test part, beside a bag of words learned on the same posts."""
    on_progress("judging the test posts", 0.05)
    test = data.test
    found = system.judge(
        test.texts,
        test.languages,
        domains_of(test),
        test.all_pictures,
        test.all_signals,
    )
    truth = test.labels[:, 0]
    rows = np.isfinite(truth)
    harmful = truth[rows].astype(int)
    named = found.named[rows, 0].astype(int)
    shares = found.probabilities[rows, 0]
    on_progress("measuring each set", 0.2)
    metrics = {
        "macro_f1": bootstrap(macro_f1, harmful, named),
        "pr_auc": bootstrap(pr_auc, harmful, shares, n_resamples=N_RESAMPLES),
        "calibration_error": debiased_calibration_error(shares, harmful),
        **_of_kinds(system, test.labels, found),
        **_of_sets(system, data, found),
        **_of_removing(harmful, found.actions[rows]),
    }
    on_progress("learning a bag of words", 0.6)
    plain = words_named(data)[rows]
    correct = named == harmful
    facts: dict[str, Any] = {
        "n_test": len(test),
        "n_copies": n_shared(data.train.texts + data.validation.texts, test.texts),
        "languages_told": float(
            np.mean(system.judge(test.texts).languages == found.languages)
        ),
        "share_of_actions": {
            name: float(np.mean(found.actions == at)) for at, name in enumerate(ACTIONS)
        },
        "milliseconds_per_answer": milliseconds_per_answer(
            system.classify_each, [[text] for text in test.texts[:50]]
        ),
        "functions": _of_functions(system, data, on_progress),
    }
    return EvaluationResult(
        f"{len(test):,} test posts",
        metrics,
        {"a bag of words": paired_test(correct, plain == harmful)},
        facts,
        quality={"n_test": int(rows.sum()), "wrong": np.flatnonzero(~correct).tolist()},
        details={"truth": harmful, "shares": shares, "actions": found.actions[rows]},
    )


macro_f1 = partial(f1, average="macro", zero_division=0.0)
"""F1 of harmful posts and of harmless ones, the mean of both."""


def mean_ap(labels: Array, scores: Array, sample_weight: Any = None) -> float:
    """Mean over kinds of the average precision, kinds in columns."""
    return float(
        np.mean(
            [
                pr_auc(labels[:, kind], scores[:, kind], sample_weight)
                for kind in range(labels.shape[1])
            ]
        )
    )


def _of_kinds(system: Harmful, labels: Floats, found: Judgement) -> dict[str, Estimate]:
    """The average precision of each kind, over all sets that label it."""
    metrics = {}
    for kind, name in enumerate(system.kinds_[1:], start=1):
        rows = np.isfinite(labels[:, kind]) & np.isfinite(found.probabilities[:, kind])
        own = labels[rows, kind].astype(int)
        if own.sum() >= FEWEST:
            metrics[f"pr_auc_of_{name}"] = bootstrap(
                pr_auc, own, found.probabilities[rows, kind], n_resamples=N_RESAMPLES
            )
    return metrics


def _of_sets(system: Harmful, data: Posts, found: Judgement) -> dict[str, Estimate]:
    """The measures by which each published set is known."""
    sources = np.array(data.test.sources)
    kinds = {name: at for at, name in enumerate(system.kinds_)}
    metrics: dict[str, Estimate] = {}
    for source in dict.fromkeys(data.test.sources):
        rows = sources == source
        if source not in HARMFUL_TEXTS:
            continue
        labels, named = data.test.labels[rows], found.named[rows]
        own = labels[:, 0].astype(int)
        metrics[f"macro_f1_on_{source}"] = bootstrap(
            macro_f1, own, named[:, 0].astype(int)
        )
        if source == "told_br":
            columns = [at for at in range(1, len(kinds)) if np.isfinite(labels[0, at])]
            metrics["mean_ap_of_six_on_told_br"] = bootstrap(
                mean_ap,
                labels[:, columns].astype(int),
                found.probabilities[rows][:, columns],
                n_resamples=N_RESAMPLES,
            )
        if source == "kmhas":
            columns = [at for at in range(1, len(kinds)) if np.isfinite(labels[0, at])]
            metrics["micro_f1_of_nine_on_kmhas"] = bootstrap(
                partial(f1, average="micro"),
                nine_labels(labels[:, columns] > 0.5, own > 0),
                nine_labels(named[:, columns], named[:, columns].any(axis=1)),
                n_resamples=N_RESAMPLES,
            )
        if source == "hate_speech_davidson":
            metrics["macro_f1_of_three_on_hate_speech_davidson"] = bootstrap(
                partial(f1, average="macro", labels=[0, 1, 2]),
                three_classes(own > 0, labels[:, kinds["hate"]] > 0.5),
                three_classes(named[:, 0], named[:, kinds["hate"]]),
            )
    return metrics


def nine_labels(kinds: Array, harmful: Array) -> Ints:
    """K-MHaS's table: eight kinds, and that there is none."""
    return np.column_stack([kinds, ~harmful]).astype(np.int64)


def three_classes(harmful: Array, hate: Array) -> Ints:
    """Davidson's classes: 0 hate, 1 offence, 2 neither."""
    return np.where(hate & harmful, 0, np.where(harmful, 1, 2))


def _of_removing(harmful: Array, actions: Ints) -> dict[str, Estimate]:
    """What is removed, and how much of it is harmful."""
    removed = actions == ACTIONS.index("remove")
    metrics = {
        "share_removed": bootstrap(np.mean, removed.astype(float)),
        "share_that_a_person_sees": bootstrap(
            np.mean, (actions == ACTIONS.index("queue")).astype(float)
        ),
        "proactive_rate": bootstrap(
            np.mean, (actions[harmful == 1] != ACTIONS.index("leave")).astype(float)
        ),
    }
    if removed.any():
        metrics["precision_of_removing"] = bootstrap(
            np.mean, harmful[removed].astype(float)
        )
    return metrics


def _of_functions(
    system: Harmful, data: Posts, on_progress: ProgressCallback
) -> dict[str, Any]:
    """Accuracy on HateCheck by language and by function, of languages learned.

    Empty for data of one's own, and where HateCheck is not here.
    """
    if data.name not in ("harmful_texts", *HARMFUL_TEXTS):
        return {}
    try:
        cases = load_hatecheck()
    except FileNotFoundError:
        return {}
    on_progress("trying HateCheck's cases", 0.75)
    languages = np.array(cases.languages)
    rows = np.flatnonzero(np.isin(languages, system.languages_)).tolist()
    texts = [cases.texts[row] for row in rows]
    found = system.judge(texts, languages[rows].tolist())
    right = found.named[:, 0] == cases.is_hateful[rows]
    return {
        "always_harm": round(float(cases.is_hateful[rows].mean()), 4),
        "languages": _shares(right, [cases.languages[row] for row in rows]),
        "functions": _shares(right, [cases.functions[row] for row in rows]),
        "groups": _shares(right, [cases.targets[row] or "none" for row in rows]),
        "not_learned": {
            language: _not_known(system, cases.texts, languages == language)
            for language in sorted(set(cases.languages) - set(system.languages_))
        },
    }


def _shares(right: Array, names: list[str]) -> Mapping[str, list[float]]:
    """The share of right answers by name, and how many there were, sorted by name."""
    found: dict[str, list[bool]] = defaultdict(list)
    for name, each in zip(names, right.tolist(), strict=True):
        found[name].append(each)
    return {
        name: [round(float(np.mean(own)), 4), len(own)]
        for name, own in sorted(found.items())
    }


def _not_known(system: Harmful, texts: tuple[str, ...], rows: Array) -> float:
    """Share of a language's texts that are said to be in none that was learned."""
    own = [texts[row] for row in np.flatnonzero(rows).tolist()[:500]]
    return round(float(np.mean(system.judge(own).languages == -1)), 4)
