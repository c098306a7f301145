"""``lookalike bench experiments``: error rates, power and regret, with known truth.

Each number comes with its Monte Carlo error, one standard error. Jobs:

``looks``: A/A experiments of skewed revenue, looked at 20 times.
``ratio``: A/A experiments of clicks over queries; users are assigned.
``coverage``: how often 95% intervals hold the truth, for six metrics.
``cuped``: what is left of the variance, against 1 - rho^2.
``power``: power and size of sequential methods, beside a fixed test of 90% power.
``upworthy``: the ratio check on 4,873 real tests, some weeks of which are faulty.
``asos``: real tests that are significant at some look, and at the last.
``bandits``: regret on 200 real tests, over that of an even share.
``interleaving``: queries that team draft and an A/B test need for the same decision.
``assignment``: time of a call.

The jobs of bandits and interleaving have files of their own.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.special import ndtri

from lookalike.datasets import load_asos, load_upworthy
from lookalike.experiment import (
    Arm,
    Effect,
    Experiment,
    Holdout,
    Moments,
    adjusted_arms,
    assign,
    bounds_of,
    crossing,
    effect,
    group_bounds,
    mean_arm,
    mixture_bound,
    platform_check,
    price,
    quantile_arm,
    rate_arm,
    ratio_arm,
    ratio_check,
)
from lookalike.experiment.sample_ratio import ALARM, PLATFORM_ALARM
from lookalike_bench.arrays import Ints
from lookalike_bench.bandit_regret import bandits
from lookalike_bench.bars import Bar, Row, least, most, quotient
from lookalike_bench.interleaved_queries import ALIKE, interleaving
from lookalike_bench.runner import ProgressCallback, reporting

SEED = 18
LOOKS = 20
SHARES = [look / LOOKS for look in range(1, LOOKS + 1)]
POWER = 0.9
WIDTH = 1.959964


BARS = (
    Bar("A/A, one look: wrong, at least", 0.041, least("rate", "looks", "fixed")),
    Bar(
        "A/A, one look: wrong, at most",
        0.06,
        most("rate", "looks", "fixed"),
        at_most=True,
    ),
    *(
        Bar(
            f"A/A, 20 looks: wrong, {name}",
            0.05,
            most("rate", "looks", name),
            at_most=True,
        )
        for name in ("obrien_fleming", "pocock", "always_valid")
    ),
    Bar("A/A of a ratio: wrong, at least", 0.04, least("rate", "ratio", "delta")),
    Bar(
        "A/A of a ratio: wrong, at most",
        0.06,
        most("rate", "ratio", "delta"),
        at_most=True,
    ),
    Bar("coverage of six metrics, least", 0.94, least("rate", "coverage", "*")),
    Bar(
        "coverage of six metrics, most",
        0.96,
        most("rate", "coverage", "*"),
        at_most=True,
    ),
    Bar(
        "CUPED: variance left less 1 - rho^2, relative",
        0.03,
        most("off by", "cuped", "*"),
        at_most=True,
    ),
    Bar(
        "group-sequential: power over the fixed test's",
        0.98,
        least("of fixed", "power", "group_sequential"),
    ),
    Bar(
        "group-sequential: units over the fixed test's",
        0.7,
        most("size", "power", "group_sequential"),
        at_most=True,
    ),
    Bar(
        "always valid: power over the fixed test's",
        0.7,
        least("of fixed", "power", "always_valid"),
    ),
    Bar(
        "Upworthy: faulty tests found",
        0.69,
        least("rate", "upworthy", "tests in faulty weeks"),
    ),
    Bar(
        "Upworthy: other tests alarmed",
        0.005,
        most("rate", "upworthy", "tests in other weeks"),
        at_most=True,
    ),
    Bar(
        "Upworthy: faulty weeks found",
        30,
        least("alarms", "upworthy", "faulty weeks"),
    ),
    Bar(
        "Upworthy: other weeks alarmed",
        0,
        most("alarms", "upworthy", "other weeks"),
        at_most=True,
    ),
    Bar(
        "Thompson: regret over an even share's",
        0.5,
        most("regret", "bandits", "thompson, prior of others"),
        at_most=True,
    ),
    Bar(
        "Thompson in batches of 500: regret",
        0.54,
        most("regret", "bandits", "thompson in batches"),
        at_most=True,
    ),
    Bar(
        "team draft: queries over those of the best A/B test",
        0.25,
        quotient(
            most("queries", "interleaving", f"team draft: {ALIKE}"),
            least("queries", "interleaving", f"A/B*: {ALIKE}"),
        ),
        at_most=True,
    ),
    Bar(
        "assignment: microseconds at p99",
        100,
        most("p99", "assignment", "*"),
        at_most=True,
    ),
)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Run the jobs whose name contains ``only``; ``rounds`` are not used."""
    return reporting(jobs, only, progress, BARS)


def jobs(report: ProgressCallback) -> list[tuple[str, Callable[[], Iterable[Row]]]]:
    """All jobs by name."""
    return [
        ("looks", looks),
        ("ratio", ratio),
        ("coverage", partial(coverage, report)),
        ("cuped", cuped),
        ("power", power),
        ("upworthy", upworthy),
        ("asos", asos),
        ("bandits", partial(bandits, report)),
        ("interleaving", interleaving),
        ("assignment", assignment),
    ]


def share(hits: Any) -> Row:
    """A share with its Monte Carlo error."""
    rate = float(np.mean(hits))
    return {"rate": rate, "error": float(np.sqrt(rate * (1 - rate) / len(hits)))}


# --- error rates ----------------------------------------------------------------------


def looks(n_experiments: int = 2000, n_units: int = 200) -> list[Row]:
    """A/A experiments with ``n_units`` more an arm at each look."""
    rng = np.random.default_rng(SEED)
    z = np.empty((n_experiments, LOOKS))
    for block in np.array_split(np.arange(n_experiments), 10):
        values = rng.exponential(size=(2, len(block), LOOKS, n_units))
        n = n_units * np.arange(1, LOOKS + 1)
        sums = values.sum(axis=-1).cumsum(axis=-1)
        squares = (values**2).sum(axis=-1).cumsum(axis=-1)
        variance = (squares - sums**2 / n) / (n - 1)
        z[block] = (sums[1] - sums[0]) / n / np.sqrt(variance.sum(axis=0) / n)
    crossed = {
        "fixed": np.abs(z[:, -1]) > WIDTH,
        "fixed, peeked at": (np.abs(z) > WIDTH).any(axis=1),
    }
    exact = {"fixed": 0.05, "fixed, peeked at": crossing(SHARES, [WIDTH] * LOOKS).power}
    for name, bounds in (
        ("obrien_fleming", group_bounds(SHARES)),
        ("pocock", group_bounds(SHARES, spending="pocock")),
        ("always_valid", mixture_bound(SHARES)),
    ):
        crossed[name] = (np.abs(z) > bounds).any(axis=1)
        exact[name] = crossing(SHARES, bounds).power
    return [
        {"method": name, **share(hits), "of normal estimates": exact[name]}
        for name, hits in crossed.items()
    ]


def ratio(n_experiments: int = 2000, n_users: int = 500) -> list[Row]:
    """A/A experiments of clicks over queries, by users and as if by queries."""
    rng = np.random.default_rng(SEED)
    delta, naive = [], []
    for _ in range(n_experiments):
        clicks, queries = users(rng, (2, n_users))
        arms = [ratio_arm(Moments.of(clicks[a], queries[a])) for a in (0, 1)]
        delta.append(compare(arms).p_value < 0.05)
        wrong = [rate_arm(int(queries[a].sum()), int(clicks[a].sum())) for a in (0, 1)]
        naive.append(compare(wrong).p_value < 0.05)
    return [
        {"method": "delta", **share(np.array(delta))},
        {"method": "queries taken for units", **share(np.array(naive))},
    ]


def compare(arms: Sequence[Arm]) -> Effect:
    """The second arm less the first."""
    control, treatment = arms
    return effect(control, treatment)


def users(
    rng: np.random.Generator, shape: tuple[int, ...], lift: float = 1.0
) -> tuple[Ints, Ints]:
    """Clicks and queries of users who differ in both."""
    queries = 1 + rng.poisson(rng.gamma(1.0, 4.0, shape))
    taste = rng.beta(2.0, 8.0, shape)
    return rng.binomial(queries, np.minimum(1.0, lift * taste)), queries


def coverage(report: ProgressCallback, n_experiments: int = 4000) -> list[Row]:
    """How often the interval of a difference, or a lift, holds the truth."""
    rng = np.random.default_rng(SEED)
    n = 1000
    found: dict[str, list[bool]] = {}

    def held(name: str, interval: Any, truth: float) -> None:
        found.setdefault(name, []).append(bool(interval.low <= truth <= interval.high))

    for done in range(n_experiments):
        if done % 100 == 0:
            report("coverage", done / n_experiments)
        paid = rng.exponential(size=(2, n)) * (rng.random((2, n)) < 0.3)
        paid[1] *= 1.1
        means = [mean_arm(Moments.of(row)) for row in paid]
        held("mean of skewed revenue", compare(means).difference, 0.03)
        held("its relative lift", compare(means).relative, 0.1)
        rates = [rate_arm(n, rng.binomial(n, p)) for p in (0.02, 0.025)]
        held("rate of 2%", compare(rates).difference, 0.005)
        counted = [users(rng, (n,), lift) for lift in (1.0, 1.05)]
        ratios = [ratio_arm(Moments.of(*each)) for each in counted]
        held("ratio", compare(ratios).difference, TRUE_RATIO)
        times = rng.exponential(size=(2, n)) * [[1.0], [1.2]]
        for quantile in (0.5, 0.9):
            arms = [quantile_arm(row, quantile) for row in times]
            truth = -0.2 * np.log(1 - quantile)
            held(f"quantile {quantile:g}", compare(arms).difference, truth)
    return [{"method": k, **share(np.array(v))} for k, v in found.items()]


def true_ratio() -> float:
    """The difference of two ratios of ``users``: 5% more of the mean taste, if below 1.

    Queries and tastes are independent: the ratio is the mean taste. min(1, 1.05 taste)
    is integrated by the distribution of tastes.
    """
    from scipy import integrate, stats

    taste = stats.beta(2.0, 8.0)
    mean, _ = integrate.quad(lambda x: min(1.0, 1.05 * x) * taste.pdf(x), 0, 1)
    return float(mean - taste.mean())


TRUE_RATIO = true_ratio()


def cuped(n_experiments: int = 20_000, n_units: int = 300) -> list[Row]:
    """Variance of adjusted differences over that of plain ones, in experiments."""
    rows: list[Row] = []
    for rho_squared in (0.3, 0.6):
        rng = np.random.default_rng(SEED)
        plain, adjusted = np.empty((2, n_experiments))
        slope = np.sqrt(rho_squared / 2)
        for n in range(n_experiments):
            before = rng.normal(size=(2, 2, n_units))
            noise = np.sqrt(1 - rho_squared) * rng.normal(size=(2, n_units))
            during = slope * before.sum(axis=1) + noise
            arms = [Moments.of(during[a], *before[a]) for a in (0, 1)]
            control, treatment = adjusted_arms(arms).arms
            adjusted[n] = treatment.value - control.value
            plain[n] = arms[1].mean[0] - arms[0].mean[0]
        left = float(adjusted.var() / plain.var())
        # Of the logarithm of a ratio of two variances whose estimates are correlated.
        error = np.sqrt(
            4 / n_experiments * (1 - np.corrcoef(plain, adjusted)[0, 1] ** 2)
        )
        rows.append(
            {
                "method": f"two covariates, rho^2 = {rho_squared:g}",
                "variance left": left,
                "expected": 1 - rho_squared,
                "off by": abs(left / (1 - rho_squared) - 1),
                "error": float(error),
            }
        )
    return rows


# --- power ----------------------------------------------------------------------------


def power(n_experiments: int = 100_000) -> list[Row]:
    """Exact power and size, and those of simulated experiments."""
    rng = np.random.default_rng(SEED)
    rows: list[Row] = []
    for fixed, suffix in ((POWER, ""), (0.8, " (80%)")):
        drift = WIDTH + float(ndtri(fixed))
        steps = rng.normal(drift / LOOKS, LOOKS**-0.5, (n_experiments, LOOKS))
        z = steps.cumsum(axis=1) / np.sqrt(SHARES)
        for method in ("group_sequential", "always_valid"):
            exact = price(method, LOOKS, power=fixed)
            crossed = np.abs(z) > bounds_of(method, SHARES)
            found = crossed.any(axis=1)
            first = np.where(found, np.array(SHARES)[crossed.argmax(axis=1)], 1.0)
            rows.append(
                {
                    "method": method + suffix,
                    "power": exact.power,
                    "of fixed": exact.power / fixed,
                    "size": exact.size,
                    "simulated": float(found.mean()),
                    "error": share(found)["error"],
                    "simulated size": float(first.mean()),
                }
            )
    return rows


# --- real tests -----------------------------------------------------------------------


def upworthy() -> list[Row]:
    """The ratio check, test by test and week by week."""
    data = load_upworthy()
    p, faulty = [], []
    weeks: dict[int, list[Ints]] = {}
    for rows in data.tests():
        counts = data.impressions[rows]
        if len(counts) < 2:
            continue
        p.append(ratio_check(counts))
        faulty.append(bool(data.is_faulty[rows.start]))
        weeks.setdefault(int(data.week[rows.start]), []).append(counts)
    alarmed, inside = np.array(p) < ALARM, np.array(faulty)
    rung = {week: platform_check(each) for week, each in weeks.items()}
    known = set(data.week[data.is_faulty].tolist())
    found: list[Row] = []
    for name, which in (("faulty", inside), ("other", ~inside)):
        row = {"method": f"tests in {name} weeks", **share(alarmed[which])}
        found.append({**row, "n": int(which.sum())})
    for name, is_known in (("faulty weeks", True), ("other weeks", False)):
        ps = [p for week, p in rung.items() if (week in known) == is_known]
        nearest = max(ps) if is_known else min(ps)
        alarms = sum(p < PLATFORM_ALARM for p in ps)
        row = {"method": name, "alarms": alarms, "n": len(ps), "nearest p": nearest}
        found.append(row)
    return found


def asos() -> list[Row]:
    """Tests and metrics that are significant at some look, and at the last."""
    data = load_asos()
    sound = np.isfinite(data.variance).all(axis=1) & (data.count > 1).all(axis=1)
    error = np.sqrt((data.variance / np.maximum(data.count, 1)).sum(axis=1))
    usable = sound & (error > 0)
    keys = np.stack([data.variant, data.metric], axis=1)
    _, name = np.unique(data.experiment, return_inverse=True)
    _, series = np.unique(
        np.column_stack([name, keys])[usable], axis=0, return_inverse=True
    )
    order = np.lexsort((data.days[usable], series.ravel()))
    series = series.ravel()[order]
    apart = (data.mean[:, 1] - data.mean[:, 0])[usable]
    z = np.abs(apart / error[usable])[order]
    units = data.count[usable].sum(axis=1)[order]
    begins = np.flatnonzero(np.diff(series, prepend=-1))
    ends = np.append(begins[1:], len(series)) - 1
    # Tuned to the units of the first look: known when it is made.
    tuned = np.repeat(units[begins], np.diff(np.append(begins, len(series))))
    valid = z > mixture_bound(units / tuned)
    peeked = np.asarray(np.maximum.reduceat(z > WIDTH, begins))
    return [
        {"method": "at some look", **share(peeked), "n": len(begins)},
        {"method": "at the last look", **share(z[ends] > WIDTH), "n": len(begins)},
        {
            "method": "at some look, always valid",
            **share(np.asarray(np.maximum.reduceat(valid, begins))),
            "n": len(begins),
        },
    ]


# --- assignment -----------------------------------------------------------------------


def assignment(n_calls: int = 20_000) -> list[Row]:
    """Microseconds of a call: three hashes, and one."""
    plain = Experiment("ranker", ("control", "new"), ())
    layered = Experiment(
        *("ranker", ("control", "new"), ()),
        layer="page",
        buckets=(0, 900),
        holdout=Holdout("2026", 0.05),
    )
    rows: list[Row] = []
    for name, test in (("alone", plain), ("in a layer, with a holdout", layered)):
        units = [f"user-{n}" for n in range(n_calls)]
        times = np.empty(n_calls)
        for n, unit in enumerate(units):
            begun = time.perf_counter_ns()
            assign(test, unit)
            times[n] = (time.perf_counter_ns() - begun) / 1000
        median, p99 = np.quantile(times, [0.5, 0.99])
        rows.append({"method": name, "median": float(median), "p99": float(p99)})
    return rows
