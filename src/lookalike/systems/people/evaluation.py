"""How good people you may know are: hidden friendships, looked for."""

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array, Floats, Ints
from lookalike.core.verbs import Measured, Tell
from lookalike.datasets.friendships import Friendships
from lookalike.evaluate import bootstrap, ndcg_at_k, paired_test, recall_at_k
from lookalike.systems.people.features import (
    SCORES,
    WALKS,
    Candidates,
    adjacency,
    are_linked,
    blocks,
)

if TYPE_CHECKING:
    from lookalike.systems.people.system import People

K = 10


def people_measured(system: "People", data: Friendships, tell: Tell) -> Measured:
    """Look for the hidden friendships, with the ranker and by each score on its own."""
    hidden = adjacency(len(data.people), data.held_out)
    asked = np.flatnonzero(np.diff(hidden.indptr))
    if len(asked) < 2:
        raise ValueError("At least two people must have hidden friends.")
    tell("answering", 0.1)
    strangers = _strangers(system, hidden, len(data.held_out))
    pairs = np.concatenate([data.held_out, strangers])
    found, scores = _found(system, asked, hidden, pairs, tell)
    n_hidden = np.diff(hidden.indptr)[asked]
    ours = found["ranker"]
    judged = (np.arange(n_hidden.max()) < n_hidden[:, None]).astype(float)
    hit = {name: rows.any(axis=1).astype(float) for name, rows in found.items()}
    metrics = {
        "hit_rate_at_10": bootstrap(np.mean, hit["ranker"]),
        "recall_at_10": bootstrap(np.mean, recall_at_k(ours, K, n_hidden)),
        "ndcg_at_10": bootstrap(np.mean, ndcg_at_k(ours, K, judged=judged)),
        "auc": bootstrap(np.mean, _above(*np.split(scores, [len(data.held_out)]))),
        **{
            f"hit_rate_of_{name.replace(' ', '_')}": bootstrap(np.mean, values)
            for name, values in hit.items()
            if name != "ranker"
        },
    }
    return Measured(
        f"{len(asked):,} people with hidden friends",
        metrics,
        {
            name.replace("_", " "): paired_test(hit["ranker"], values)
            for name, values in hit.items()
            if name != "ranker"
        },
        {"n_friends": np.diff(system.friendships_.indptr)[asked], "hit": hit},
    )


def _found(
    system: "People", asked: Ints, hidden: Any, pairs: Ints, tell: Tell
) -> tuple[dict[str, Array], Floats]:
    """Which of the first answers are hidden friends, for each way to rank.

    Also the score of each pair: that of either for the other, the higher one.
    """
    found: dict[str, list[Array]] = {}
    scores = np.full(len(pairs), -np.inf)
    everybody = np.arange(len(system.people_))
    for block in blocks(everybody):
        tell("answering", 0.1 + 0.8 * block[0] / len(everybody))
        whole = system._candidates(block, len(everybody))
        score = system._score(whole)
        # Beyond the candidates that are ranked, the first score goes on.
        score = np.where(whole.rank < system.n_candidates, score, -1e6 - whole.rank)
        for ends in (pairs, pairs[:, ::-1]):
            _raise_to(scores, ends, block, whole, score)
        right = are_linked(hidden, block[whole.person], whole.candidate)
        kept = np.isin(block, asked)
        ways = dict(zip(SCORES + WALKS, whole.scores.T, strict=True))
        if system._embedding is not None:
            E = system._embedding
            ways["graph network"] = np.einsum(
                "ij,ij->i", E[block[whole.person]], E[whole.candidate]
            )
        for name, values in {"ranker": score, **ways}.items():
            top = _top(whole, values, right, len(block))
            found.setdefault(name, []).append(top[kept])
    return {name: np.concatenate(parts) for name, parts in found.items()}, scores


def _strangers(system: "People", hidden: Any, n: int) -> Ints:
    """Pairs of people who are friends in no way, drawn at random."""
    rng = np.random.default_rng(system.random_state)
    friends = system.friendships_ + hidden
    drawn = np.empty((0, 2), np.int64)
    for _ in range(100):
        more = rng.integers(len(system.people_), size=(n, 2))
        strange = (more[:, 0] != more[:, 1]) & ~are_linked(friends, *more.T)
        drawn = np.concatenate([drawn, more[strange]])[:n]
        if len(drawn) == n:
            break
    if not len(drawn):
        raise ValueError("Everybody is a friend of everybody: nobody is a stranger.")
    return drawn


def _top(found: Candidates, score: Floats, right: Array, n_people: int) -> Array:
    """Whether each person's first answers are right, (n_people, K)."""
    order = np.lexsort((found.candidate, -score, found.person))
    person = found.person[order]
    place = np.arange(len(order)) - np.searchsorted(person, person)
    first = place < K
    table = np.zeros((n_people, K))
    table[person[first], place[first]] = right[order][first]
    return table


def _raise_to(
    scores: Floats, ends: Ints, block: Ints, found: Candidates, score: Floats
) -> None:
    """Raise the scores of pairs whose first end is in the block."""
    mine = np.flatnonzero(np.isin(ends[:, 0], block))
    table = sp.csr_array(
        (np.arange(1, len(score) + 1), (found.person, found.candidate)),
        shape=(len(block), 1 + int(max(ends.max(), found.candidate.max(initial=0)))),
    )
    at = np.searchsorted(block, ends[mine, 0])
    place = np.asarray(table[at, ends[mine, 1]]).ravel()
    here = place > 0
    rows = mine[here]
    scores[rows] = np.maximum(scores[rows], score[place[here] - 1])


def _above(scores: Floats, others: Floats) -> Floats:
    """Share of ``others`` below each score; ties count half."""
    order = np.sort(others)
    low, high = (np.searchsorted(order, scores, side) for side in ("left", "right"))
    share: Floats = (low + high) / (2 * len(others))
    return share
