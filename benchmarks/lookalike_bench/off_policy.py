"""``lookalike bench off_policy``: what another policy would have earned.

``worlds``: 1,000 worlds with a known truth. In each, contexts of five numbers and ten
actions; a reward of 0 or 1 whose chance is logistic in the context, another line for
each action; a policy that logs by taste, and one, the target, that prefers what pays.
Worlds are kept whose log of 5,000 decisions has an effective sample of 3% to 7%. The
model of rewards is a ridge regression, of the wrong form and cross-fitted on two
halves. The truth is the mean over 20,000 further contexts.

"OBP SNIPS" is the interval of the Open Bandit Pipeline: resamples of the terms
w r / mean(w) as if the mean of the weights were a constant.

``open bandit``: real logs: what uniform recommendation would have earned, from the log
of Thompson sampling and the other way round.

``needed``: how many lists of a service it takes to tell what another generation would
have done, from their last place among 21 items. Where both agree a list weighs 1 / (1 -
share + share / 21), otherwise 21 / share, or nothing where something else was drawn.
They agree on half of the lists, and one list in ten is rewarded.

How the refusals were chosen: in worlds of other seeds, and with log-normal weights.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from lookalike.datasets import load_open_bandit
from lookalike.evaluate import LoggedDecisions, estimate_policy, logged_decisions
from lookalike.evaluate.off_policy import LEAST_EFFECTIVE, LEAST_INFORMATIVE
from lookalike.learn import Ridge
from lookalike_bench.arrays import Floats, Ints
from lookalike_bench.bars import Bar, Row, least, most, quotient
from lookalike_bench.runner import ProgressCallback, reporting

N_WORLDS, N_DECISIONS = 1000, 5000
N_ACTIONS, N_NUMBERS, N_TRUTH = 10, 5, 20_000
EFFECTIVE = (0.03, 0.07)
SHARP = 8.0  # of the target policy: its softmax of the chances times this
SOFT = 0.1  # share of its decisions that are uniform
N_RESAMPLES = 200
SEED = 2011
OBP, BIASED = "OBP SNIPS", ("clipped IPS", "DM", "Switch-DR")

BARS = (
    Bar("DR intervals cover", 0.92, least("cover", "worlds", "DR")),
    Bar("SNDR intervals cover", 0.92, least("cover", "worlds", "SNDR")),
    Bar("SNIPS intervals cover", 0.90, least("cover", "worlds", "SNIPS")),
    Bar(
        "... their width, times OBP's",
        0.65,
        quotient(least("width", "worlds", "SNIPS"), least("width", "worlds", OBP)),
        at_most=True,
    ),
    Bar(
        "intervals printed by biased estimators",
        0,
        lambda rows: max(
            (
                v
                for m in BIASED
                if (v := most("printed", "worlds", m)(rows)) is not None
            ),
            default=None,
        ),
        at_most=True,
    ),
    Bar(
        "uniform from BTS, women: refused",
        1,
        least("refused", "open bandit", "uniform from bts, women"),
    ),
)


def run(
    only: str | None = None,
    rounds: int = 1,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Run the jobs whose name contains ``only``."""
    return reporting(jobs, only, progress, BARS)


def jobs(report: ProgressCallback) -> list[tuple[str, Callable[[], Iterable[Row]]]]:
    """All jobs by name."""
    return [
        ("worlds", partial(worlds, report)),
        ("open bandit", real_logs),
        ("needed", needed),
    ]


# --- worlds --------------------------------------------------------------------------


def worlds(report: ProgressCallback, n: int = N_WORLDS, seed: int = SEED) -> list[Row]:
    """Estimate in n worlds; a row for each estimator."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    refused, effective = 0, []
    for at in range(n):
        report(f"world {at + 1:,} of {n:,}", at / n)
        rng = np.random.default_rng([seed, at])
        log, truth = world(rng)
        result = estimate_policy(log)
        refused += bool(result.refusal)
        effective.append(result.effective_sample / len(log))
        for name, each in result.estimates.items():
            interval = each.interval
            ends = (interval.low, interval.high) if interval else (np.nan, np.nan)
            found.setdefault(name, []).append(
                (each.value - truth, ends[0] - truth, ends[1] - truth)
            )
        low, high = obp_interval(log, rng)
        value = float((log.weight @ log.reward) / log.weight.sum())
        found.setdefault(OBP, []).append((value - truth, low - truth, high - truth))
    rows = [_row(name, np.array(each)) for name, each in found.items()]
    rows[0] |= {
        "refused": refused,
        "effective": f"{np.mean(effective):.3f} of the log",
    }
    return rows


def _row(name: str, errors: Floats) -> Row:
    """Sum up errors, (n_worlds, 3): of the value, the low and the high end."""
    printed = np.isfinite(errors[:, 1])
    row: Row = {
        "method": name,
        "bias": round(float(errors[:, 0].mean()), 4),
        "rmse": round(float(np.sqrt(np.mean(errors[:, 0] ** 2))), 4),
        "printed": round(float(printed.mean()), 3),
    }
    if printed.any():
        low, high = errors[printed, 1], errors[printed, 2]
        cover = float(((low <= 0) & (high >= 0)).mean())
        error = np.sqrt(cover * (1 - cover) / printed.sum())
        row |= {
            "cover": f"{cover:.3f} +- {error:.3f}",
            "width": round(float((high - low).mean()), 4),
        }
    return row


def world(
    rng: np.random.Generator, n: int = N_DECISIONS
) -> tuple[LoggedDecisions, float]:
    """A log with a model's predictions, and the mean reward of the target policy."""
    while True:
        lines = rng.normal(size=(N_NUMBERS, N_ACTIONS)) / np.sqrt(N_NUMBERS)
        height = rng.normal(size=N_ACTIONS)
        taste = rng.normal(size=(N_NUMBERS, N_ACTIONS)) / np.sqrt(N_NUMBERS)
        lean = rng.normal(size=N_ACTIONS)
        X = rng.normal(size=(n, N_NUMBERS))
        chance, target = target_of(X, lines, height)
        logging = softmax(X @ taste + lean, axis=1)
        heights = rng.random((n, 1)) * (1 - 1e-12)
        action = (logging.cumsum(axis=1) < heights).sum(axis=1)
        rows = np.arange(n)
        weight = target[rows, action] / logging[rows, action]
        share = weight.sum() ** 2 / (weight @ weight) / n
        if EFFECTIVE[0] <= share <= EFFECTIVE[1]:
            break
    reward = (rng.random(n) < chance[rows, action]).astype(np.float64)
    model = cross_fitted(X, action, reward)
    log = logged_decisions(
        reward,
        logging[rows, action],
        target[rows, action],
        model[rows, action],
        (target * model).sum(axis=1),
    )
    further = target_of(rng.normal(size=(N_TRUTH, N_NUMBERS)), lines, height)
    return log, float((further[0] * further[1]).sum(axis=1).mean())


def target_of(X: Floats, lines: Floats, height: Floats) -> tuple[Floats, Floats]:
    """Chance of a reward and probability of each action, (n, n_actions) each."""
    chance = expit(X @ lines + height)
    return chance, softmax(SHARP * chance, axis=1) * (1 - SOFT) + SOFT / N_ACTIONS


def cross_fitted(X: Floats, action: Ints, reward: Floats) -> Floats:
    """Rewards that a line for each action predicts, (n, n_actions), by halves."""
    n = len(X)
    found = np.empty((n, N_ACTIONS))
    blocks = np.zeros((n, N_ACTIONS, N_NUMBERS + 1))
    blocks[np.arange(n), action] = np.column_stack([np.ones(n), X])
    for half in (0, 1):
        held = np.arange(n) % 2 == half
        model = Ridge(1.0).fit(blocks[~held].reshape(-1, blocks[0].size), reward[~held])
        lines = model.coef_.reshape(N_ACTIONS, N_NUMBERS + 1)
        found[held] = X[held] @ lines[:, 1:].T + lines[:, 0] + model.intercept_
    return found


def obp_interval(log: LoggedDecisions, rng: np.random.Generator) -> tuple[float, float]:
    """SNIPS' interval as the Open Bandit Pipeline has it, with fewer resamples."""
    terms = log.weight * log.reward / log.weight.mean()
    drawn = rng.integers(len(terms), size=(N_RESAMPLES, len(terms)))
    low, high = np.quantile(terms[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


# --- open bandit ----------------------------------------------------------------------


def real_logs() -> list[Row]:
    """What uniform recommendation would have earned, from the log of the other."""
    rows = []
    for campaign in ("men", "women"):
        uniform, bts = (load_open_bandit(p, campaign) for p in ("random", "bts"))
        log = logged_decisions(
            bts.click, bts.propensity, np.full(len(bts), 1 / bts.n_items)
        )
        found = estimate_policy(log)
        row: Row = {
            "method": f"uniform from bts, {campaign}",
            "refused": int(bool(found.refusal)),
            "effective": f"{found.effective_sample:.0f} of {len(bts):,}",
            "largest weight": round(found.largest_weight, 1),
            "measured": f"{uniform.click.mean():.4f}",
        }
        row |= {name: str(each) for name, each in found.estimates.items()}
        rows.append(row | {"sentence": found.refusal})
    return rows


# --- lists of a service ---------------------------------------------------------------


def needed(m: int = 21, agree: float = 0.5, rewarded: float = 0.1) -> list[Row]:
    """Lists for an estimate, and for an interval, by the share left to chance."""
    rows: list[Row] = []
    for share in (0.2, 0.6):
        weights = np.array([1 / (1 - share + share / m), m / share])
        # A weight of w with the chance 1 / w, otherwise 0: its mean square is w.
        lists = float(np.array([agree, 1 - agree]) @ weights)
        rows.append(
            {
                "method": f"share {share:g}",
                "weight, agreeing": round(float(weights[0]), 2),
                "weight, otherwise": round(float(weights[1]), 1),
                "for an estimate": round(LEAST_EFFECTIVE * lists),
                "for an interval": round(LEAST_INFORMATIVE * lists / rewarded),
            }
        )
    return rows
