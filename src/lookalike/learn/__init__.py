"""Estimators: classifiers, regressors, clustering and embeddings, one a file."""

from lookalike.learn._linear import row_for_each_class
from lookalike.learn.attribute_composed import AttributeComposedClassifier
from lookalike.learn.convnet import ConvNetClassifier
from lookalike.learn.decision_tree import DecisionTreeClassifier, DecisionTreeRegressor
from lookalike.learn.discriminant import LinearDiscriminantAnalysis
from lookalike.learn.kmeans import KMeans
from lookalike.learn.kmedians import KMedians
from lookalike.learn.linear_chain import LinearChainCRF
from lookalike.learn.linear_regression import LinearRegression
from lookalike.learn.linear_regression_gd import LinearRegressionGD
from lookalike.learn.linear_svc import LinearSVC
from lookalike.learn.logistic_regression import LogisticRegression
from lookalike.learn.mini_batch_kmeans import MiniBatchKMeans
from lookalike.learn.mlp_classifier import MLPClassifier
from lookalike.learn.mlp_regressor import MLPRegressor
from lookalike.learn.nca import NeighbourhoodComponents
from lookalike.learn.neighbors import KNeighborsClassifier
from lookalike.learn.neighbors_regressor import KNeighborsRegressor
from lookalike.learn.paired_towers import PairedTowers
from lookalike.learn.pca import PCA
from lookalike.learn.perceptron import Perceptron
from lookalike.learn.ridge import Ridge
from lookalike.learn.svc import SVC
from lookalike.learn.tree_export import export_text, plot_tree
from lookalike.learn.triplet import TripletEmbedding, draw_triplets
from lookalike.learn.word_window import WordWindowClassifier

__all__ = [
    "PCA",
    "SVC",
    "AttributeComposedClassifier",
    "ConvNetClassifier",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "KMeans",
    "KMedians",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "LinearChainCRF",
    "LinearDiscriminantAnalysis",
    "LinearRegression",
    "LinearRegressionGD",
    "LinearSVC",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "MiniBatchKMeans",
    "NeighbourhoodComponents",
    "PairedTowers",
    "Perceptron",
    "Ridge",
    "TripletEmbedding",
    "WordWindowClassifier",
    "draw_triplets",
    "export_text",
    "plot_tree",
    "row_for_each_class",
]
