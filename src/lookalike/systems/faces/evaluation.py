"""How good faces are recognised: ten splits, pairs, strangers and newcomers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.core.verbs import Measured, Tell
from lookalike.evaluate import Estimate, bootstrap, paired_test
from lookalike.systems.faces.embedding import METHODS
from lookalike.systems.faces.system import (
    N_ENROLLED,
    Faces,
    enrolment,
    groups_of,
    pairs,
)


def faces_measured(system: Faces, images: Array, people: Array, tell: Tell) -> Measured:
    """Recognise over ten splits, beside plainer methods; meet people left out."""
    table = _table(system, images, people, lambda share: tell("recognising", share))
    tell("leaving people out", 0.7)
    apart = [
        apart_from(system, images, people, *groups)
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
    return Measured(
        f"{len(people) - N_ENROLLED * len(np.unique(people))} test pictures of "
        f"{len(np.unique(people))} people in ten splits",
        metrics,
        {name: paired_test(table[ours], table[name]) for name in others},
        {
            "same": np.concatenate([each.same for each in apart]),
            "different": np.concatenate([each.different for each in apart]),
            "thresholds": [each.threshold for each in apart],
            "images": images[~enrolment(people, system.random_state)],
            "people": people[~enrolment(people, system.random_state)],
        },
    )


def _table(
    system: Faces, images: Array, people: Array, report: Callable[[float], None]
) -> dict[str, Floats]:
    """Each person's share of right answers over ten splits, method by method."""
    names = np.unique(people)
    right = {name: np.zeros(len(people)) for name in METHODS}
    times = np.zeros(len(people))
    for split in range(10):
        known = enrolment(people, system.random_state + split)
        times += ~known
        for name, recognise in METHODS.items():
            found = recognise(images[known], people[known], images[~known])
            right[name][~known] += found == people[~known]
        report(0.07 * (split + 1))
    return {
        method: np.array(
            [sums[people == n].sum() / times[people == n].sum() for n in names]
        )
        for method, sums in right.items()
    }


@dataclass(frozen=True)
class Apart:
    """What was measured on people who were left out."""

    threshold: float
    same: Floats  # cosines of pairs of one person
    different: Floats  # cosines of pairs of two people
    shares: dict[str, Floats]  # one outcome a person


def apart_from(
    system: Faces, images: Array, people: Array, out: Array, inside: Array
) -> Apart:
    """Learn from some people, and meet the others as strangers and newcomers."""
    known = inside & enrolment(people, system.random_state)
    fresh = Faces(system.false_accepts, system.strangers, system.random_state)
    fresh._learn(images[known], people[known])
    same, different = pairs(fresh._pair_vectors(images[out]), people[out])
    met = fresh.classify(images[out])
    friends = fresh.classify(images[inside & ~known])
    right = friends.known & (friends.labels == people[inside & ~known])
    asked = out.copy()
    for name in np.unique(people[out]):
        rows = np.flatnonzero(people == name)[:2]
        asked[rows] = False
        fresh.enrol(images[rows], name)
    newcomers = fresh.classify(images[asked])
    accepted, refused = different >= fresh.threshold_, same < fresh.threshold_
    who = people[out]
    first, second = np.triu_indices(len(who), 1)
    one = who[first] == who[second]
    names = np.unique(who)
    # A pair of two people counts for both.
    far = [
        accepted[(who[first[~one]] == n) | (who[second[~one]] == n)].mean()
        for n in names
    ]
    return Apart(
        fresh.threshold_,
        same,
        different,
        {
            "false_accepts_of_pairs": np.array(far),
            "false_rejects_of_pairs": by_person(refused, who[first[one]]),
            "strangers_refused": by_person(~met.known, who),
            "known_accepted_and_right": by_person(right, people[inside & ~known]),
            "newcomers_right_from_two_pictures": by_person(
                newcomers.labels == people[asked], people[asked]
            ),
        },
    )


def by_person(outcomes: Array, people: Array) -> Floats:
    """Mean outcome of each person."""
    return np.array([outcomes[people == n].mean() for n in np.unique(people)])
