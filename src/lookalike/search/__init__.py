"""Vectors to neighbours."""

from lookalike.search.collection import Collection
from lookalike.search.exact import NearestNeighbors

__all__ = ["Collection", "NearestNeighbors"]
