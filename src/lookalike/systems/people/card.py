"""The card of people you may know: nine steps, with the numbers that were measured."""

from collections.abc import Mapping
from typing import Any

from lookalike.core.card import NOT_YET, Card, arm_size, card_of, measured_numbers
from lookalike.systems.people.features import BLOCK, NAMES

Facts = Mapping[str, Any]


def people_card(about: Facts) -> Card:
    """Return the card of a fitted system; ``about`` is what its generation says."""
    tell = (
        *(_problem, _metrics, _architecture, _data, _features),
        *(_model, _service, _online, _scaling),
    )
    return card_of("People you may know", tell, about)


def _problem(facts: Facts) -> list[str]:
    return [
        "Somebody has joined a network and knows more of its people than they have "
        "found. Suggest those they know, best first.",
        "A suggestion tells somebody that two others may know each other: show only "
        "what the person could see anyway, and leave out who has blocked whom before "
        "anything is scored.",
    ]


def _metrics(facts: Facts) -> list[str]:
    return [
        "Offline: hit rate at 10, the share of people with a hidden friend among their "
        "first ten suggestions; recall and nDCG at 10, where the person is the unit of "
        "chance; AUC, the chance that a hidden friendship scores above a random pair "
        "of strangers. Intervals are 95% bootstrap intervals.",
        "Online: accepted requests for each person who saw suggestions, and requests "
        "that were declined or reported, which must not rise.",
    ]


def _architecture(facts: Facts) -> list[str]:
    n = facts["configuration"]["n_candidates"]
    return [
        f"friendships -> friends of friends by one sparse product -> the {n} best by "
        f"Adamic-Adar -> {len(NAMES)} features -> a ranker -> suggestions, with the "
        "shared friends as the reason.",
        "Whoever has too few friends of friends gets the people with the most friends "
        "after them, and the answer says so.",
    ]


def _data(facts: Facts) -> list[str]:
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}: "
        f"{facts['n_people']:,} people, {facts['n_known']:,} known friendships, "
        f"{facts.get('n_hidden', NOT_YET)} hidden at random to test on. The ranker "
        f"learned from {facts['n_lessons']:,} candidates of three further hidings, "
        "within the known ones.",
        "There are no times in the data, so what is hidden is drawn at random: real "
        "friendships of tomorrow close fewer triangles than these.",
    ]


def _features(facts: Facts) -> list[str]:
    return [
        "Shared friends, Jaccard, Adamic-Adar, resource allocation; the chance to meet "
        "on random walks of four steps, there and back, and of six and twelve; paths "
        "of three steps, damped in two ways; products of the two places in the graph's "
        "spectrum, weighted in three ways, and their angle: each also as its distance "
        "from the person's best. Besides, the candidate's place, how many friends and "
        "candidates there are, and how many friends of either know each other.",
    ]


def _model(facts: Facts) -> list[str]:
    return [
        "Logistic regression on the features; the hidden friends of each person add up "
        "to one, so that who has hundreds does not decide for all.",
        *measured_numbers(facts),
    ]


def _service(facts: Facts) -> list[str]:
    return [
        "One person's suggestions take "
        f"{facts.get('milliseconds_per_answer', NOT_YET)} ms (median, one at a time, "
        "on the machine that evaluated it); all friends of friends take "
        f"{facts.get('seconds_for_all_candidates', NOT_YET)} s, so "
        "everybody's lists are made again in the background and looked up.",
    ]


def _online(facts: Facts) -> list[str]:
    rate = facts["metrics"].get("hit_rate_at_10", {}).get("value")
    size = NOT_YET if rate is None else arm_size(rate, 0.01)
    return [
        "People influence each other: who is suggested to one half changes what the "
        "other half sees. Draw whole communities for each half, not single people. A "
        f"difference of one point of the hit rate needs {size}, were they independent."
    ]


def _scaling(facts: Facts) -> list[str]:
    return [
        "Candidates cost the friends of one's friends, so people with very many "
        "friends decide the time; their part of the product can be left out, as a "
        "shared friend with ten thousand friends says nothing. Walks need memory for "
        f"each person in work, {BLOCK} at a time.",
        "Watch the share of people without candidates, and how often the same few "
        "people are suggested. A new friendship is in the next batch.",
    ]
