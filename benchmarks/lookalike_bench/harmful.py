"""``lookalike bench harmful``: kinds of harm, fusion, stated precision, prevalence.

``composed``: Fashion-MNIST pictures with sentences, harmful only in combination: fusion
early, late (mean and learned), by concepts, with blended gradients and the focal loss.

``sets``: the system learned on five published sets, by the measure of each; the test
parts are read here and nowhere else in this file.

``heads``: one binary classifier over all sets, one head a kind over all sets (labels
that are missing are masked), and a head a kind and set; on validation parts.

``precision``: a threshold at which precision 0.95 is stated, found on half of the
held-out posts and tried on the other half, 1,000 times; and 1,000 times with scores
whose true precision is known, where nothing but the threshold is left to chance.

``prevalence``: 2,000 worlds with views of a heavy tail and a known harmful share.

``reports``: training labels are users' reports, of which three of ten are wrong.

``active``: labels where the model doubts most, beside twice as many at random.

``disguise``: held-out posts written in disguise, with and without looking through it.

``speed``: posts an hour in batch on one core. ``http``: one post after the other.
"""

import base64
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.datasets import load_fashion_mnist
from lookalike.datasets.composed_posts import compose_posts, is_harmful
from lookalike.datasets.harmful_texts import load_harmful_texts, load_told_br
from lookalike.datasets.posts import LabelledPosts
from lookalike.evaluate import Estimate, bootstrap, paired_test
from lookalike.evaluate.precision_recall import pr_auc
from lookalike.evaluate.prevalence import prevalence, sample_by_views
from lookalike.evaluate.stated_precision import holds, stated_precision
from lookalike.features.text import TfidfVectorizer
from lookalike.features.text.undisguise import SIGNS
from lookalike.learn import PCA, LogisticRegression
from lookalike.learn.active import most_uncertain
from lookalike.learn.focal_loss import FocalLoss
from lookalike.systems.harmful import SPEC
from lookalike.systems.harmful.fusion import (
    Hierarchical,
    JointNetwork,
    LateFusion,
    Parts,
    fit_blended,
)
from lookalike.systems.harmful.heads import domains_of
from lookalike.systems.harmful.linear_head import learn_head
from lookalike.systems.harmful.terms import TermEncoder
from lookalike.systems.harmful.texts import prepared
from lookalike_bench.arrays import Array, Floats
from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.runner import ProgressCallback, measured, selected

N_COMPOSED, N_TESTED = 20_000, 5_000
N_RESPLITS, N_WORLDS = 1_000, 2_000
C = SPEC.new({}).C
WRONG_REPORTS = 0.3
FEWEST = 15
"""Held-out harmful posts of a head from which on its AP is compared."""
SMALL = 500
"""Harmful posts to learn from below which a head is small."""

BARS = (
    Bar("composed world, early fusion: AP", 0.85, least("ap", "composed", "early")),
    Bar(
        "early less late (learned): AP, lower end",
        0.0,
        least("better, low", "composed", "early"),
    ),
    Bar(
        "early against late (learned): p",
        0.05,
        most("p", "composed", "early"),
        at_most=True,
    ),
    Bar("ToLD-Br: macro F1", 0.75, least("value", "sets", "macro_f1_on_told_br")),
    Bar(
        "ToLD-Br: mean AP of six",
        0.48,
        least("value", "sets", "mean_ap_of_six_on_told_br"),
    ),
    Bar(
        "K-MHaS: micro F1 of nine",
        0.78,
        least("value", "sets", "micro_f1_of_nine_on_kmhas"),
    ),
    Bar(
        "GermEval 2018: macro F1",
        0.72,
        least("value", "sets", "macro_f1_on_germeval2018"),
    ),
    Bar(
        "Davidson: macro F1 of three",
        0.76,
        least("value", "sets", "macro_f1_of_three_on_hate_speech_davidson"),
    ),
    Bar(
        "heads over all sets: worse than their single ones",
        0,
        most("worse", "heads", "a head a kind, all sets"),
        at_most=True,
    ),
    Bar(
        "heads a kind and set: worse than learned alone",
        0,
        most("worse", "heads", "a head a kind and set"),
        at_most=True,
    ),
    Bar(
        "small heads over all sets: mean AP gained",
        0.0,
        least("small, gained", "heads", "a head a kind, all sets"),
    ),
    Bar("stated precision holds, share", 0.95, least("holds", "precision")),
    *(
        Bar(
            f"prevalence: interval covers {name}",
            bound,
            which("covers", "prevalence"),
            upper,
        )
        for name, bound, which, upper in (
            ("at least", 0.93, least, False),
            ("at most", 0.97, most, True),
        )
    ),
    Bar("30% wrong reports: AP lost", 0.02, most("lost", "reports"), at_most=True),
    Bar(
        "half of the labels, chosen: AP gained",
        0.0,
        least("gained", "active", "most uncertain"),
    ),
    Bar("posts an hour, two cores", 1_000_000, least("posts/h, two cores", "speed")),
    Bar("over HTTP: p99, ms", 20, most("p99 ms", "http"), at_most=True),
)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Run the jobs whose name contains ``only``; ``rounds`` changes nothing."""
    return measured(selected(jobs(), only), progress, BARS)


def jobs() -> list[tuple[str, Callable[[], Iterable[Row]]]]:
    """All jobs by name."""
    return [
        ("composed", composed),
        ("sets", sets),
        ("heads", heads),
        ("precision", precision),
        ("prevalence", worlds),
        ("reports", reports),
        ("active", active),
        ("disguise", disguise),
        ("speed", speed),
        ("http", over_http),
    ]


# --- text and picture -----------------------------------------------------------------


def composed(n: int = N_COMPOSED, n_tested: int = N_TESTED) -> list[Row]:
    """Compare ways to bring text and picture together."""
    found = load_fashion_mnist()
    x, y = found.x_train, found.y_train
    train = compose_posts(x[:50_000], y[:50_000], n, 0)
    held = compose_posts(x[50_000:], y[50_000:], n_tested // 2, 1)
    test = compose_posts(found.x_test, found.y_test, n_tested, 2)
    pixels = [
        each.pictures.reshape(len(each), -1) / 255.0 for each in (train, held, test)
    ]
    pca, words = PCA(64).fit(pixels[0][:5000]), TfidfVectorizer().fit(train.texts)
    known, kept, asked = (
        Parts(
            (pca.transform(own) / 3).astype(np.float32),
            words.transform(each.texts).toarray().astype(np.float32),
        )
        for own, each in zip(pixels, (train, held, test), strict=True)
    )
    learned = known, train.labels
    both = *learned, kept, held.labels
    linear = LogisticRegression().fit(known.both, train.labels)
    shares = {
        "early": JointNetwork().fit(*learned).predict(asked),
        "early, focal loss": JointNetwork(loss=FocalLoss())
        .fit(*learned)
        .predict(asked),
        "early, blended gradients": fit_blended(*both).predict(asked),
        "early, linear": linear.predict_proba(asked.both)[:, 1],
        "late, mean": LateFusion(False).fit(*both).predict(asked),
        "late, learned": LateFusion(True).fit(*both).predict(asked),
        "concepts first": Hierarchical()
        .fit(known, train.things, train.intents, train.labels)
        .predict(asked),
        "ceiling": is_harmful(test.things, test.intents).astype(float),
    }
    rows: list[Row] = [
        {"method": name, "ap": _ap(test.labels, own)} for name, own in shares.items()
    ]
    early, late = shares["early"], shares["late, learned"]
    test_of_right = paired_test(
        (early >= 0.5) == test.labels, (late >= 0.5) == test.labels
    )
    gained = _ap_gained(test.labels, early, late)
    rows[0] |= {
        "better": str(gained),
        "better, low": gained.low,
        "p": test_of_right.p_value,
    }
    return rows


# --- the system on its sets -----------------------------------------------------------


@cache
def _learned() -> tuple[Any, Any]:
    """The system learned on all sets, and the data."""
    data = load_harmful_texts()
    return SPEC.new({}).fit(data), data


def sets() -> list[Row]:
    """Read the test parts: every measure, with its interval."""
    system, data = _learned()
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
    """Compare the three options, head by head, on validation parts."""
    data = load_harmful_texts()
    encoder = TermEncoder()
    X = encoder.fit_transform([prepared(text) for text in data.train.texts])
    held = encoder.transform([prepared(text) for text in data.validation.texts])
    own, other = (np.array(domains_of(p)) for p in (data.train, data.validation))
    scores: dict[str, list[Floats]] = {"one binary classifier": []}
    labels, n_harmful = [], []
    binary = _fitted_scores(X, data.train.labels[:, 0], held)
    for kind in range(len(data.kinds)):
        known = data.train.labels[:, kind]
        if not np.isfinite(known).any():
            continue
        shared = _fitted_scores(X, known, held)
        for domain in sorted(set(own)):
            rows = (own == domain) & np.isfinite(known)
            tried = (other == domain) & np.isfinite(data.validation.labels[:, kind])
            truth = data.validation.labels[tried, kind]
            if truth.sum() < FEWEST or known[rows].sum() < FEWEST:
                continue
            labels.append(truth)
            n_harmful.append(int(known[rows].sum()))
            for name, each in (
                ("one binary classifier", binary[tried]),
                ("a head a kind, all sets", shared[tried]),
                (
                    "a head a kind and set",
                    _fitted_scores(X[rows], known[rows], held[tried]),
                ),
                ("alone", _alone(data, rows, kind, tried)),
            ):
                scores.setdefault(name, []).append(each)
    return [_compared(name, scores, labels, np.array(n_harmful)) for name in scores]


def _compared(
    name: str, scores: dict[str, list[Floats]], labels: list[Floats], n: Array
) -> Row:
    gained = [
        _ap_gained(truth, one, single)
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


def _fitted_scores(X: Any, labels: Floats, held: Any) -> Floats:
    known = np.isfinite(labels)
    weights, intercept = learn_head(X[known], labels[known].astype(np.int64), C)
    found: Floats = held @ weights + intercept
    return found


def _alone(data: Any, rows: Array, kind: int, tried: Array) -> Floats:
    """Scores of a model that saw one set and kind alone, its terms included."""
    encoder = TermEncoder()
    train, held = data.train.take(rows), data.validation.take(tried)
    X = encoder.fit_transform([prepared(text) for text in train.texts])
    asked = encoder.transform([prepared(text) for text in held.texts])
    return _fitted_scores(X, train.labels[:, kind], asked)


# --- errors that can be stated --------------------------------------------------------


def precision() -> list[Row]:
    """Find thresholds on half of the posts, try them on the other half."""
    system, data = _learned()
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
        rows.append(_resplits("lookalike", f"resplits of {language}", results))
    known = []
    for _ in range(N_RESPLITS):
        share = rng.beta(0.4, 0.4, 4000)
        threshold = stated_precision(rng.random(4000) < share, share)
        grid = rng.beta(0.4, 0.4, 100_000)
        shown = grid >= threshold.threshold
        true = float(grid[shown].mean()) if shown.any() else 1.0
        known.append((true >= 0.95, float(shown.mean())))
    return [*rows, _resplits("lookalike", "known precision", known)]


def _resplits(method: str, what: str, results: list[tuple[bool, float]]) -> Row:
    good, shown = zip(*results, strict=True)
    return {
        "method": method,
        "of": what,
        "holds": float(np.mean(good)),
        "found": float(np.mean(np.array(shown) > 0)),
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


# --- labels ---------------------------------------------------------------------------


def reports(repeats: int = 5) -> list[Row]:
    """Learn from reports, three of ten of which name a harmless post."""
    data = load_told_br()
    X, held = _encoded(data)
    y, truth = data.train.labels[:, 0], data.validation.labels[:, 0]
    n_wrong = round(y.sum() * WRONG_REPORTS / (1 - WRONG_REPORTS))
    rows: list[Row] = []
    for name, scores_of in (
        ("lookalike", _fitted_scores),
        ("a regression", _regressed),
    ):
        clean, noisy = pr_auc(truth, scores_of(X, y, held)), []
        for seed in range(repeats):
            rng, reported = np.random.default_rng(seed), y.copy()
            reported[rng.choice(np.flatnonzero(y == 0), n_wrong, replace=False)] = 1
            noisy.append(pr_auc(truth, scores_of(X, reported, held)))
        lost = clean - np.array(noisy)
        error = float(lost.std(ddof=1) / np.sqrt(repeats))
        rows.append(
            {
                "method": name,
                "right labels ap": clean,
                "reports ap": float(np.mean(noisy)),
                "lost": float(lost.mean()),
                "error": error,
            }
        )
    return rows


def active(n_labels: int = 3000, batch: int = 150, repeats: int = 5) -> list[Row]:
    """Ask for half as many labels where the model doubts; Portuguese insults."""
    data = load_told_br()
    X, held = _encoded(data)
    kind = data.kinds.index("insult")
    y, truth = data.train.labels[:, kind], data.validation.labels[:, kind]
    chosen, drawn = [], []
    for seed in range(repeats):
        order = np.random.default_rng(seed).permutation(len(y))
        drawn.append(pr_auc(truth, _regressed(X, y, held, rows=order[:n_labels])))
        labelled = np.zeros(len(y), bool)
        labelled[order[:300]] = True
        while labelled.sum() < n_labels // 2:
            scores = _regressed(X, y, X, rows=np.flatnonzero(labelled))
            more = most_uncertain(1 / (1 + np.exp(-scores)), batch, labelled)
            labelled[more] = True
        rows = np.flatnonzero(labelled)
        chosen.append(pr_auc(truth, _regressed(X, y, held, rows=rows)))
    gained = np.array(chosen) - drawn
    return [
        {"method": "at random", "labels": n_labels, "ap": float(np.mean(drawn))},
        {
            "method": "most uncertain",
            "labels": n_labels // 2,
            "ap": float(np.mean(chosen)),
            "gained": float(gained.mean()),
            "error": float(gained.std(ddof=1) / np.sqrt(repeats)),
        },
    ]


def _encoded(data: Any) -> tuple[Any, Any]:
    encoder = TermEncoder()
    X = encoder.fit_transform([prepared(text) for text in data.train.texts])
    return X, encoder.transform([prepared(text) for text in data.validation.texts])


def _regressed(
    X: Any, y: Floats, held: Any, C: float = 1.0, rows: Array | None = None
) -> Floats:
    used = np.arange(len(y)) if rows is None else rows
    model = LogisticRegression(C=C, tol=1e-3).fit(X[used], y[used].astype(np.int64))
    found: Floats = model.decision_function(held)
    return found


# --- disguise, speed ------------------------------------------------------------------


def disguise() -> list[Row]:
    """Write half of the letters that have a sign for them as that sign."""
    data = load_told_br()
    texts = [disguised(text) for text in data.validation.texts]
    hidden = replace(data.validation, texts=tuple(texts))
    rows = []
    for name, see_through in (("looked through", True), ("as written", False)):
        system = SPEC.new({"see_through": see_through}).fit(data)
        aps = [_ap_of(system, each) for each in (data.validation, hidden)]
        rows.append({"method": name, "plain ap": aps[0], "disguised ap": aps[1]})
    return rows


def disguised(text: str, random_state: int = 0) -> str:
    """Return a text with signs for some of the letters inside its words."""
    rng = np.random.default_rng(random_state + len(text))
    signs = {letter: sign for sign, letter in SIGNS.items() if sign not in "@!"}
    inside = [
        0 < at < len(text) - 1 and text[at - 1].isalpha() and text[at + 1].isalpha()
        for at in range(len(text))
    ]
    return "".join(
        signs.get(each, each) if within and rng.random() < 0.5 else each
        for each, within in zip(text, inside, strict=True)
    )


def _ap_of(system: Any, posts: LabelledPosts) -> float:
    found = system.judge(posts.texts, posts.languages)
    return pr_auc(posts.labels[:, 0], found.probabilities[:, 0])


def speed() -> list[Row]:
    """Judge all validation posts in batches of 1,000, on one core."""
    system, data = _learned()
    texts = data.validation.texts
    system.warm_up()
    started = time.perf_counter()
    for begin in range(0, len(texts), 1000):
        system.judge(texts[begin : begin + 1000])
    per_hour = 3600 * len(texts) / (time.perf_counter() - started)
    return [
        {
            "method": "lookalike",
            "posts/h, one core": per_hour,
            "posts/h, two cores": 2 * per_hour,
        }
    ]


def over_http(rate: float = 50, seconds: float = 10) -> list[Row]:
    """Measure the latency of single posts, asked of one worker at a fixed rate."""
    from lookalike.core.library import Library
    from lookalike_bench.under_load import SCRIPTS, Server

    system, _ = _learned()
    with tempfile.TemporaryDirectory() as folder:
        library = Library("harmful", Path(folder) / "harmful")
        library.add(lambda place: system.save(place))
        code = "from lookalike.cli.app import main; main()"
        command = [sys.executable, "-c", code, "serve", str(library.folder)]
        server = Server([*command, "--port", "PORT"], {}, "/readyz")
        try:
            body = json.dumps({"text": "what a lovely day it is, my friends"}).encode()
            order = {
                "host": "127.0.0.1",
                "port": server.port,
                "path": "/v1/harmful/classify",
                "body": base64.b64encode(body).decode(),
                "content_type": "application/json",
                "connections": 8,
                "seconds": seconds,
                "rate": rate,
                "first": 0,
            }
            done = subprocess.run(
                [sys.executable, str(SCRIPTS / "load_generator.py")],
                input=json.dumps(order),
                capture_output=True,
                text=True,
                check=True,
            )
        finally:
            server.stop()
    found = json.loads(done.stdout)
    return [
        {
            "method": "lookalike",
            "requests/s": round(found["per_second"], 1),
            "p50 ms": round(found["p50"], 3),
            "p99 ms": round(found["p99"], 3),
        }
    ]


def _ap(labels: Array, shares: Floats) -> str:
    return str(bootstrap(pr_auc, labels, shares, n_resamples=200))


def _ap_gained(labels: Array, one: Floats, other: Floats) -> Estimate:
    """The AP of the first scores less that of the others, on the same resamples."""

    def gained(
        labels: Array, one: Floats, other: Floats, sample_weight: Any = None
    ) -> float:
        return pr_auc(labels, one, sample_weight) - pr_auc(labels, other, sample_weight)

    return bootstrap(gained, labels, one, other, n_resamples=200)
