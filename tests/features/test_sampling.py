"""Each way of sampling against its exact distribution, and against a wrong one."""

from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from lookalike.features.sampling import (
    AliasTable,
    Reservoir,
    WeightedReservoir,
    importance_mean,
    importance_sample,
    rand10,
    random_below,
    stratified_sample,
    uniform_sample,
)
from lookalike.kernels.alias import build_alias
from lookalike.kernels.distinct import distinct_draws

SUBSETS = list(combinations(range(5), 3))
FAIR, WRONG = 1e-3, 1e-9  # p-values: pass above the one, biased below the other


def p_value(outcomes, probabilities):
    """Chi-square test that outcomes (a Counter) follow probabilities (a dict)."""
    assert set(outcomes) <= set(probabilities)
    observed = np.array([outcomes[key] for key in probabilities])
    expected = np.array(list(probabilities.values())) * observed.sum()
    return chisquare(observed, expected).pvalue


def equally(outcomes):
    return {outcome: 1 / len(outcomes) for outcome in outcomes}


def subset(numbers):
    return tuple(sorted(int(number) for number in numbers))


# Uniform


def test_every_subset_is_equally_likely():
    rng = np.random.default_rng(0)
    chosen = Counter(subset(uniform_sample(5, 3, rng)) for _ in range(4000))
    assert p_value(chosen, equally(SUBSETS)) > FAIR


def test_a_subset_that_mends_collisions_upwards_is_found_out():
    def biased(rng):  # a number drawn twice becomes the next free one
        numbers = []
        for _ in range(3):
            number = int(rng.integers(5))
            while number in numbers:
                number = (number + 1) % 5
            numbers.append(number)
        return subset(numbers)

    rng = np.random.default_rng(0)
    chosen = Counter(biased(rng) for _ in range(4000))
    assert p_value(chosen, equally(SUBSETS)) < WRONG


@settings(max_examples=40, deadline=None)
@given(n=st.integers(0, 40), seed=st.integers(0, 99), more=st.integers(0, 40))
def test_floyd_equals_its_definition(n, seed, more):
    draws = np.random.default_rng(seed).integers(0, np.arange(more, more + n) + 1)
    expected = []
    for i, drawn in enumerate(draws.tolist()):
        expected.append(more + i if drawn in expected else drawn)
    distinct_draws(draws, more)
    assert draws.tolist() == expected


def test_extremes_of_uniform_samples():
    assert uniform_sample(0, 0).shape == (0,)
    assert sorted(uniform_sample(100, 100, 0).tolist()) == list(range(100))
    large = uniform_sample(2**62, 1000, 0)
    assert len(set(large.tolist())) == 1000
    assert large.max() > 2**61


@pytest.mark.parametrize("n", [-1, 6])
def test_refuses_a_sample_larger_than_the_population(n):
    with pytest.raises(ValueError, match=rf"n_samples must be in \[0, 5\], got {n}"):
        uniform_sample(5, n)


# Stratified


def test_every_stratum_gives_each_subset_equally_often():
    strata = ["x", "y", "x", "y", "x", "y", "y"]
    rng = np.random.default_rng(0)
    chosen = Counter(
        subset(stratified_sample(strata, {"x": 1, "y": 2}, random_state=rng).rows)
        for _ in range(4000)
    )
    possible = [
        subset([x, *ys]) for x in (0, 2, 4) for ys in combinations((1, 3, 5, 6), 2)
    ]
    assert p_value(chosen, equally(possible)) > FAIR


def test_weighted_means_are_unbiased_and_plain_ones_are_not():
    rng = np.random.default_rng(0)
    strata = np.repeat([0, 1, 2], [500, 40, 10])
    values = strata * 10 + rng.normal(size=550)
    weighted, plain = [], []
    for _ in range(800):
        sample = stratified_sample(strata, 30, "equal", rng)
        weighted.append(np.average(values[sample.rows], weights=sample.weights))
        plain.append(values[sample.rows].mean())
    error = np.std(weighted) / np.sqrt(800)
    assert abs(np.mean(weighted) - values.mean()) < 4 * error
    assert abs(np.mean(plain) - values.mean()) > 5


@pytest.mark.parametrize(
    ("sizes", "n", "allocation", "expected"),
    [
        ([90, 10], 10, "proportional", [9, 1]),
        ([50, 30, 20], 7, "proportional", [4, 2, 1]),  # 3.5, 2.1, 1.4
        ([5, 5, 5], 4, "proportional", [2, 1, 1]),  # ties to the first
        ([90, 10], 50, "equal", [40, 10]),
        ([90, 2, 10], 9, "equal", [4, 2, 3]),
        ([3, 3], 0, "equal", [0, 0]),
        ([3, 4], 7, "proportional", [3, 4]),
    ],
)
def test_rows_are_shared_out(sizes, n, allocation, expected):
    strata = np.repeat(np.arange(len(sizes)), sizes)
    rows = stratified_sample(strata, n, allocation, random_state=0).rows
    assert len(set(rows.tolist())) == n
    assert np.bincount(strata[rows], minlength=len(sizes)).tolist() == expected


def test_weights_add_up_to_the_population():
    strata = np.random.default_rng(0).integers(4, size=200)
    sample = stratified_sample(strata, 37, random_state=0)
    assert sample.weights.sum() == pytest.approx(200)


def test_stratified_refusals():
    with pytest.raises(ValueError, match=r"n_samples must be in \[0, 3\], got 4"):
        stratified_sample([1, 1, 2], 4)
    with pytest.raises(ValueError, match="'proportional' or 'equal', got 'fair'"):
        stratified_sample([1, 1, 2], 2, "fair")
    with pytest.raises(ValueError, match=r"do not occur: \[7\]"):
        stratified_sample([1, 1, 2], {7: 1})
    with pytest.raises(ValueError, match="Stratum 2 has 1 rows, got n_samples=2"):
        stratified_sample([1, 1, 2], {2: 2})


# Reservoirs


def kept(make, n_streams=4000, n_items=5):
    rng = np.random.default_rng(0)
    return Counter(
        subset(make(rng).update(range(n_items)).items) for _ in range(n_streams)
    )


def test_a_reservoir_keeps_every_subset_equally_often():
    assert p_value(kept(lambda rng: Reservoir(3, rng)), equally(SUBSETS)) > FAIR


def test_a_reservoir_of_one_keeps_every_item_of_a_longer_stream_equally_often():
    items = Counter(kept(lambda rng: Reservoir(1, rng), n_items=40).elements())
    assert p_value(items, equally([(i,) for i in range(40)])) > FAIR


def test_a_reservoir_with_a_gap_too_long_is_found_out():
    class Late(Reservoir):
        def _choose_next(self):
            super()._choose_next()
            self._next += self._rng.random() < 0.2

    assert p_value(kept(lambda rng: Late(3, rng)), equally(SUBSETS)) < WRONG


def test_short_streams_are_kept_whole_and_portions_do_not_matter():
    assert Reservoir(5).update("abc").items == ["a", "b", "c"]
    whole = Reservoir(3, random_state=0).update(range(100))
    portions = Reservoir(3, random_state=0)
    for start in range(0, 100, 7):
        portions.update(range(start, min(100, start + 7)))
    assert portions.items == whole.items
    assert portions.n_seen == whole.n_seen == 100


def test_few_random_numbers_choose_from_a_long_stream():
    class Counting:
        def __init__(self):
            self.n, self.rng = 0, np.random.default_rng(0)

        def exponential(self):
            self.n += 1
            return self.rng.exponential()

        def integers(self, n):
            self.n += 1
            return self.rng.integers(n)

    reservoir = Reservoir(10)
    reservoir._rng = counting = Counting()
    reservoir.update(range(20000))
    assert counting.n < 3 * 10 * (2 + np.log(20000 / 10))


def in_order(weights, k):
    """Probability of each sequence when drawing one after another by weight."""
    probabilities = {}
    for sequence in permutations(range(len(weights)), k):
        left, p = sum(weights), 1.0
        for item in sequence:
            p *= weights[item] / left
            left -= weights[item]
        probabilities[sequence] = p
    return probabilities


WEIGHTS = [1.0, 2.0, 0.5, 4.0, 1.0]


def test_a_weighted_reservoir_draws_like_one_after_another():
    rng = np.random.default_rng(0)
    drawn = Counter(
        tuple(WeightedReservoir(2, rng).update(range(5), WEIGHTS).items)
        for _ in range(6000)
    )
    assert p_value(drawn, in_order(WEIGHTS, 2)) > FAIR
    assert p_value(drawn, in_order([1.0, 2.0, 0.5, 3.0, 1.0], 2)) < WRONG


def test_portions_and_merged_reservoirs_draw_like_one_stream():
    rng = np.random.default_rng(0)
    drawn = Counter()
    for _ in range(6000):
        left = WeightedReservoir(2, rng).update([0], WEIGHTS[:1])
        left.update([1, 2], WEIGHTS[1:3])
        right = WeightedReservoir(2, rng).update([3, 4], WEIGHTS[3:])
        drawn[tuple(left.merge(right).items)] += 1
    assert p_value(drawn, in_order(WEIGHTS, 2)) > FAIR


@pytest.mark.parametrize("portion", [3, 50, 700, 1000])
def test_of_many_items_the_earliest_are_kept_however_they_come(portion):
    weights = np.random.default_rng(1).integers(1, 4, size=1000).astype(float)
    kept = WeightedReservoir(7, random_state=2)
    for start in range(0, 1000, portion):
        rows = range(start, min(1000, start + portion))
        kept.update(rows, weights[rows])
    times = np.random.default_rng(2).standard_exponential(1000) / weights
    assert kept.items == np.argsort(times)[:7].tolist()
    assert kept.n_seen == 1000


def test_items_without_weight_are_never_kept():
    reservoir = WeightedReservoir(3).update("abcd", [0, 1, 0, 1])
    assert sorted(reservoir.items) == ["b", "d"]
    assert WeightedReservoir(3).update([], []).items == []


@pytest.mark.parametrize("kind", [Reservoir, WeightedReservoir])
@pytest.mark.parametrize("n", [0, -1, 2.5])
def test_refuses_a_reservoir_without_room(kind, n):
    with pytest.raises(
        ValueError, match="n_samples must be a whole number of at least 1"
    ):
        kind(n)


@pytest.mark.parametrize("weights", [[1, -1], [1, np.nan], [1, np.inf]])
def test_weighted_reservoir_refuses_bad_weights(weights):
    with pytest.raises(ValueError, match="finite and not negative"):
        WeightedReservoir(1).update("ab", weights)


def test_weighted_reservoir_refuses_other_lengths_and_smaller_reservoirs():
    with pytest.raises(ValueError, match="Expected 2 weights"):
        WeightedReservoir(1).update("ab", [1])
    with pytest.raises(ValueError, match="fewer than the 2 of this one"):
        WeightedReservoir(2).merge(WeightedReservoir(1))


# Alias tables


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=12).filter(any))
def test_an_alias_table_holds_exactly_the_weights(weights):
    threshold, alias = build_alias(np.array(weights, dtype=float))
    assert ((threshold >= 0) & (threshold <= 1)).all()
    held = threshold + np.bincount(alias, 1 - threshold, minlength=len(weights))
    np.testing.assert_allclose(
        held / len(weights), np.array(weights) / sum(weights), atol=1e-12
    )


def test_draws_from_an_alias_table_follow_the_weights():
    table = AliasTable(WEIGHTS)
    drawn = Counter(table.sample((100, 200), random_state=0).ravel().tolist())
    assert p_value(drawn, dict(enumerate(np.array(WEIGHTS) / sum(WEIGHTS)))) > FAIR
    shifted = np.array([1.0, 2.0, 0.5, 4.0, 1.5])
    assert p_value(drawn, dict(enumerate(shifted / shifted.sum()))) < WRONG


def test_counts_are_a_multinomial():
    table = AliasTable([1, 0, 3])
    counts = np.array([table.counts(40, random_state=seed) for seed in range(500)])
    assert (counts.sum(axis=1) == 40).all()
    assert (counts[:, 1] == 0).all()
    assert counts[:, 0].mean() == pytest.approx(10, abs=0.6)
    assert counts[:, 0].var() == pytest.approx(40 * 0.25 * 0.75, rel=0.25)


def test_huge_and_tiny_weights_stay_in_range():
    for scale in (1e-300, 1e300):
        table = AliasTable([scale, 3 * scale])
        np.testing.assert_allclose(table.probabilities, [0.25, 0.75])
    assert AliasTable([1e-300, 1]).sample(100, 0).min() == 1
    assert AliasTable([7]).sample(3, 0).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([], "flat, non-empty list"),
        ([[1, 2]], r"got shape \(1, 2\)"),
        ([1, -1], "finite and not negative"),
        ([1, np.nan], "finite and not negative"),
        ([0, 0], "must not all be 0"),
    ],
)
def test_alias_table_refuses_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        AliasTable(weights)


# Importance


def test_importance_means_are_unbiased_and_know_their_error():
    rng = np.random.default_rng(0)
    estimates, errors = [], []
    for _ in range(400):
        x = rng.normal(1.0, 1.5, size=200)  # the proposal; the target is N(0, 1)
        log_p, log_q = -(x**2) / 2, -(((x - 1) / 1.5) ** 2) / 2 - np.log(1.5)
        estimate = importance_mean(x**2, log_p, log_q)
        estimates.append(estimate.mean)
        errors.append(estimate.standard_error)
    spread = np.std(estimates)
    assert abs(np.mean(estimates) - 1) < 4 * spread / 20
    assert np.mean(errors) == pytest.approx(spread, rel=0.15)


def test_self_normalised_means_need_no_constants():
    rng = np.random.default_rng(0)
    x = rng.normal(1.0, 1.5, size=100_000)
    log_p, log_q = 5 - x**2 / 2, 900 - ((x - 1) / 1.5) ** 2 / 2
    estimate = importance_mean(x**2, log_p, log_q, normalised=True)
    assert abs(estimate.mean - 1) < 4 * estimate.standard_error
    assert estimate.standard_error < 0.02
    shifted = importance_mean(x**2, log_p + 700, log_q, normalised=True)
    assert shifted.mean == pytest.approx(estimate.mean)


def test_effective_size_is_all_draws_for_equal_and_one_for_single_weights():
    zeros = np.zeros(50)
    assert importance_mean(zeros, zeros, zeros).effective_size == pytest.approx(50)
    one = np.array([0.0] + [-np.inf] * 49)
    assert importance_mean(zeros, one, zeros).effective_size == pytest.approx(1)


def test_importance_samples_are_unbiased_for_any_total():
    rng = np.random.default_rng(0)
    scores, values = np.array([1.0, 5.0, 2.0, 2.0]), np.array([3.0, 1.0, -4.0, 8.0])
    totals, unweighted = [], []
    for _ in range(3000):
        sample = importance_sample(scores, 5, rng)
        totals.append(sample.weights @ values[sample.rows])
        unweighted.append(4 * values[sample.rows].mean())
    error = np.std(totals) / np.sqrt(3000)
    assert abs(np.mean(totals) - 8) < 4 * error
    assert abs(np.mean(unweighted) - 8) > 8 * error


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (([1.0], [0.0], [0.0]), "at least 2"),
        (([1.0, 2.0], [0.0], [0.0]), r"got \(2,\) and \(1,\)"),
        (([1.0, 2.0], [0.0, 0.0], [0.0, -np.inf]), "positive density"),
        (([1.0, 2.0], [0.0, np.nan], [0.0, 0.0]), "positive density"),
        (([1.0, 2.0], [-np.inf, -np.inf], [0.0, 0.0]), "No draw can come"),
    ],
)
def test_importance_mean_refuses_with_a_sentence(arrays, message):
    with pytest.raises(ValueError, match=message):
        importance_mean(*arrays)


def test_importance_sample_refuses_no_draws():
    with pytest.raises(
        ValueError, match="n_samples must be a whole number of at least 1, got 0"
    ):
        importance_sample([1, 2], 0)


# Ranges


def source_of(m, rng):
    throws = iter(rng.integers(m, size=10**6).tolist())
    return lambda: next(throws)


@pytest.mark.parametrize(("n", "m"), [(10, 7), (7, 10), (3, 2), (1000, 2), (5, 5)])
def test_every_number_of_the_range_is_equally_likely(n, m):
    source = source_of(m, np.random.default_rng(0))
    drawn = Counter(random_below(n, source, m) for _ in range(10_000))
    assert p_value(drawn, equally(range(n))) > FAIR


def test_rand10_is_uniform_and_the_usual_mistakes_are_found_out():
    source = source_of(7, np.random.default_rng(0))

    def rand7():
        return source() + 1

    outcomes = equally(range(1, 11))
    assert p_value(Counter(rand10(rand7) for _ in range(10_000)), outcomes) > FAIR
    mistakes = [
        lambda: 1 + (rand7() + rand7()) % 10,
        lambda: 1 + ((rand7() - 1) * 7 + rand7() - 1) % 10,  # nothing thrown away
    ]
    for mistake in mistakes:
        drawn = Counter(mistake() for _ in range(20_000))
        assert p_value(drawn, outcomes) < WRONG


def test_rand10_takes_as_few_calls_as_the_notes_say():
    calls = Counter()
    source = source_of(7, np.random.default_rng(0))

    def rand7():
        calls["n"] += 1
        return source() + 1

    for _ in range(10_000):
        rand10(rand7)
    expected = 2 + 9 / 49 * (1 + 3 / 63 * (1 + 1 / 21 * 2.19))
    assert calls["n"] / 10_000 == pytest.approx(expected, abs=0.02)


def test_a_range_of_one_needs_no_draw():
    assert random_below(1, lambda: 1 / 0, 7) == 0


def test_ranges_refuse_impossible_sizes_and_sources_out_of_range():
    with pytest.raises(ValueError, match="got n=0 and m=7"):
        random_below(0, lambda: 0, 7)
    with pytest.raises(ValueError, match="got n=3 and m=1"):
        random_below(3, lambda: 0, 1)
    with pytest.raises(ValueError, match="must give 0 to 6, got 7"):
        rand10(lambda: 8)
