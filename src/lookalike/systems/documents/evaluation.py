"""How good search of texts is: judged queries, or sentences taken out of documents.

Where nobody judged what is relevant, a sentence is taken out of each of some documents,
and the document it was taken from is what it has to find (Lee, Chang and Toutanova
2019, "Latent retrieval for weakly supervised open domain question answering").
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from lookalike._typing import Floats
from lookalike.core.evaluation import EvaluationResult, milliseconds_per_answer
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.datasets import TextCollection
from lookalike.evaluate import bootstrap, evaluate_rankings, paired_test
from lookalike.systems.documents.fusion import (
    WORDS_ALONE,
    Candidates,
    Weights,
)
from lookalike.systems.documents.judged_queries import NEAR, JudgedQueries
from lookalike.systems.documents.system import Documents

N_FOLDS = 5
N_SENTENCES = 300
LEAST_WORDS = 6
ABOUT_ALONE = Weights(about=1e6)
"""Weights that leave nothing to the words of a text."""
UNLIKE = "queries unlike those that taught"
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def evaluate(
    system: Documents, data: TextCollection, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Rank all documents for every judged query; the unit of chance is the query.

    Beside the system stand its two rankings alone. Where there are no training queries
    each fifth of the judged ones is answered with what the others teach. Queries that
    are nearly the same as one that taught are told apart: these are easy for votes.
    """
    measured, asked = system, data
    if not data.queries:
        on_progress("taking sentences out of documents", 0.0)
        asked = sentences_taken_out(data, system.random_state)
        if not asked.queries:
            return _unmeasured(system, data)
        measured = Documents(**system.configuration())
        measured.fit(
            replace(asked, queries=[], grades=[]),
            stage_of(on_progress, 0, 0.5),
            system.encoder_,
        )
    on_progress("answering judged queries", 0.5)
    candidates = [measured.candidates(query) for query in asked.queries]
    grades = [measured.by_row(each) for each in asked.grades]
    learned = _learned(measured, data, asked, candidates)
    candidates = [each.candidates for each in learned]
    lists = {
        "": [each.weights for each in learned],
        "words": [WORDS_ALONE] * len(candidates),
        "meaning": [ABOUT_ALONE] * len(candidates),
    }
    found: dict[str, dict[str, Floats]] = {}
    for name, own in lists.items():
        rankings = [
            measured.ranked(query, each, weights)[0].tolist()
            for query, each, weights in zip(asked.queries, candidates, own, strict=True)
        ]
        found[name] = _outcomes(rankings, grades)
    metrics = {
        f"{metric}_of_{name} alone" if name else metric: bootstrap(np.mean, values)
        for name, outcomes in found.items()
        for metric, values in outcomes.items()
    }
    comparisons = {
        f"{name} alone": paired_test(found[""]["ndcg_at_10"], outcomes["ndcg_at_10"])
        for name, outcomes in found.items()
        if name
    }
    unlike = np.array([not each.is_near for each in learned])
    if 0 < unlike.sum() < len(unlike):
        own, words = (found[name]["ndcg_at_10"][unlike] for name in ("", "words"))
        metrics[f"ndcg_at_10_of_{UNLIKE}"] = bootstrap(np.mean, own)
        comparisons[f"words alone, {UNLIKE}"] = paired_test(own, words)
    facts = {
        "n_test": len(asked.queries),
        "is_judged": bool(data.queries),
        "is_cross_validated": bool(data.queries and not data.training),
        "n_folds_with_meaning": len({e.fold for e in learned if e.weights.about}),
        "n_folds_with_votes": len({e.fold for e in learned if e.weights.judged}),
        "n_near_what_taught": int((~unlike).sum()),
        "milliseconds_per_answer": milliseconds_per_answer(
            measured.search_each, [[query] for query in asked.queries[:50]]
        ),
    }
    what = "judged queries" if data.queries else "sentences taken out of documents"
    return EvaluationResult(
        f"{len(asked.queries):,} {what} in {len(asked.ids):,} documents",
        metrics,
        comparisons,
        facts,
        quality={
            "n_test": len(asked.queries),
            "outcomes": found[""]["ndcg_at_10"].tolist(),
            "held_out": sha256("\n".join(asked.queries).encode()).hexdigest(),
        },
        details={"queries": asked.queries, "ndcg": found[""]["ndcg_at_10"]},
    )


def sentences_taken_out(data: TextCollection, random_state: int = 0) -> TextCollection:
    """Return the collection without one sentence of some documents, as its queries.

    There are none where no document has two sentences, one of six words or more.
    """
    rng = np.random.default_rng(random_state)
    texts, queries, grades = list(data.texts), [], []
    for row in rng.permutation(len(texts)).tolist():
        sentences = _SENTENCE.split(texts[row].strip())
        long = [at for at, own in enumerate(sentences) if own.count(" ") >= LEAST_WORDS]
        if len(sentences) < 2 or not long:
            continue
        at = long[int(rng.integers(len(long)))]
        queries.append(sentences[at])
        grades.append({data.ids[row]: 1})
        texts[row] = " ".join(sentences[:at] + sentences[at + 1 :])
        if len(queries) == N_SENTENCES:
            break
    return replace(data, texts=texts, queries=queries, grades=grades, training=[])


def _unmeasured(system: Documents, data: TextCollection) -> EvaluationResult:
    what = (
        f"nothing: {len(data.ids):,} documents without judged queries, none with two "
        f"sentences, one of {LEAST_WORDS} words or more"
    )
    facts = {
        "n_test": 0,
        "is_judged": False,
        "is_cross_validated": False,
        "milliseconds_per_answer": milliseconds_per_answer(
            system.search_each, [[text] for text in data.whole[:50]]
        ),
    }
    return EvaluationResult(what, {}, {}, facts, details={"queries": [], "ndcg": []})


class _Learned(NamedTuple):
    """What answers a query; a query that teaches is answered by what others taught."""

    candidates: Candidates
    weights: Weights
    is_near: bool  # nearly the same as a query that taught
    fold: int


def _learned(
    system: Documents,
    data: TextCollection,
    asked: TextCollection,
    candidates: Sequence[Candidates],
) -> list[_Learned]:
    n = len(candidates)
    if data.training or not data.queries:
        near = [_is_near(system.judged_, query) for query in asked.queries]
        pairs = zip(candidates, near, strict=True)
        return [_Learned(each, system.weights, own, 0) for each, own in pairs]
    fold = np.random.default_rng(system.random_state).permutation(n) % N_FOLDS
    pairs_of = list(zip(asked.queries, asked.grades, strict=True))
    learned: dict[int, _Learned] = {}
    for number in range(N_FOLDS):
        teacher = system.taught([pairs_of[at] for at in np.flatnonzero(fold != number)])
        for at in np.flatnonzero(fold == number).tolist():
            query = asked.queries[at]
            own = teacher.with_votes(candidates[at], teacher.judged_.votes(query))
            is_near = _is_near(teacher.judged_, query)
            learned[at] = _Learned(own, teacher.weights, is_near, number)
    return [learned[at] for at in range(n)]


def _is_near(judged: JudgedQueries, query: str) -> bool:
    return bool(judged.similarities(query).max(initial=0.0) >= NEAR)


def _outcomes(
    rankings: Sequence[Sequence[Any]], grades: Sequence[Mapping[Any, int]]
) -> dict[str, Floats]:
    """nDCG@10, the reciprocal rank of the first relevant one, and recall@100."""
    found = evaluate_rankings(rankings, grades, ["ndcg@10", "mrr", "recall@100"])
    return {
        "ndcg_at_10": found["ndcg@10"],
        "reciprocal_rank": found["mrr"],
        "recall_at_100": found["recall@100"],
    }
