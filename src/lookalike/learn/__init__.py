"""Vectors to labels, clusters and better vectors: one algorithm a file."""
