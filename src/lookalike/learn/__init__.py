"""Vectors to labels, clusters and better vectors: one algorithm a file."""

from lookalike.learn.attribute_composed import AttributeComposedClassifier
from lookalike.learn.convnet import ConvNetClassifier
from lookalike.learn.discriminant import LinearDiscriminantAnalysis
from lookalike.learn.linear_regression import LinearRegression
from lookalike.learn.linear_regression_gd import LinearRegressionGD
from lookalike.learn.logistic_regression import LogisticRegression
from lookalike.learn.mlp_classifier import MLPClassifier
from lookalike.learn.mlp_regressor import MLPRegressor
from lookalike.learn.pca import PCA
from lookalike.learn.ridge import Ridge
from lookalike.learn.word_window import WordWindowClassifier

__all__ = [
    "PCA",
    "AttributeComposedClassifier",
    "ConvNetClassifier",
    "LinearDiscriminantAnalysis",
    "LinearRegression",
    "LinearRegressionGD",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "Ridge",
    "WordWindowClassifier",
]
