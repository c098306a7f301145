"""Search of texts: an inverted index that is exact and changes while it answers."""

from lookalike.search.terms.analysis import Analysis
from lookalike.search.terms.index import TextIndex
from lookalike.search.terms.snapshot import Reason
from lookalike.search.terms.snippets import Snippet

__all__ = ["Analysis", "Reason", "Snippet", "TextIndex"]
