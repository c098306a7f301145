r"""Heads: a probability for each thing that a user may do with a post, and the time.

Three ways to learn them are compared: *rates*, where the log-odds of an action are
those of the user and of the author so far, shrunken and added,

.. math:: \operatorname{logit} p = r_u + r_a - r_0 + \ln \gamma,

the baseline that has to be beaten; *trees*, boosted trees a head; and networks that
learn all heads together (``deep`` extra). A *blend* is the mean of their log-odds. Each
head is calibrated on impressions that it has not learned from, before it is summed with
others. How well a place is examined is a column of its own: serving asks for a place
that is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import expit, logit

from lookalike._arrays import named, prefixed
from lookalike._typing import Array, Floats
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.feed_log import DWELL
from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike.rank.calibration import LEAST, Calibration
from lookalike.rank.flat_trees import FlatTrees
from lookalike.systems.feed.rows import EXAMINED, FeedCounts

KINDS = ("rates", "trees", "shared", "mmoe", "blend")
NETWORKS = ("shared", "mmoe")
BLEND = "blend"
LEAST_POSITIVE = 10
"""Rows that an action must have, and not have, for trees to learn it."""


@dataclass(frozen=True)
class Heads:
    """Fitted heads of one kind.

    kind : one of ``KINDS``
    names : of the heads
    models : of "trees" one a head, None where its rows were too few; of networks one;
        of a blend its members, each of them heads
    calibrations : one a head; of the time the slope and intercept of a line
    """

    kind: str
    names: tuple[str, ...]
    models: tuple[Any, ...]
    calibrations: tuple[Any, ...]

    def predict(self, X: Array, counts: FeedCounts) -> Floats:
        """Return what each head expects, float64 (n_rows, n_heads).

        Probabilities of actions, and the mean of ln(1 + seconds).
        """
        raw = raw_scores(self.kind, self.models, X, counts, self._flat)
        found = np.empty(raw.shape)
        for at, (name, one) in enumerate(
            zip(self.names, self.calibrations, strict=True)
        ):
            if name == DWELL:
                found[:, at] = np.maximum(one[0] * raw[:, at] + one[1], 0.0)
            else:
                found[:, at] = one.chances(raw[:, at])
        return found

    @cached_property
    def _flat(self) -> FlatTrees:
        trees = self.models if self.kind == "trees" else ()
        return FlatTrees(model for model in trees if model is not None)

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return everything that ``restored`` takes."""
        arrays: dict[str, Array] = {}
        members = []
        for at, model in enumerate(self.models):
            if self.kind == BLEND:
                own, about = model.state()
                arrays |= prefixed(f"member{at}.", own)
                members.append(about)
            elif model is not None:
                arrays |= prefixed(f"model{at}.", model.arrays())
        for at, one in enumerate(self.calibrations):
            if isinstance(one, Calibration):
                arrays |= prefixed(f"calibration{at}.", one.arrays())
            else:
                arrays[f"line{at}"] = np.asarray(one, np.float64)
        learned = [model is not None for model in self.models]
        return arrays, {
            "members": members,
            "kind": self.kind,
            "names": list(self.names),
            "learned": learned,
        }

    @classmethod
    def restored(cls, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> Any:
        """Return the heads of which this is the state."""
        names, kind = tuple(document["names"]), document["kind"]
        if kind == BLEND:
            models = tuple(
                cls.restored(named(f"member{at}.", arrays), about)
                for at, about in enumerate(document["members"])
            )
        else:
            models = tuple(
                _model_class(kind).from_arrays(named(f"model{at}.", arrays))
                if learned
                else None
                for at, learned in enumerate(document["learned"])
            )
        calibrations = tuple(
            np.asarray(arrays[f"line{at}"], np.float64)
            if name == DWELL
            else Calibration.from_arrays("platt", named(f"calibration{at}.", arrays))
            for at, name in enumerate(names)
        )
        return cls(kind, names, models, calibrations)


def learn_heads(
    kind: str,
    X: Array,
    y: Floats,
    late: Array,
    counts: FeedCounts,
    random_state: int = 0,
    n_jobs: int | None = None,
    on_progress: ProgressCallback = no_progress,
) -> Heads:
    """Learn heads of one kind, and calibrate them.

    X : float32 (n, n_features)
    y : (n, n_heads), nan where unknown
    late : bool (n,), rows that calibrate and are not learned from
    """
    options = random_state, n_jobs, on_progress
    models = _models(kind, X[~late], y[~late], counts.heads, *options)
    return calibrated_heads(kind, models, X, y, late, counts)


def relearned(
    heads: Heads,
    X: Array,
    y: Floats,
    random_state: int = 0,
    n_jobs: int | None = None,
    on_progress: ProgressCallback = no_progress,
) -> Heads:
    """Return the heads with models of all these rows; the calibrations stay."""
    options = random_state, n_jobs, on_progress
    if heads.kind == BLEND:
        models = [relearned(each, X, y, *options) for each in heads.models]
    else:
        models = [*_models(heads.kind, X, y, heads.names, *options)]
    return Heads(heads.kind, heads.names, tuple(models), heads.calibrations)


def _models(
    kind: str,
    X: Array,
    y: Floats,
    names: Sequence[str],
    random_state: int,
    n_jobs: int | None,
    on_progress: ProgressCallback,
) -> Sequence[Any]:
    """Fit the models of one kind; rates need none."""
    if kind == "trees":
        return _trees(X, y, names, random_state, n_jobs, on_progress)
    if kind in NETWORKS:
        model = _model_class(kind)(kind, random_state=random_state, n_jobs=n_jobs)
        return [model.fit(X, y, [head == DWELL for head in names])]
    return ()


def calibrated_heads(
    kind: str,
    models: Sequence[Any],
    X: Array,
    y: Floats,
    late: Array,
    counts: FeedCounts,
) -> Heads:
    """Return heads of models that were fitted, calibrated on the late rows."""
    raw = raw_scores(kind, models, X[late], counts)
    calibrations: list[Any] = []
    for at, head in enumerate(counts.heads):
        known = np.isfinite(y[late, at])
        scores, answers = raw[known, at], y[late, at][known]
        if head == DWELL:
            calibrations.append(_line(scores, answers))
        else:
            calibrations.append(Calibration("platt").fit(scores, answers))
    return Heads(kind, tuple(counts.heads), tuple(models), tuple(calibrations))


def raw_scores(
    kind: str,
    models: Sequence[Any],
    X: Array,
    counts: FeedCounts,
    flat: FlatTrees | None = None,
) -> Floats:
    """Return scores before calibration, (n, n_heads): log-odds, or the mean.

    flat : the trees of the models, laid out
    """
    if kind in NETWORKS:
        found: Floats = models[0].scores(X)
        return found
    if kind == BLEND:
        every = [_log_odds(each.predict(X, counts), counts) for each in models]
        return np.mean(every, axis=0)
    trees = [model for model in models if model is not None] if kind == "trees" else []
    of_trees = iter(FlatTrees(trees).scores(X) if flat is None else flat.scores(X))
    rates = counts.rates(X, "user") + counts.rates(X, "author") - counts.base_rates()
    examined = np.exp(X[:, counts.names.index(EXAMINED)].astype(np.float64))
    for at, head in enumerate(counts.heads):
        if kind == "trees" and models[at] is not None:
            rates[:, at] = next(of_trees)
        elif head != DWELL:
            rates[:, at] = logit(
                np.clip(expit(rates[:, at]) * examined, LEAST, 1 - LEAST)
            )
        else:
            rates[:, at] *= examined
    return rates


def _log_odds(expected: Floats, counts: FeedCounts) -> Floats:
    """What heads expect, probabilities as log-odds, (n, n_heads)."""
    found = expected.copy()
    for at, head in enumerate(counts.heads):
        if head != DWELL:
            found[:, at] = logit(np.clip(expected[:, at], LEAST, 1 - LEAST))
    return found


def losses(expected: Floats, y: Floats, names: Sequence[str]) -> Floats:
    """Return the loss of each row and head, nan where the answer is unknown, (n, h).

    Logarithmic of actions, half the square of the error of the time.
    """
    found = np.empty(y.shape)
    for at, name in enumerate(names):
        p, answer = expected[:, at], y[:, at]
        if name == DWELL:
            found[:, at] = 0.5 * (p - answer) ** 2
        else:
            p = np.clip(p, LEAST, 1 - LEAST)
            found[:, at] = -(answer * np.log(p) + (1 - answer) * np.log1p(-p))
    return found


def relative_loss(expected: Floats, y: Floats, names: Sequence[str]) -> float:
    """Return the mean over heads of their loss, over that of a constant."""
    ours = np.nanmean(losses(expected, y, names), axis=0)
    constant = np.broadcast_to(np.nanmean(y, axis=0), y.shape)
    return float(np.mean(ours / np.nanmean(losses(constant, y, names), axis=0)))


def _trees(
    X: Array,
    y: Floats,
    names: Sequence[str],
    random_state: int,
    n_jobs: int | None,
    on_progress: ProgressCallback,
) -> list[Any]:
    found: list[Any] = []
    for at, name in enumerate(names):
        on_progress(f"learning {name}", at / len(names))
        rows = np.isfinite(y[:, at])
        answers = y[rows, at]
        n_yes = int((answers > 0).sum())
        if (
            name != DWELL
            and not LEAST_POSITIVE <= n_yes <= len(answers) - LEAST_POSITIVE
        ):
            found.append(None)
            continue
        model = BoostedRanker(
            60,
            loss="squared" if name == DWELL else "logistic",
            learning_rate=0.1,
            num_leaves=12,
            min_child_samples=50,
            subsample=0.7,
            colsample=0.5,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        found.append(model.fit(X[rows], answers))
    return found


def _line(scores: Floats, answers: Floats) -> Floats:
    """Slope, at least 0, and intercept of the line of least squares."""
    if not len(scores) or not scores.std():
        return np.array([1.0, 0.0])
    slope, intercept = np.polyfit(scores, answers, 1)
    return np.array([max(float(slope), 0.0), float(intercept)])


def _model_class(kind: str) -> Any:
    if kind == "trees":
        return BoostedRanker
    from lookalike.rank.multi_task_network import MultiTaskNetwork

    return MultiTaskNetwork
