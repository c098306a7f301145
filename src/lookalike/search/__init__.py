"""Search of vectors and texts: exact, approximate, and over items that change."""

from lookalike.search.approximate import ApproximateNeighbors
from lookalike.search.collection import Collection
from lookalike.search.exact import NearestNeighbors
from lookalike.search.kd_tree import KDTree
from lookalike.search.lsh import LSH
from lookalike.search.terms import Analysis, TextIndex

__all__ = [
    "LSH",
    "Analysis",
    "ApproximateNeighbors",
    "Collection",
    "KDTree",
    "NearestNeighbors",
    "TextIndex",
]
