"""How well faces are recognised: ten splits, pairs, strangers and newcomers."""

from dataclasses import dataclass, replace

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.core.evaluation import (
    EvaluationResult,
    milliseconds_per_answer,
    n_copies,
)
from lookalike.core.progress import (
    ProgressCallback,
    ShareCallback,
    no_progress,
    share_of,
)
from lookalike.datasets import People
from lookalike.evaluate import Estimate, bootstrap, paired_test
from lookalike.systems.faces.baselines import METHODS
from lookalike.systems.faces.splits import N_ENROLLED, enrolment, groups_of, pairs
from lookalike.systems.faces.system import Faces

N_SPLITS = 10


def evaluate(
    system: Faces, data: People, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Recognise over ten splits, beside plainer methods; meet people left out.

    People are the unit of chance: each has one outcome, the share of correct answers
    about their test pictures over all splits.
    """
    data = system.check_data(data)
    images, people = data.images, data.people
    table = _table(system, data, share_of(on_progress, "recognising", 0.0, 0.7))
    on_progress("leaving people out", 0.7)
    apart = [
        apart_from(system, data, *groups)
        for groups in groups_of(people, system.random_state)
    ]
    ours, *others = table
    metrics: dict[str, Estimate] = {
        "accuracy": bootstrap(np.mean, table[ours]),
        **{
            "accuracy_of_" + name.lower().replace(",", "").replace(" ", "_"): bootstrap(
                np.mean, table[name]
            )
            for name in others
        },
    }
    for name in apart[0].shares:
        outcomes = np.concatenate([each.shares[name] for each in apart])
        metrics[name] = bootstrap(np.mean, outcomes)
    n_people = len(np.unique(people))
    held_out = ~enrolment(people, system.random_state)
    facts = {
        "n_people": n_people,
        "n_test": int(held_out.sum()),
        "n_copies": n_copies(images[~held_out], images[held_out]),
        "milliseconds_per_answer": milliseconds_per_answer(
            system.classify, [image[None] for image in images[:20]]
        ),
    }
    details = {
        "same": np.concatenate([each.same for each in apart]),
        "different": np.concatenate([each.different for each in apart]),
        "thresholds": [each.threshold for each in apart],
        "images": images[held_out],
        "people": people[held_out],
    }
    answered = system.classify(images[held_out])
    right = answered.known & (answered.labels == people[held_out])
    share = by_person(right, people[held_out])
    return EvaluationResult(
        f"{len(people) - N_ENROLLED * n_people} test pictures of {n_people} people in "
        "ten splits",
        metrics,
        {name: paired_test(table[ours], table[name]) for name in others},
        facts,
        quality={"n_test": n_people, "outcomes": share.tolist()},
        details=details,
    )


def _table(
    system: Faces, data: People, on_progress: ShareCallback
) -> dict[str, Floats]:
    """Each person's share of correct answers over ten splits, method by method."""
    images, people = data.images, data.people
    correct = {name: np.zeros(len(people)) for name in METHODS}
    times = np.zeros(len(people))
    for split in range(N_SPLITS):
        known = enrolment(people, system.random_state + split)
        times += ~known
        for name, recognise in METHODS.items():
            found = recognise(images[known], people[known], images[~known])
            correct[name][~known] += found == people[~known]
        on_progress((split + 1) / N_SPLITS)
    each = [people == name for name in np.unique(people)]
    return {
        method: np.array([sums[mine].sum() / times[mine].sum() for mine in each])
        for method, sums in correct.items()
    }


@dataclass(frozen=True)
class Apart:
    """What was measured on people who were left out."""

    threshold: float
    same: Floats  # cosines of pairs of one person
    different: Floats  # cosines of pairs of two people
    shares: dict[str, Floats]  # one outcome a person


def apart_from(system: Faces, data: People, out: Array, inside: Array) -> Apart:
    """Learn from some people, and meet the others as strangers and newcomers."""
    images, people = data.images, data.people
    known = inside & enrolment(people, system.random_state)
    fresh = Faces(system.false_accepts, system.strangers, system.random_state)
    fresh.fit_enrolled(replace(data, images=images[known], people=people[known]))
    same, different = pairs(fresh.describe_for_pairs(images[out]), people[out])
    met = fresh.classify(images[out])
    friends = fresh.classify(images[inside & ~known])
    correct = friends.known & (friends.labels == people[inside & ~known])
    queries = out.copy()
    for name in np.unique(people[out]):
        rows = np.flatnonzero(people == name)[:2]
        queries[rows] = False
        fresh.enrol(images[rows], name)
    newcomers = fresh.classify(images[queries])
    accepted, refused = different >= fresh.threshold_, same < fresh.threshold_
    who = people[out]
    first, second = np.triu_indices(len(who), 1)
    one = who[first] == who[second]
    # A pair of two people counts for both.
    far = [
        accepted[(who[first[~one]] == n) | (who[second[~one]] == n)].mean()
        for n in np.unique(who)
    ]
    return Apart(
        fresh.threshold_,
        same,
        different,
        {
            "false_accepts_of_pairs": np.array(far),
            "false_rejects_of_pairs": by_person(refused, who[first[one]]),
            "strangers_refused": by_person(~met.known, who),
            "known_accepted_and_right": by_person(correct, people[inside & ~known]),
            "newcomers_right_from_two_pictures": by_person(
                newcomers.labels == people[queries], people[queries]
            ),
        },
    )


def by_person(outcomes: Array, people: Array) -> Floats:
    """Mean outcome of each person."""
    return np.array([outcomes[people == n].mean() for n in np.unique(people)])
