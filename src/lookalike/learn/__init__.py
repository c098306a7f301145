"""Vectors to labels, clusters and better vectors: one algorithm a file."""

from lookalike.learn.linear_regression import LinearRegression
from lookalike.learn.linear_regression_gd import LinearRegressionGD
from lookalike.learn.ridge import Ridge

__all__ = [
    "LinearRegression",
    "LinearRegressionGD",
    "Ridge",
]
