"""Suggestions while one types: completions, counts of who asked, blocked phrases."""

from lookalike.search.prefix.blocked import BlockedPhrases
from lookalike.search.prefix.counts import Asked, AskedCounts
from lookalike.search.prefix.index import PrefixIndex
from lookalike.search.prefix.suggester import Suggester, Suggestion
from lookalike.search.prefix.word_model import WordModel

__all__ = [
    "Asked",
    "AskedCounts",
    "BlockedPhrases",
    "PrefixIndex",
    "Suggester",
    "Suggestion",
    "WordModel",
]
