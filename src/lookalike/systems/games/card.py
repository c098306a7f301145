"""The card of games: nine steps, with the numbers that were measured."""

from collections.abc import Mapping
from typing import Any

from lookalike.core.card import Card, card_of
from lookalike.systems._recommender import card as shared

Facts = Mapping[str, Any]


def games_card(about: Facts) -> Card:
    """Return the card of a fitted system; ``about`` is what its generation says."""
    tell = (
        *(_problem, _metrics, shared.architecture, _data, _features),
        *(shared.model, shared.service, shared.online, shared.scaling),
    )
    return card_of("Games", tell, about)


def _problem(facts: Facts) -> list[str]:
    return [
        "A player owns some games of a shop that has thousands. Put those first that "
        "the player will play for long.",
        "Hours are what is known: a game that was bought and never played is no "
        "praise, and one that was played for a thousand hours says more than ten "
        "that were tried.",
    ]


def _metrics(facts: Facts) -> list[str]:
    return shared.metrics(
        "nDCG at 10, in which a hidden game is worth the logarithm of its hours (and "
        "nDCG any, in which all are worth the same), and recall at 20."
    )


def _data(facts: Facts) -> list[str]:
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}: "
        f"{facts['n_users']:,} players, {facts['n_items']:,} games, "
        f"{facts['n_known']:,} known pairs and {facts['n_hidden']:,} hidden ones: a "
        "fifth of the games of each player of five games or more, drawn at random, as "
        "there are no times.",
        "Rows of one player and game are added up. Without times, tomorrow's games "
        "cannot be told from yesterday's: expect less of the numbers in use.",
    ]


def _features(facts: Facts) -> list[str]:
    return [
        "For each candidate: what each source thinks of it, in the scale of the "
        "player's candidates, and its place in each list; how popular the game is and "
        "how long it is played; how many games the player has, how popular and how "
        "long played these are; and the differences.",
    ]
