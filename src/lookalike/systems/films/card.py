"""The card of films: nine steps, with the numbers that were measured."""

from collections.abc import Mapping
from typing import Any

from lookalike.core.card import Card, card_of
from lookalike.systems._recommender import card as shared

Facts = Mapping[str, Any]


def films_card(about: Facts) -> Card:
    """Return the card of a fitted system; ``about`` is what its generation says."""
    tell = (
        *(_problem, _metrics, shared.architecture, _data, _features),
        *(shared.model, shared.service, shared.online, shared.scaling),
    )
    return card_of("Films", tell, about)


def _problem(facts: Facts) -> list[str]:
    return [
        "Somebody has rated films. Put those first that they will watch next and like.",
        "What is watched next is not what was watched most: taste drifts, and the "
        "latest ratings say more than the first.",
    ]


def _metrics(facts: Facts) -> list[str]:
    return shared.metrics(
        "nDCG at 10 and recall at 20, where what is to be found are the films of the "
        "person's last fifth that they rated four stars or more."
    )


def _data(facts: Facts) -> list[str]:
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}: "
        f"{facts['n_users']:,} people, {facts['n_items']:,} films, "
        f"{facts['n_known']:,} known ratings; the last fifth of each person's ratings "
        f"is hidden, {facts['n_hidden']:,} of them.",
        "Each person's own past and future are kept apart, not everybody's: most rated "
        "all their films within an hour or so, and few were there before and after "
        "any one day. What others rated later is therefore known, which flatters every "
        "method alike.",
    ]


def _features(facts: Facts) -> list[str]:
    return [
        "For each candidate: what each source thinks of it, in the scale of the "
        "person's candidates, and its place in each list; how popular the film is, "
        "also of late, its year, when and how high it is rated; how many films the "
        "person has rated, of which years, when last and how high; and the "
        "differences.",
    ]
