"""Estimators against their definitions, intervals against a known truth."""

import numpy as np
import pytest

from lookalike.evaluate import estimate_policy, logged_decisions
from lookalike.evaluate.off_policy import refusal_of, weighted_interval


def world(rng, n=2000, n_actions=4):
    """A log, the model's predictions, and the truth."""
    X = rng.normal(size=n)
    means = 1 / (1 + np.exp(-np.outer(X, np.linspace(-1, 1, n_actions)) - 0.3))
    logging = rng.dirichlet(np.full(n_actions, 3.0), n)
    logging = 0.9 * logging + 0.1 / n_actions
    target = means**6 / (means**6).sum(axis=1, keepdims=True)
    action = (logging.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    action = np.minimum(action, n_actions - 1)
    rows = np.arange(n)
    reward = (rng.random(n) < means[rows, action]) * 1.0
    model = means + rng.normal(0, 0.1, n_actions)  # wrong by a shift of each action
    log = logged_decisions(
        reward,
        logging[rows, action],
        target[rows, action],
        model[rows, action],
        (target * model).sum(axis=1),
    )
    return log, float((target * means).sum(axis=1).mean())


def test_values_are_their_definitions():
    log, _ = world(np.random.default_rng(0))
    found = estimate_policy(log, clip=2.0, switch=1.5).estimates
    w = [t / p for t, p in zip(log.target, log.propensity, strict=True)]
    n = len(log)
    parts = list(zip(w, log.reward, log.predicted, log.expected, strict=True))
    expected = {
        "IPS": sum(w * r for w, r, *_ in parts) / n,
        "clipped IPS": sum(min(w, 2.0) * r for w, r, *_ in parts) / n,
        "SNIPS": sum(w * r for w, r, *_ in parts) / sum(w),
        "DM": sum(e for *_, e in parts) / n,
        "DR": sum(e + w * (r - q) for w, r, q, e in parts) / n,
        "SNDR": sum(e for *_, e in parts) / n
        + sum(w * (r - q) for w, r, q, _ in parts) / sum(w),
        "Switch-DR": sum(e + (w <= 1.5) * w * (r - q) for w, r, q, e in parts) / n,
    }
    assert {name: each.value for name, each in found.items()} == pytest.approx(expected)


def test_the_biased_print_no_interval():
    log, _ = world(np.random.default_rng(1))
    found = estimate_policy(log).estimates
    without = {name for name, each in found.items() if each.interval is None}
    assert without == {"clipped IPS", "DM", "Switch-DR"}
    assert "[" not in str(found["DM"])
    assert "[" in str(found["DR"])


def test_without_a_model_only_weights_estimate():
    found = estimate_policy(
        logged_decisions([0, 1] * 200, [0.5] * 400, [0.25, 0.75] * 200)
    )
    assert set(found.estimates) == {"IPS", "clipped IPS", "SNIPS"}
    assert found.logged.value == 0.5


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(2)
    covered = {}
    for _ in range(300):
        log, truth = world(rng, 400)
        for name, each in estimate_policy(log).estimates.items():
            if each.interval is not None:
                held = each.interval.low <= truth <= each.interval.high
                covered.setdefault(name, []).append(held)
    for name, held in covered.items():
        # The truth is of these contexts, so that what they vary by is not missed.
        assert np.mean(held) > 0.92, name


def test_the_jackknife_is_leaving_one_out():
    rng = np.random.default_rng(3)
    base, weight, residual = rng.random((3, 40))
    n = len(base)

    def value(kept):
        return base[kept].mean() + (weight @ (residual * kept)) / weight[kept].sum()

    left = np.array([value(np.arange(n) != at) for at in range(n)])
    error = np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    found, low, high = weighted_interval(base, weight, residual, 0.6826894921)
    assert found == pytest.approx(value(np.ones(n, bool)))
    assert (high - low) / 2 == pytest.approx(error, rel=0.03)  # t of 30 decisions


def test_few_rewards_of_another_kind_have_no_interval():
    reward = np.zeros(4000)
    reward[:25] = 1
    found = estimate_policy(logged_decisions(reward, [0.5] * 4000, [0.5] * 4000))
    assert found.informative_sample == 25
    assert all(each.interval is None for each in found.estimates.values())
    reward[:60] = 1
    found = estimate_policy(logged_decisions(reward, [0.5] * 4000, [0.5] * 4000))
    assert found.estimates["IPS"].interval is not None


def test_what_the_log_cannot_say_is_refused():
    propensity = np.full(10_000, 0.5)
    propensity[7] = 1e-6
    found = estimate_policy(
        logged_decisions(propensity * 0, propensity, [0.02] * 10_000)
    )
    assert found.refusal.startswith("The log cannot say: its 10,000 decisions weigh as")
    assert found.estimates == {}
    assert found.largest_weight == pytest.approx(20_000)
    assert found.effective_sample < 2
    assert "none of its" in refusal_of(np.zeros(4))
    heavy = np.r_[np.ones(600), 300.0]
    assert refusal_of(heavy * 0.5).startswith("The log cannot say")
    wrong = estimate_policy(
        logged_decisions(np.ones(1000), np.full(1000, 0.5), np.full(1000, 0.25))
    )
    assert "average 1, these 0.5" in wrong.refusal


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (([1], [0], [1]), "propensity must be in \\(0, 1\\], got 0.0 in row 0"),
        (([1], [1.2], [1]), "propensity must be in \\(0, 1\\], got 1.2 in row 0"),
        (([1], [-0.2], [1]), "propensity must be in \\(0, 1\\], got -0.2 in row 0"),
        (([1], [1], [1.2]), "target must be in \\[0, 1\\], got 1.2 in row 0"),
        (([np.nan], [1], [1]), "reward must be finite, got nan in row 0"),
        (([1], [np.nan], [1]), "propensity must be finite"),
        (([1, 0], [1], [1]), "2 of reward, 1 of propensity"),
        (([], [], []), "at least one decision"),
        ((["a"], [1], [1]), "reward must hold numbers"),
        (([[1]], [1], [1]), "reward must be one column"),
        (([1], [1], [1], [1]), "come together"),
    ],
)
def test_bad_columns_get_a_sentence(columns, sentence):
    with pytest.raises(ValueError, match=sentence):
        logged_decisions(*columns)


@pytest.mark.parametrize("name", ["clip", "switch", "confidence"])
def test_bad_options_get_a_sentence(name):
    log = logged_decisions([1], [1], [1])
    with pytest.raises(ValueError, match=name):
        estimate_policy(log, **{name: 0})
