"""Every public estimator keeps scikit-learn's conventions: one battery over all.

Estimators are found, not listed: a new one is tried with its defaults unless VARIANTS
names better ones. A check that cannot hold stands in ``exclusions`` with its reason.
"""

import pickle
import pkgutil
import warnings
from importlib import import_module
from inspect import getmembers, isclass

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.naive_bayes import GaussianNB
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

import lookalike.features
from lookalike import learn, search
from lookalike.features import table, text

# Some checks set max_iter to a few, which a model rightly warns of.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def public_estimators(room):
    """Estimators that the public modules below a package define."""
    package = import_module(f"{lookalike.__name__}.{room}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if "._" in module.name:
            continue
        for name, kind in getmembers(import_module(module.name), isclass):
            mine = kind.__module__ == module.name and not name.startswith("_")
            if mine and issubclass(kind, BaseEstimator):
                yield kind


ESTIMATORS = [
    kind for room in ("features", "learn", "search") for kind in public_estimators(room)
]
# Short trainings, and the ways of an estimator that share little code.
VARIANTS = {
    "AttributeComposedClassifier": [{}, {"estimator": GaussianNB()}],
    "ConvNetClassifier": [
        {"channels": (4,), "max_iter": 20, "learning_rate_init": 0.03},
        {
            "channels": (),
            "hidden_layer_sizes": (20,),
            "dropout": 0.1,
            "max_iter": 20,
            "learning_rate_init": 0.02,
        },
    ],
    "ContrastiveEmbedding": [
        {
            "n_components": 8,
            "channels": (4, 8),
            "max_iter": 1,
            "batch_size": 32,
            "random_state": 0,
        }
    ],
    "ConvolutionalClassifier": [
        {
            "channels": (4,),
            "max_iter": 20,
            "batch_size": 32,
            "shift": 0,
            "crop": 0,
            "mirror": False,
            "random_state": 0,
        }
    ],
    "ConvolutionalEmbedding": [
        {
            "n_components": 16,
            "channels": (8, 8, 16),
            "max_iter": 1,
            "batch_size": 32,
            "random_state": 0,
        }
    ],
    "DecisionTreeClassifier": [
        {},
        {"criterion": "entropy", "max_features": "sqrt"},
        {"max_leaf_nodes": 5, "ccp_alpha": 0.01},
    ],
    "DecisionTreeRegressor": [{}, {"max_leaf_nodes": 40, "max_features": 0.5}],
    "KMeans": [
        {"n_clusters": 2, "max_iter": 5},
        {"n_clusters": 2, "init": "random", "n_init": 2},
    ],
    "KMedians": [{"n_clusters": 2, "n_init": 2}],
    "KNeighborsClassifier": [
        *({}, {"weights": "distance"}, {"metric": "chebyshev"}),
        {"metric": "nan_euclidean"},
    ],
    "KNeighborsRegressor": [{}, {"weights": "distance"}],
    "LinearDiscriminantAnalysis": [{}, {"solver": "eigen", "shrinkage": "auto"}],
    "LinearRegression": [{}, {"positive": True}],
    "LinearRegressionGD": [{}, {"batch_size": 8}],
    "LinearSVC": [
        {"dual": False},
        {"dual": True},
        {"loss": "hinge"},
        {"penalty": "l1"},
        {"solver": "pegasos"},
    ],
    "LogisticRegression": [
        *({"solver": s} for s in ("lbfgs", "newton-cholesky", "newton-cg")),
        *({"solver": s} for s in ("saga", "gd", "sgd")),
        {"multi_class": "ovr"},
    ],
    "MLPClassifier": [
        {"max_iter": 100},
        {"solver": "lbfgs", "hidden_layer_sizes": 10},
    ],
    "MLPRegressor": [
        {"max_iter": 100},
        {"solver": "lbfgs", "hidden_layer_sizes": 10},
    ],
    "MiniBatchKMeans": [
        {"n_clusters": 2, "n_init": 2, "max_iter": 5, "batch_size": 10}
    ],
    "NeighbourhoodComponents": [
        {"max_iter": 2},
        {"max_iter": 2, "objective": "accuracy", "batch_size": 8},
    ],
    "PCA": [
        {},
        {"n_components": 1, "svd_solver": "randomized", "random_state": 0},
    ],
    "Perceptron": [{}, {"penalty": "l1"}],
    "Ridge": [{}, {"solver": "svd"}, {"solver": "sparse_cg"}, {"positive": True}],
    "SVC": [{}, {"kernel": "linear"}, {"kernel": "precomputed"}],
    "TripletEmbedding": [
        {"max_iter": 2, "random_state": 0},
        {
            "max_iter": 2,
            "positives": "random",
            "negatives": "random",
            "init": "gradient",
        },
    ],
    "GradientHistogram": [
        {
            "pixels_per_cell": (1, 1),
            "cells_per_block": (1, 1),
            "image_shape": "line",
        }
    ],
    "LocalBinaryPattern": [
        {"image_shape": "line"},
        {"P": 4, "method": "riu2", "normalize": False, "image_shape": "line"},
    ],
    "ApproximateNeighbors": [{"n_neighbors": 1}],
    "LSH": [{"n_neighbors": 1, "random_state": 0}],
    "NearestNeighbors": [{"n_neighbors": 1}, {"metric": "precomputed"}],
    "ProductQuantisation": [{"n_neighbors": 1}],
    "Bucketiser": [{}, {"missing": "bucket"}],
    "ClassCountEncoder": [{"random_state": 0}],
    "HashedCrosses": [{"n_features": 64}],
}

TEXTS = {
    text.BytePairTokeniser,
    text.CountVectorizer,
    text.HashingVectorizer,
    text.TextNormaliser,
    text.TfidfVectorizer,
    text.Vocabulary,
    text.Word2Vec,
    learn.LinearChainCRF,
    learn.WordWindowClassifier,
}
"""They read texts: no check that makes numbers for them can run."""

BY_ROW = "rows are drawn: one of weight two is not drawn like two of weight one"
OWN_ROW = "a training row does not see itself: fit_transform is not fit, transform"


def exclusions(estimator):
    """Checks that cannot hold, with the reason."""
    kind, found = type(estimator), {}
    if by_row(estimator):
        found |= {f"check_sample_weight_equivalence_on_{x}_data": BY_ROW for x in DATA}
    if kind is learn.SVC and estimator.kernel == "rbf":
        reason = "gamma='scale' sees repeated rows, not weights, as in scikit-learn"
        found |= {f"check_sample_weight_equivalence_on_{x}_data": reason for x in DATA}
    if kind in (
        table.CountEncoder,
        table.ClassCountEncoder,
        table.OrderedTargetEncoder,
    ):
        found["check_transformer_general"] = OWN_ROW
        found["check_transformer_data_not_an_array"] = OWN_ROW
    return found


DATA = "dense", "sparse"


def by_row(estimator):
    """Whether rows, or a start, are drawn by chance whatever their weight."""
    kind = type(estimator)
    if kind is learn.LogisticRegression:
        return estimator.solver == "saga"
    if kind is learn.LinearSVC:
        stochastic = estimator.solver == "pegasos" or estimator.loss == "hinge"
        return stochastic or estimator.dual is True
    if kind is learn.LinearRegressionGD:
        return estimator.batch_size is not None
    drawn = learn.KMeans, learn.KMedians, learn.MiniBatchKMeans, learn.Perceptron
    return kind in drawn


def instances(kinds):
    """Each estimator in each of its variants."""
    for kind in kinds:
        for parameters in VARIANTS.get(kind.__name__, [{}]):
            yield kind(**parameters)


@parametrize_with_checks(
    list(instances(kind for kind in ESTIMATORS if kind not in TEXTS)),
    expected_failed_checks=exclusions,
    xfail_strict=True,
)
def test_follows_scikit_learn_conventions(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_set_params,
        estimator_checks.check_valid_tag_types,
    ],
    ids=lambda check: check.__name__,
)
@pytest.mark.parametrize("kind", sorted(TEXTS, key=lambda kind: kind.__name__))
def test_readers_of_texts_follow_what_needs_no_numbers(kind, check):
    check(kind.__name__, kind())


def test_every_public_estimator_is_found():
    for package in (lookalike.features, learn, search, table, text):
        names = {getattr(package, name) for name in package.__all__}
        kinds = {kind for kind in names if isclass(kind)}
        assert {k for k in kinds if issubclass(k, BaseEstimator)} <= set(ESTIMATORS)
    assert set(ESTIMATORS) >= TEXTS


def test_readers_of_texts_say_that_they_take_no_table():
    for kind in TEXTS:
        assert not get_tags(kind()).input_tags.two_d_array


def again(model):
    """The model pickled, its arrays read-only and 8 bytes after the start of a page."""
    buffers = []
    data = pickle.dumps(model, protocol=5, buffer_callback=buffers.append)
    placed = []
    for buffer in buffers:
        values = np.frombuffer(buffer.raw(), np.uint8)
        raw = np.zeros(values.size + 8192, np.uint8)
        start = -raw.ctypes.data % 4096 + 8
        raw[start : start + values.size] = values
        raw.flags.writeable = False
        placed.append(raw[start : start + values.size])
    return pickle.loads(data, buffers=placed)


ASKED = "predict", "predict_proba", "transform", "kneighbors"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "kind", [k for k in ESTIMATORS if k not in TEXTS], ids=lambda kind: kind.__name__
)
def test_neither_the_callers_arrays_nor_other_memory_change_an_answer(kind, dtype):
    rng = np.random.default_rng(0)
    X, y = rng.random((90, 16)).astype(dtype), np.arange(90) % 2
    Q = X[:20].copy()
    model = next(instances([kind]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    methods = [name for name in ASKED if hasattr(model, name)]
    answers = {name: getattr(model, name)(Q) for name in methods}
    X[:], y[:] = 7, 1
    for one in (model, again(model)):
        for name, expected in answers.items():
            found = getattr(one, name)(Q)
            if sparse.issparse(expected):
                found, expected = found.toarray(), expected.toarray()
            np.testing.assert_equal(found, expected, err_msg=name)
