"""Search of vectors: exact, approximate, and over items that change."""

from lookalike.search.approximate import ApproximateNeighbors
from lookalike.search.collection import Collection
from lookalike.search.exact import NearestNeighbors
from lookalike.search.kd_tree import KDTree
from lookalike.search.lsh import LSH

__all__ = ["LSH", "ApproximateNeighbors", "Collection", "KDTree", "NearestNeighbors"]
