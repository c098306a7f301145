"""People you may know: candidates, ranking, what is measured, saved and refused."""

import os

import numpy as np
import pytest

from lookalike.core.generation import Damaged
from lookalike.datasets.friendships import (
    Friendships,
    hold_out,
    load_facebook_ego,
)
from lookalike.features.graph import triangle_scores
from lookalike.systems.people import SPEC
from lookalike.systems.people.evaluation import share_below
from lookalike.systems.people.features import (
    FEATURE_NAMES,
    LONG_WALKS,
    POWERS,
    SCORES,
    STAY,
    WALK_STEPS,
    adjacency,
    are_friends,
    find_candidates,
    friends_of,
    graph_statistics,
)
from lookalike.systems.people.system import People
from lookalike.systems.people.training import split_batch

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))


def test_nobody_is_suggested_to_themselves_or_to_a_friend(system, data):
    found = system.recommend(data.people, k=10)
    friends = {frozenset(pair) for pair in data.people[data.known].tolist()}
    for name, row in zip(data.people.tolist(), found.ids, strict=True):
        assert len(set(row)) == 10
        assert name not in row
        assert not any(frozenset((name, who)) in friends for who in row)
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_given_people_are_ranked_like_in_the_whole_list(system):
    [slate] = system.recommend_each(["p0"], k=30)
    ids = slate.ids[:8][::-1]
    ranked = system.rank_items("p0", [*ids, *ids])
    assert ranked.ids == slate.ids[:8]
    np.testing.assert_array_equal(ranked.scores, slate.scores[:8])
    unknown = system.rank_items("unknown", ids)
    assert sorted(unknown.ids) == sorted(ids)
    assert not unknown.known


def test_features_are_the_scores_of_their_definition(data):
    n = len(data.people)
    A = adjacency(n, data.known)
    people = np.array([3, 77])
    found = find_candidates(A, graph_statistics(A), people, n)
    for column, score in enumerate(SCORES):
        expected = triangle_scores(A, people, score).toarray()
        given = found.scores[:, column]
        np.testing.assert_array_equal(expected[found.person, found.candidate], given)
    P = A.toarray() / A.toarray().sum(axis=1, keepdims=True)
    powers = [STAY**t * np.linalg.matrix_power(P, t) for t in range(1, WALK_STEPS + 1)]
    met = np.sum(powers, axis=0)
    there = met[people[found.person], found.candidate]
    back = met[found.candidate, people[found.person]]
    np.testing.assert_allclose(found.scores[:, 4], there, rtol=1e-10)
    np.testing.assert_allclose(found.scores[:, 5], back, rtol=1e-10)
    first = found.scores[:, SCORES.index("adamic_adar")]
    for person in range(2):
        mine = first[found.person == person]
        assert (np.diff(mine) <= 0).all()
        np.testing.assert_array_equal(
            found.rank[found.person == person], range(len(mine))
        )


def test_fewer_candidates_are_the_first_ones(data):
    A = adjacency(len(data.people), data.known)
    seen = graph_statistics(A)
    whole, few = (find_candidates(A, seen, np.array([5]), most) for most in (180, 12))
    np.testing.assert_array_equal(few.candidate, whole.candidate[:12])


def test_links_are_those_of_the_matrix():
    rng = np.random.default_rng(1)
    A = adjacency(9, np.array([[0, 3], [3, 8], [1, 2]]))
    people, others = rng.integers(9, size=(2, 200))
    expected = A.toarray()[people, others] > 0
    np.testing.assert_array_equal(are_friends(A, people, others), expected)


def test_the_hidden_friends_of_each_person_add_up_to_one(data, system):
    inner, held_out = hold_out(data.known, random_state=5)
    n = len(data.people)
    features, is_friend, weights = split_batch(n, inner, held_out, 30)
    assert len(features) == len(is_friend) == len(weights)
    found = find_candidates(
        adjacency(n, inner), graph_statistics(adjacency(n, inner)), np.arange(n), 30
    )
    hit = are_friends(adjacency(n, held_out), found.person, found.candidate)
    has_friend = np.bincount(found.person, hit, minlength=n) > 0
    person = found.person[has_friend[found.person]]
    np.testing.assert_array_equal(is_friend, hit[has_friend[found.person]])
    sums = np.bincount(person, weights * is_friend, minlength=n)[has_friend]
    np.testing.assert_allclose(sums, 1)


def test_what_is_seen_of_the_whole_graph_is_its_spectrum_and_its_triangles(data):
    n = len(data.people)
    A = adjacency(n, data.known)
    seen = graph_statistics(A)
    dense = A.toarray()
    degrees = dense.sum(axis=1)
    N = dense / np.sqrt(np.outer(degrees, degrees))
    values = np.linalg.eigvalsh(N)
    kept = np.argsort(-abs(values))[: len(seen.values)]
    np.testing.assert_allclose(np.sort(seen.values), np.sort(values[kept]), atol=1e-9)
    triangles = np.diag(dense @ dense @ dense)
    np.testing.assert_allclose(
        seen.clustering, triangles / np.maximum(degrees * (degrees - 1), 1)
    )
    again = graph_statistics(A)
    np.testing.assert_array_equal(seen.vectors, again.vectors)


def test_far_features_are_those_of_their_definition(data):
    n = len(data.people)
    A = adjacency(n, data.known)
    dense = A.toarray()
    seen = graph_statistics(A)
    people = np.array([3, 77])
    found = find_candidates(A, seen, people, n)
    column = dict(zip(FEATURE_NAMES, found.features.T, strict=True))
    i, j = people[found.person], found.candidate
    P = dense / dense.sum(axis=1, keepdims=True)
    for stay, steps in LONG_WALKS:
        powers = [stay**t * np.linalg.matrix_power(P, t) for t in range(1, steps + 1)]
        met = np.log(np.sum(powers, axis=0)[i, j] + 1e-9)
        np.testing.assert_allclose(column[f"walk of {steps} steps"], met, rtol=1e-6)
    R = np.diag(1 / dense.sum(axis=1))
    paths = np.log((dense @ R @ dense @ R @ dense)[i, j] + 1e-9)
    np.testing.assert_allclose(column["paths of three steps, by degree"], paths)
    for power in POWERS:
        places = (seen.vectors * seen.values**power) @ seen.vectors.T
        name = f"closeness in the spectrum, power {power}"
        np.testing.assert_allclose(column[name], 1000 * places[i, j], atol=1e-9)
    below = column["angle in the spectrum, below the best"]
    assert below.max() == 0
    assert below.min() < 0


def test_hidden_friendships_take_no_part_in_learning(data, system):
    """Other hidden friends, and even none, leave every answer as it is."""
    other = Friendships("x", "", data.people, data.known, data.held_out[:3])
    again = People(n_candidates=30).fit(other).recommend(data.people, k=10)
    found = system.recommend(data.people, k=10)
    np.testing.assert_array_equal(again.ids, found.ids)
    np.testing.assert_array_equal(again.scores, found.scores)


def test_the_hit_rate_is_that_of_the_answers(system, data, result):
    friends = {name: set() for name in data.people.tolist()}
    for a, b in data.people[data.held_out].tolist():
        friends[a].add(b)
        friends[b].add(a)
    asked = [name for name, theirs in friends.items() if theirs]
    rows = system.recommend(asked, k=10).ids
    hits = [bool(friends[n] & set(row)) for n, row in zip(asked, rows, strict=True)]
    assert result.metrics["hit_rate_at_10"].value == np.mean(hits)
    share = [
        len(friends[n] & set(row)) / len(friends[n])
        for n, row in zip(asked, rows, strict=True)
    ]
    assert result.metrics["recall_at_10"].value == pytest.approx(np.mean(share))
    assert result.metrics["auc"].value > 0.8


def test_the_share_below_counts_ties_half():
    assert share_below(
        np.array([1.0, 2.0, 0.0]), np.array([1.0, 1.0, 0.5, 3.0])
    ).tolist() == [
        0.5,
        0.75,
        0.0,
    ]


def test_who_has_no_friends_of_friends_gets_the_most_popular(system, data):
    names = np.append(data.people, "new")
    lonely = Friendships("x", "", names, data.known, data.held_out)
    fitted = People(n_candidates=30).fit(lonely)
    found = fitted.recommend(["new"], k=10)
    degrees = np.bincount(data.known.ravel(), minlength=len(names))
    best = names[np.argsort(-degrees, kind="stable")[:10]]
    assert found.ids[0].tolist() == best.tolist()
    assert {a["reason"] for a in fitted.recommend_each(["new"])[0].records()} == {
        "has many friends"
    }


def test_explain_names_the_shared_friends(system, data):
    told = system.explain("p0")
    A = adjacency(len(data.people), data.known).toarray()
    first = told.answer["id"]
    shared = np.flatnonzero(A[0] * A[int(first[1:])])
    assert told.answer["reason"] == f"{len(shared)} shared friends"
    names = told.reasons[0].split(": ")[2].split(", ")[:3]
    assert {int(name[1:]) for name in names} <= set(shared.tolist())


def test_a_graph_network_is_measured_beside_and_kept(data, tmp_path):
    pytest.importorskip("torch")
    fitted = People(n_candidates=30, network_dimensions=8).fit(data)
    result = SPEC.evaluate(fitted, data)
    assert result.metrics["hit_rate_of_graph_network"].value > 0.5
    assert "graph network" in result.comparisons
    loaded = People.load(fitted.save(tmp_path / "0001"))
    again = SPEC.evaluate(loaded, data)
    assert again.metrics == result.metrics
    with pytest.raises(ValueError, match="network_dimensions must be a whole number"):
        People(network_dimensions=-1).fit(data)


def test_lists_are_looked_up_where_they_were_made_beforehand(system, data):
    fast = system.look_up(system.table_of(vars(system.precompute())))
    names = data.people[:25].tolist()
    slates = (each.recommend_each(names, 30) for each in (system, fast))
    for ours, theirs in zip(*slates, strict=True):
        assert ours.ids == theirs.ids
        assert ours.reasons == theirs.reasons
        np.testing.assert_array_equal(ours.scores, theirs.scores)
        np.testing.assert_array_equal(ours.features, theirs.features)


def test_new_friendships_and_people_change_the_candidates(system):
    later = system.with_edges([("new", "p0"), ("p1", "new"), ("p3", "p3")])
    [found] = later.recommend_each(["new"], 10)
    assert found.known
    assert not {"new", "p0", "p1"} & set(found.ids)
    assert {int(name[1:]) // 30 for name in found.ids[:5]} == {0}
    assert not system.recommend_each(["new"], 10)[0].known
    assert later.recommend_each(["p3"], 3)[0].ids  # nobody befriends themselves
    with pytest.raises(ValueError, match="not one of these 181 users"):
        later.look_up(system.precompute())


@pytest.mark.parametrize("n_left", [0, 1, 2])
def test_hardly_anybody_may_be_left(system, n_left):
    few = system.without_users(system.people_[n_left:].tolist())
    assert len(few.known_users) == n_left
    few.warm_up()
    [slate] = few.recommend_each(["nobody"], 5)
    assert len(slate) == n_left
    for name in few.known_users.tolist():
        assert name not in few.recommend_each([name], 5)[0].ids


def test_a_generation_with_other_contents_is_refused(system, tmp_path):
    from lookalike.core import generation

    folder = system.save(tmp_path / "0001")
    found = generation.load(folder, "people")
    arrays = dict(found.arrays) | {"pairs": np.array([[0, 10_000]])}
    about = system.manifest_.document()
    generation.save(tmp_path / "0002", "people", arrays, about)
    with pytest.raises(Damaged, match="not those of its people"):
        People.load(tmp_path / "0002")


@pytest.mark.parametrize(
    ("people", "k", "message"),
    [
        (["p0"], 0, "k must be a whole number of at least 1, got 0"),
        (["p0"], 1.5, "k must be a whole number of at least 1, got 1.5"),
        (["nobody"], 5, "Expected one of the 180 people known, got 'nobody'"),
    ],
)
def test_refuses_what_it_cannot_answer(system, people, k, message):
    with pytest.raises(ValueError, match=message):
        system.recommend(people, k)


def test_k_above_who_is_left_answers_with_who_is_left(system, data):
    people = data.people[:9].tolist()
    together = system.recommend(people, k=1000)
    friends = np.bincount(data.known.ravel(), minlength=len(data.people))
    for row, (ids, scores) in enumerate(together):
        alone = system.recommend([people[row]], k=1000)
        assert len(set(ids)) == len(scores) == len(data.people) - 1 - friends[row]
        assert alone.ids[0].tolist() == ids.tolist()
        np.testing.assert_array_equal(alone.scores[0], scores)


def test_refuses_what_it_cannot_learn_from(data):
    with pytest.raises(ValueError, match="whole number of at least 10, got 3"):
        People(n_candidates=3).fit(data)
    chain = np.stack([np.arange(40), np.arange(1, 41)], axis=1)
    names = np.array([f"c{i}" for i in range(41)])
    with pytest.raises(ValueError, match="close no triangle"):
        People().fit(Friendships("chain", "", names, *hold_out(chain)))


def test_other_people_cannot_be_evaluated(system, data):
    fewer = Friendships("x", "", data.people[:-1], data.known[:5], data.held_out[:5])
    with pytest.raises(ValueError, match="the 180 people that were learned from"):
        SPEC.evaluate(system, fewer)


@pytest.mark.full
def test_on_facebook_it_finds_more_hidden_friends_than_scores_alone():
    try:
        data = load_facebook_ego()
    except FileNotFoundError:
        pytest.skip("needs LOOKALIKE_DATA")
    pairs = np.concatenate([data.known, data.held_out])
    assert (len(data.people), len(pairs)) == (4039, 88234)
    auc, difference, p = 0.99, 0.003, 0.01
    close = ("adamic adar", "resource allocation")  # p near 0.05
    if LONG == 1:  # a third of the people, unless there is time for all of them
        auc, difference, p, close = 0.98, 0.0, 0.05, (*close, "walk")
        few = hold_out(pairs[(pairs < 1500).all(axis=1)])
        data = Friendships("some", "", data.people[:1500], *few)
    result = SPEC.evaluate(People().fit(data), data)
    assert result.metrics["auc"].low > auc
    for name, comparison in result.comparisons.items():
        assert comparison.difference.value > difference
        if name not in close:
            assert comparison.p_value < p


def test_no_friend_is_suggested_by_the_system_that_answers(system, data):
    every = np.concatenate([data.known, data.held_out])
    friends = {frozenset(pair) for pair in data.people[every].tolist()}

    def suggested(by):
        rows = by.recommend(data.people, k=10).ids
        pairs = zip(data.people.tolist(), rows, strict=True)
        return sum(
            frozenset((who, name)) in friends for who, row in pairs for name in row
        )

    served = system.refit(data)
    assert suggested(served) == 0
    assert suggested(system) > 100
    assert suggested(served.before_refit(data)) == suggested(system)


def test_friends_are_ranked_below_all_others(system, data):
    friends = friends_of(system.friendships_, 0)
    names = data.people[friends].tolist()
    [whole] = system.recommend_each(["p0"], len(data.people))
    ranked = system.rank_items("p0", [*names, whole.ids[-1]])
    assert ranked.ids[0] == whole.ids[-1]
    assert sorted(ranked.ids[1:]) == sorted(names)
    assert (np.diff(ranked.scores) < 0).all()


def test_own_friendships_are_found_again_from_another_folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    pairs = np.unique(np.sort(rng.integers(0, 40, (300, 2)), axis=1), axis=0)
    lines = [f"p{a} p{b}" for a, b in pairs if a != b]
    (tmp_path / "friends.txt").write_text("\n".join(lines))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    name = SPEC.find_data("friends.txt").name
    assert name == str(tmp_path / "friends.txt")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(SPEC.find_data(name).people) == 40
