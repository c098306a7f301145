"""The gate of retrained models of tables: which candidate may take over.

``core.gate`` compares two generations of a system on one held-out part. Where data
moves, four questions are asked instead, of rows with probabilities of both models:

labels : do the newest labels follow the scores of either model? If not, they were
    joined wrongly, or their column means something else, and nothing may be learned
    from them. Labels in any other order pass with the chance ``unlikely``.
paired : is the candidate worse on the newest rows, whose labels neither has seen?
calibration : in no slice may it be off by more than chance where the other is not.
old : on a slice frozen long ago its loss may be so much above what it was then.

References
----------
.. [1] Mann and Whitney (1947). "On a test of whether one of two random variables is
   stochastically larger than the other". Annals of Mathematical Statistics 18(1).
.. [2] He et al. (2014). "Practical lessons from predicting clicks on ads at Facebook".
   ADKDD. (normalised cross entropy)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import mannwhitneyu, norm
from scipy.stats import t as student

from lookalike._typing import Array, Floats
from lookalike.monitor.labels import CLOSEST


@dataclass(frozen=True)
class GateRule:
    """What the gate lets pass, each number a share or a chance in (0, 1).

    unlikely : chance with which labels in any order would pass for labels
    level : of the paired test, and of calibration over all slices
    forgetting : how much above its first loss that on the old slice may be
    fewest : positives and negatives that the newest rows need, and rows of a slice
    """

    unlikely: float = 0.005
    level: float = 0.05
    forgetting: float = 0.02
    fewest: int = 20

    def __post_init__(self) -> None:
        for name in ("unlikely", "level", "forgetting"):
            value = getattr(self, name)
            if not 0 < value < 1:
                raise ValueError(f"{name} must be between 0 and 1, got {value!r}.")
        if self.fewest < 1:
            raise ValueError(f"fewest must be at least 1, got {self.fewest!r}.")


@dataclass(frozen=True)
class Scored:
    """Rows with labels that have come and the probabilities of both models.

    label : float64 (n_rows,), 0s and 1s
    candidate, serving : float64 (n_rows,), probabilities of a positive
    """

    label: Floats
    candidate: Floats
    serving: Floats


@dataclass(frozen=True)
class GateCheck:
    """One question of the gate: its name, whether it passed, and why in a sentence."""

    name: str
    passed: bool
    reason: str


@dataclass(frozen=True)
class GateReport:
    """All checks; the candidate takes over if each passed."""

    checks: tuple[GateCheck, ...]

    @property
    def accepted(self) -> bool:
        """Whether the candidate takes over."""
        return all(each.passed for each in self.checks)

    @property
    def reason(self) -> str:
        """Sentences of what refused, or of what passed."""
        told = [each for each in self.checks if each.passed == self.accepted]
        return " ".join(f"{each.name}: {each.reason}" for each in told)


def scored(label: ArrayLike, candidate: ArrayLike, serving: ArrayLike) -> Scored:
    """Check columns and return them.

    Raises
    ------
    ValueError
        If a label is not 0 or 1, a probability not in [0, 1], or lengths differ.

    Examples
    --------
    >>> scored([1], [0.5], [1.5])
    Traceback (most recent call last):
    ...
    ValueError: serving must be a probability for each of the 1 labels.
    """
    labels = np.asarray(label, np.float64)
    if labels.ndim != 1 or not len(labels) or not np.isin(labels, (0, 1)).all():
        raise ValueError("label must be one column of 0s and 1s, with at least a row.")
    columns = []
    for name, values in (("candidate", candidate), ("serving", serving)):
        column = np.asarray(values, np.float64)
        fits = column.shape == labels.shape
        if not fits or not ((column >= 0) & (column <= 1)).all():
            raise ValueError(
                f"{name} must be a probability for each of the {len(labels)} labels."
            )
        columns.append(column)
    return Scored(labels, columns[0], columns[1])


def judge_retrained(
    newest: Scored,
    old: Scored | None = None,
    old_loss: float | None = None,
    slices: Sequence[str] | None = None,
    rule: GateRule | None = None,
) -> GateReport:
    """Decide whether a retrained model takes over.

    Parameters
    ----------
    newest : Scored
        The newest rows with labels, which neither model has learned from.
    old : Scored, optional
        A slice that was set aside long ago and that no model learns from.
    old_loss : float, optional
        Mean cross entropy on ``old`` of the model that served when it was set aside;
        None is that of the model that serves now.
    slices : sequence of str, optional
        Slice of each of the newest rows, such as its country.
    rule : GateRule, optional

    Returns
    -------
    GateReport
        Where the check "labels" does not pass, because too few have come or they follow
        no score yet, wait for more rows and ask again.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> chance = rng.random(1000)
    >>> label = rng.random(1000) < chance
    >>> found = judge_retrained(scored(label, chance, chance * 0.5 + 0.4))
    >>> found.accepted, [each.name for each in found.checks]
    (True, ['labels', 'paired', 'calibration'])
    >>> shuffled = rng.permutation(label)
    >>> judge_retrained(scored(shuffled, chance, chance)).checks[0].passed
    False
    """
    rule = rule or GateRule()
    names = np.full(len(newest.label), "all") if slices is None else np.asarray(slices)
    if len(names) != len(newest.label):
        raise ValueError(
            f"slices must name one for each of the {len(newest.label)} newest rows, "
            f"got {len(names)}."
        )
    checks = [
        _labels(newest, rule),
        _paired(newest, rule),
        _calibration(newest, names, rule),
    ]
    if old is not None:
        checks.append(_old(old, old_loss, rule))
    return GateReport(tuple(checks))


def cross_entropy(label: Floats, chance: Floats) -> Floats:
    """Cross entropy of each row, float64 (n_rows,), in nats.

    Examples
    --------
    >>> cross_entropy(np.array([1.0, 0.0]), np.array([0.5, 0.0])).round(3)
    array([0.693, 0.   ])
    """
    kept = np.clip(chance, CLOSEST, 1 - CLOSEST)
    found: Floats = -(label * np.log(kept) + (1 - label) * np.log1p(-kept))
    return found


def normalised_cross_entropy(
    label: Floats, chance: Floats, rate: float | None = None
) -> float:
    """Return the mean cross entropy over that of a constant probability.

    rate : the constant; None is the share of positives among the labels

    Examples
    --------
    >>> label = np.array([0.0, 0, 0, 1])
    >>> normalised_cross_entropy(label, np.full(4, 0.25))
    1.0
    >>> round(normalised_cross_entropy(label, np.full(4, 0.25), rate=0.5), 3)
    0.811
    """
    constant = np.full(len(label), label.mean() if rate is None else rate)
    mean = cross_entropy(label, constant).mean()
    return float(cross_entropy(label, chance).mean() / mean)


# --- the checks ----------------------------------------------------------------------


def _labels(newest: Scored, rule: GateRule) -> GateCheck:
    positive = newest.label == 1
    n, others = int(positive.sum()), int((~positive).sum())
    if min(n, others) < rule.fewest:
        told = f"{n} positives and {others} negatives have come, of each at least "
        return GateCheck("labels", False, f"{told}{rule.fewest} are needed.")
    # Where the world has moved, the model that serves may no longer order labels, and
    # one that learned of the days before does: two chances count twice.
    tests = [
        mannwhitneyu(
            score[positive],
            score[~positive],
            alternative="greater",
            method="asymptotic",
        )
        for score in (newest.serving, newest.candidate)
    ]
    best = min(tests, key=lambda test: float(test.pvalue))
    p = min(1.0, 2 * float(best.pvalue))
    passed = p < rule.unlikely
    area = float(best.statistic) / (n * others)
    told = f"the area under the ROC curve is {area:.3f} on {n + others:,} rows, "
    told += f"{'no' if passed else 'what'} chance would give (p = {p:.2g})."
    return GateCheck("labels", passed, told)


def _paired(newest: Scored, rule: GateRule) -> GateCheck:
    worse = cross_entropy(newest.label, newest.candidate) - cross_entropy(
        newest.label, newest.serving
    )
    mean, n = float(worse.mean()), len(worse)
    error = float(worse.std(ddof=1)) / np.sqrt(n) if n > 1 else np.inf
    chance = float(student.sf(mean / error, n - 1)) if error > 0 and n > 1 else 1.0
    told = f"cross entropy {mean:+.4f} +- {error:.4f} on {n:,} rows (p = {chance:.2g})."
    return GateCheck("paired", chance >= rule.level, told)


def _calibration(newest: Scored, names: Array, rule: GateRule) -> GateCheck:
    found, which, counts = np.unique(names, return_inverse=True, return_counts=True)
    held = [at for at in range(len(found)) if counts[at] >= rule.fewest]
    limit = float(norm.isf(rule.level / max(1, len(held)) / 2))
    worst, off = "", 0.0
    for at in held:
        rows = which == at
        gaps = []
        for chance in (newest.candidate[rows], newest.serving[rows]):
            spread = np.sqrt(max(float((chance * (1 - chance)).sum()), 1e-12))
            gaps.append(abs(float((chance - newest.label[rows]).sum())) / spread)
        if gaps[0] > limit >= gaps[1] and gaps[0] > off:
            expected = float(newest.candidate[rows].sum())
            worst = f"{found[at]}: {expected:.0f} positives were expected of "
            worst += f"{counts[at]:,} rows, {newest.label[rows].sum():.0f} came."
            off = gaps[0]
    fine = f"no slice of {len(held)} is off by more than chance that was not."
    return GateCheck("calibration", not worst, worst or fine)


def _old(old: Scored, old_loss: float | None, rule: GateRule) -> GateCheck:
    now = float(cross_entropy(old.label, old.candidate).mean())
    before = old_loss
    if before is None:
        before = float(cross_entropy(old.label, old.serving).mean())
    risen = now / max(before, 1e-12) - 1
    told = f"the loss on the old slice is {risen:+.1%} of what it was, at most "
    return GateCheck("old", risen <= rule.forgetting, f"{told}{rule.forgetting:+.1%}.")
