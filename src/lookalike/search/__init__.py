"""Vectors to neighbours."""

from lookalike.search.exact import NearestNeighbors

__all__ = ["NearestNeighbors"]
