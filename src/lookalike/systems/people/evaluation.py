"""What the people system's suggestions are worth: held-out friendships, looked for."""

import time
from typing import Any

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array, Floats, Ints
from lookalike.core.evaluation import EvaluationResult, milliseconds_per_answer
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.friendships import Friendships
from lookalike.evaluate import bootstrap, ndcg_at_k, paired_test, recall_at_k
from lookalike.features.graph import triangle_scores
from lookalike.systems.people.features import (
    SCORES,
    WALKS,
    Candidates,
    adjacency,
    are_friends,
    blocks,
)
from lookalike.systems.people.system import K, People


def evaluate(
    system: People, data: Friendships, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Look for the held-out friendships, with the ranker and by each score alone.

    The unit of chance is the person; people without a held-out friend are left out.
    """
    if not np.array_equal(data.people, system.people_):
        raise ValueError(
            f"Expected the {len(system.people_):,} people that were learned from, "
            f"got {len(data.people):,} others."
        )
    held_out = adjacency(len(data.people), data.held_out)
    tested = np.flatnonzero(np.diff(held_out.indptr))
    if len(tested) < 2:
        raise ValueError("At least two people must have held-out friends.")
    on_progress("answering", 0.1)
    strangers = _strangers(system, held_out, len(data.held_out))
    pairs = np.concatenate([data.held_out, strangers])
    found, scores = _answers(system, tested, held_out, pairs, on_progress)
    n_held_out = np.diff(held_out.indptr)[tested]
    ours = found["ranker"]
    judged = (np.arange(n_held_out.max()) < n_held_out[:, None]).astype(float)
    hit = {name: rows.any(axis=1).astype(float) for name, rows in found.items()}
    others = {name: values for name, values in hit.items() if name != "ranker"}
    ndcg = ndcg_at_k(ours, K, judged=judged)
    metrics = {
        "hit_rate_at_10": bootstrap(np.mean, hit["ranker"]),
        "recall_at_10": bootstrap(np.mean, recall_at_k(ours, K, n_held_out)),
        "ndcg_at_10": bootstrap(np.mean, ndcg),
        "auc": bootstrap(np.mean, share_below(*np.split(scores, [len(data.held_out)]))),
        **{
            f"hit_rate_of_{name.replace(' ', '_')}": bootstrap(np.mean, values)
            for name, values in others.items()
        },
    }
    started = time.perf_counter()
    triangle_scores(system.friendships_)
    seconds = time.perf_counter() - started
    some = system.people_[np.unique(data.held_out)[:30]]
    facts = {
        "n_held_out": len(data.held_out),
        "seconds_for_all_candidates": round(seconds, 2),
        "milliseconds_per_answer": milliseconds_per_answer(
            system.recommend, [[name] for name in some]
        ),
    }
    return EvaluationResult(
        f"{len(tested):,} people with held-out friends",
        metrics,
        {
            name.replace("_", " "): paired_test(hit["ranker"], values)
            for name, values in others.items()
        },
        facts,
        quality={"n_test": len(tested), "outcomes": ndcg.tolist()},
        details={"n_friends": np.diff(system.friendships_.indptr)[tested], "hit": hit},
    )


def _answers(
    system: People,
    tested: Ints,
    held_out: Any,
    pairs: Ints,
    on_progress: ProgressCallback,
) -> tuple[dict[str, Array], Floats]:
    """Which of the first answers are held-out friends, for each way to rank.

    Also the score of each pair: that of either for the other, the higher one.
    """
    found: dict[str, list[Array]] = {}
    scores = np.full(len(pairs), -np.inf)
    everybody = np.arange(len(system.people_))
    for block in blocks(everybody):
        on_progress("answering", 0.1 + 0.8 * block[0] / len(everybody))
        whole = system.candidates(block, len(everybody))
        score = system.score(whole)
        # Beyond the candidates that are ranked, the first score goes on.
        score = np.where(whole.rank < system.n_candidates, score, -1e6 - whole.rank)
        for ends in (pairs, pairs[:, ::-1]):
            _raise_to(scores, ends, block, whole, score)
        correct = are_friends(held_out, block[whole.person], whole.candidate)
        kept = np.isin(block, tested)
        ways = dict(zip(SCORES + WALKS, whole.scores.T, strict=True))
        if system.embedding_ is not None:
            E = system.embedding_
            ways["graph network"] = np.einsum(
                "ij,ij->i", E[block[whole.person]], E[whole.candidate]
            )
        for name, values in {"ranker": score, **ways}.items():
            first = _first_answers(whole, values, correct, len(block))
            found.setdefault(name, []).append(first[kept])
    return {name: np.concatenate(parts) for name, parts in found.items()}, scores


def _strangers(system: People, held_out: Any, n: int) -> Ints:
    """Pairs of people who are friends in no way, drawn at random."""
    rng = np.random.default_rng(system.random_state)
    friends = system.friendships_ + held_out
    drawn = np.empty((0, 2), np.int64)
    for _ in range(100):
        more = rng.integers(len(system.people_), size=(n, 2))
        strange = (more[:, 0] != more[:, 1]) & ~are_friends(friends, *more.T)
        drawn = np.concatenate([drawn, more[strange]])[:n]
        if len(drawn) == n:
            break
    if not len(drawn):
        raise ValueError("Everybody is a friend of everybody: nobody is a stranger.")
    return drawn


def _first_answers(
    found: Candidates, score: Floats, correct: Array, n_people: int
) -> Array:
    """Whether each person's first answers are correct, (n_people, K)."""
    order = np.lexsort((found.candidate, -score, found.person))
    person = found.person[order]
    rank = np.arange(len(order)) - np.searchsorted(person, person)
    first = rank < K
    table = np.zeros((n_people, K))
    table[person[first], rank[first]] = correct[order][first]
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
    entry = np.asarray(table[at, ends[mine, 1]]).ravel()
    here = entry > 0
    rows = mine[here]
    scores[rows] = np.maximum(scores[rows], score[entry[here] - 1])


def share_below(scores: Floats, others: Floats) -> Floats:
    """Return the share of ``others`` below each score, (n,); ties count half."""
    order = np.sort(others)
    low, high = (np.searchsorted(order, scores, side) for side in ("left", "right"))
    share: Floats = (low + high) / (2 * len(others))
    return share
