"""Values of lists against their definitions and a known truth."""

import numpy as np
import pytest

from lookalike.evaluate import estimate_slate_policy

ITEMS, POSITIONS = 3, 3
LOGGING, TARGET = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])


def lists(rng, n, interact):
    """Lists drawn with replacement; ``interact``: the item above changes a reward."""
    shown = rng.choice(ITEMS, (n, POSITIONS), p=LOGGING)
    chance = 0.2 + 0.3 * shown
    if interact:
        chance[:, 1:] -= 0.3 * (shown[:, :-1] == shown[:, 1:]) * shown[:, 1:]
    reward = rng.random((n, POSITIONS)) < chance
    return reward, LOGGING[shown], TARGET[shown]


def truth(interact):
    alone = float(TARGET @ (0.2 + 0.3 * np.arange(ITEMS)))
    same = float((TARGET**2 * 0.3 * np.arange(ITEMS)).sum()) if interact else 0.0
    return POSITIONS * alone - (POSITIONS - 1) * same


@pytest.mark.parametrize("assume", ["independence", "cascade", "list"])
def test_a_value_is_its_definition(assume):
    reward, propensity, target = lists(np.random.default_rng(0), 2000, False)
    found = estimate_slate_policy(reward, propensity, target, assume)
    expected = 0.0
    for at in range(POSITIONS):
        quotient = target / propensity
        weights = {
            "independence": quotient[:, at],
            "cascade": quotient[:, : at + 1].prod(axis=1),
            "list": quotient.prod(axis=1),
        }[assume]
        assert found.effective_samples[at] == pytest.approx(
            weights.sum() ** 2 / (weights**2).sum()
        )
        expected += (weights * reward[:, at]).sum() / weights.sum()
    assert found.value.value == pytest.approx(expected) == found.positions.sum()


def test_intervals_cover_where_the_assumption_holds_and_only_there():
    rng = np.random.default_rng(1)
    held = {(i, a): [] for i in (0, 1) for a in ("independence", "cascade", "list")}
    width = {name: [] for name in held}
    for _ in range(200):
        for interact in (0, 1):
            log = lists(rng, 3000, interact)
            for assume in ("independence", "cascade", "list"):
                found = estimate_slate_policy(*log, assume).value.interval
                name = interact, assume
                held[name].append(found.low <= truth(interact) <= found.high)
                width[name].append(found.high - found.low)
    share = {name: np.mean(each) for name, each in held.items()}
    assert min(share[0, a] for a in ("independence", "cascade", "list")) > 0.91
    assert min(share[1, a] for a in ("cascade", "list")) > 0.91
    assert share[1, "independence"] < 0.6
    mean = {name: np.mean(each) for name, each in width.items()}
    assert mean[0, "independence"] < mean[0, "cascade"] < mean[0, "list"]


def test_lists_that_say_nothing_are_refused():
    n = 400
    propensity = np.full((n, 2), 0.5)
    propensity[0] = 1e-4
    found = estimate_slate_policy(np.ones((n, 2)), propensity, np.full((n, 2), 0.5))
    assert found.value is None
    assert found.refusal.startswith("The log cannot say")


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        (([[1, 0]], [[1, 0]], [[1, 1]]), "got 0.0 in row 0, position 1"),
        (([[1, 0]], [[1, 1]], [[1, 1.5]]), "target must be in"),
        (([[1, 0]], [[1]], [[1, 1]]), "same shape"),
        (([1], [1], [1]), "a row for each list"),
        (([[np.inf]], [[1]], [[1]]), "finite"),
        (([[1], [1, 2]], [[1]], [[1]]), "as many in each list"),
    ],
)
def test_bad_lists_get_a_sentence(arrays, sentence):
    with pytest.raises(ValueError, match=sentence):
        estimate_slate_policy(*arrays)


def test_an_unknown_assumption_is_refused():
    with pytest.raises(ValueError, match="independence"):
        estimate_slate_policy([[1]], [[1]], [[1]], "none")
