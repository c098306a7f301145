"""Multi-layer networks: the same steps as scikit-learn's, and what is ours beside."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_array, csr_array
from sklearn import neural_network as peer
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from lookalike.learn import MLPClassifier, MLPRegressor
from lookalike.learn._training import Samples


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:330] / 16, y[:330]


def few_epochs(kind, **options):
    """Ours and scikit-learn's with the same parameters."""
    options = {"hidden_layer_sizes": (9, 7), "max_iter": 4, "random_state": 3} | options
    ours = {"classifier": MLPClassifier, "regressor": MLPRegressor}[kind]
    theirs = {"classifier": peer.MLPClassifier, "regressor": peer.MLPRegressor}[kind]
    return ours(**options), theirs(**options)


@pytest.fixture
def unfinished():
    """A few epochs are not enough to converge, and both say so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def assert_same_network(ours, theirs, rtol=1e-7):
    assert len(ours.coefs_) == len(theirs.coefs_)
    for mine, reference in zip(ours.coefs_, theirs.coefs_, strict=True):
        assert_allclose(mine, reference, rtol=rtol, atol=rtol)
    for mine, reference in zip(ours.intercepts_, theirs.intercepts_, strict=True):
        assert_allclose(mine, reference, rtol=rtol, atol=rtol)
    assert_allclose(ours.loss_, theirs.loss_, rtol=rtol)
    for name in ("n_iter_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(ours, name) == getattr(theirs, name), name


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_two_layers_learn_the_exclusive_or_of_the_source(activation):
    X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]
    model = MLPClassifier(8, activation, solver="lbfgs", random_state=0).fit(X, y)
    assert_array_equal(model.predict(X), [0, 1, 1, 0])


OPTIONS = {
    "defaults": {},
    "one layer": {"hidden_layer_sizes": 5},
    "deep": {"hidden_layer_sizes": [8, 7, 6, 5]},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "tanh": {"activation": "tanh"},
    "logistic": {"activation": "logistic"},
    "identity": {"activation": "identity"},
    "penalty": {"alpha": 2.0},
    "batches": {"batch_size": 32},
    "no shuffle": {"shuffle": False, "batch_size": 50},
    "adam": {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1, "learning_rate_init": 0.01},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "sgd momentum": {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False},
    "sgd invscaling": {
        "solver": "sgd",
        "learning_rate": "invscaling",
        "learning_rate_init": 0.5,
        "power_t": 0.3,
    },
    "adam ignores decay": {"learning_rate": "invscaling"},
    "sgd adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "tol": 0.3,
        "n_iter_no_change": 1,
        "max_iter": 15,
    },
    "stops by itself": {"tol": 0.5, "n_iter_no_change": 2, "max_iter": 30},
    "early stopping": {
        "early_stopping": True,
        "validation_fraction": 0.3,
        "n_iter_no_change": 2,
        "max_iter": 30,
        "learning_rate_init": 0.03,
    },
    "lbfgs": {"solver": "lbfgs", "max_iter": 8, "alpha": 0.1, "activation": "tanh"},
    "lbfgs few calls": {"solver": "lbfgs", "max_fun": 3},
}


@pytest.mark.usefixtures("unfinished")
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("problem", ["two", "ten", "indicators", "numbers", "counts"])
@pytest.mark.parametrize("name", OPTIONS)
def test_takes_the_same_steps_as_scikit_learn(digits, name, problem, weighted):
    X, y = digits
    target, extra = {
        "two": (np.where(y > 4, "high", "low"), {}),
        "ten": (y, {}),
        "indicators": (np.column_stack([y > 4, y % 2, y % 3 == 0]).astype(int), {}),
        "numbers": (y.astype(float), {}),
        "counts": (y, {"loss": "poisson"}),
    }[problem]
    kind = "regressor" if problem in ("numbers", "counts") else "classifier"
    weight = np.random.default_rng(0).integers(1, 4, len(y)) if weighted else None
    ours, theirs = few_epochs(kind, **(OPTIONS[name] | extra))
    ours.fit(X, target, weight)
    theirs.fit(X, target, weight)
    assert_same_network(ours, theirs, rtol=1e-6)
    if kind == "regressor":
        assert_allclose(ours.predict(X[:50]), theirs.predict(X[:50]), rtol=1e-6)
    else:
        assert_array_equal(ours.predict(X[:50]), theirs.predict(X[:50]))
    if ours.solver != "lbfgs":
        assert_allclose(ours.loss_curve_, theirs.loss_curve_)
        assert ours.t_ == theirs.t_
        assert ours.best_loss_ == pytest.approx(theirs.best_loss_)
        if ours.early_stopping:
            assert_allclose(ours.validation_scores_, theirs.validation_scores_)
            assert_allclose(ours.best_validation_score_, theirs.best_validation_score_)
    if kind == "classifier":
        assert_array_equal(ours.classes_, theirs.classes_)
        proba = theirs.predict_proba(X[:50])
        assert_allclose(ours.predict_proba(X[:50]), proba, atol=1e-6)
        assert_allclose(np.exp(ours.predict_log_proba(X[:50])), proba, atol=1e-6)


@pytest.mark.usefixtures("unfinished")
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_single_precision_stays_single_and_close_to_scikit_learn(digits, kind):
    X, y = digits[0].astype(np.float32), digits[1]
    for options in ({}, {"solver": "lbfgs", "activation": "tanh"}):
        ours, theirs = few_epochs(kind, **options)
        ours.fit(X, y)
        theirs.fit(X, y)
        arrays = ours.coefs_ + ours.intercepts_
        assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
        assert_same_network(ours, theirs, rtol=1e-4)
        answer = ours.predict_proba(X) if kind == "classifier" else ours.predict(X)
        assert answer.dtype == np.float32


@pytest.mark.usefixtures("unfinished")
@pytest.mark.parametrize("make", [csr_array, csc_array])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_input_gives_the_same_network(digits, make, solver):
    X, y = digits
    dense, _ = few_epochs("classifier", solver=solver, activation="tanh")
    sparse = clone(dense).fit(make(X), y)
    dense.fit(X, y)
    for one, other in zip(dense.coefs_, sparse.coefs_, strict=True):
        assert_allclose(one, other, atol=1e-8)
    assert_allclose(dense.predict_proba(X), sparse.predict_proba(make(X)), atol=1e-7)


@pytest.mark.parametrize("weighted", [False, True])
def test_partial_fit_takes_the_same_steps_as_scikit_learn(digits, weighted):
    X, y = digits
    weight = np.random.default_rng(0).random(len(y)) if weighted else np.ones(len(y))
    for solver in ("adam", "sgd"):
        ours, theirs = few_epochs("classifier", solver=solver, batch_size=20)
        for part in (slice(0, 50), slice(50, 200), slice(200, 330)):
            for model in (ours, theirs):
                model.partial_fit(X[part], y[part], weight[part], classes=range(10))
        assert_same_network(ours, theirs)
        assert_allclose(ours.loss_curve_, theirs.loss_curve_)
        assert ours.t_ == theirs.t_ == 330


def test_partial_fit_of_numbers_takes_the_same_steps_as_scikit_learn(digits):
    X, y = digits
    ours, theirs = few_epochs("regressor", batch_size=20)
    for part in (slice(0, 50), slice(50, 330)):
        ours.partial_fit(X[part], y[part])
        theirs.partial_fit(X[part], y[part])
    assert_same_network(ours, theirs)


@pytest.mark.usefixtures("unfinished")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_warm_start_goes_on_as_in_scikit_learn(digits, kind, solver):
    X, y = digits
    options = {"warm_start": True, "solver": solver, "activation": "tanh"}
    ours, theirs = few_epochs(kind, **options)
    for _ in range(2):
        ours.fit(X, y)
        theirs.fit(X, y)
    assert_same_network(ours, theirs)


@pytest.mark.usefixtures("unfinished")
def test_several_numbers_at_once_take_the_same_steps_as_scikit_learn(digits):
    X, y = digits
    Y = np.column_stack([y, y**2 / 10, np.cos(y)])
    ours, theirs = few_epochs("regressor")
    assert_allclose(ours.fit(X, Y).predict(X), theirs.fit(X, Y).predict(X))
    assert ours.predict(X).shape == Y.shape
    # Half of the sum of the squares, whose slope is followed; theirs is the mean.
    penalty = 0.5 * 1e-4 * sum((w**2).sum() for w in theirs.coefs_) / 300
    assert_allclose(ours.loss_, 3 * theirs.loss_, rtol=10 * penalty / theirs.loss_)


@pytest.mark.usefixtures("unfinished")
def test_samples_of_weight_zero_change_nothing_even_a_whole_batch_of_them(digits):
    X, y = digits
    model, _ = few_epochs("classifier", shuffle=False, batch_size=30)
    weight = np.r_[np.zeros(60), np.ones(270)]
    half = model.fit(X, y, weight).coefs_[0]
    assert_allclose(clone(model).fit(X[60:], y[60:]).coefs_[0], half)


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
def test_two_layers_learn_the_exclusive_or(activation):
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    model = MLPClassifier(4, activation, solver="lbfgs", alpha=0, random_state=1)
    assert_array_equal(model.fit(X, y).predict(X), [0, 1, 1, 0])
    assert model.loss_ < 0.01


@pytest.mark.parametrize("solver", ["sgd", "adagrad", "rmsprop", "adam"])
def test_every_solver_learns_the_exclusive_or(solver):
    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), [0, 1, 1, 0]
    rate = {"sgd": 0.3, "adagrad": 0.3, "rmsprop": 0.02, "adam": 0.05}[solver]
    model = MLPClassifier(
        (8,), "tanh", solver=solver, learning_rate_init=rate, random_state=0, alpha=0
    )
    model.set_params(max_iter=1000, tol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    assert_array_equal(model.predict(X), y)
    assert model.loss_ < 0.1


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
def test_the_objective_has_the_slope_it_reports(digits, kind, l1_ratio):
    X, y = digits[0][:40, 18:30], digits[1][:40] % 3
    weight = np.random.default_rng(0).random(40)
    model = kind(hidden_layer_sizes=(5, 4), activation="tanh", solver="lbfgs")
    model.set_params(alpha=3.0, l1_ratio=l1_ratio, max_iter=30, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y, weight)
    network = model._network()
    target = y if kind is MLPClassifier else y[:, None].astype(float)
    samples = Samples(X, target, weight)
    value = model._objective(network, samples)
    assert_allclose(value, model.loss_)
    slopes = [g.copy() for g in network.gradients]
    penalty = sum(
        l1_ratio * abs(w).sum() + (1 - l1_ratio) / 2 * (w**2).sum()
        for w in model.coefs_
    )
    model.set_params(alpha=0.0)
    plain = model._objective(network, samples)
    assert_allclose(value - plain, 3.0 / weight.sum() * penalty)
    model.set_params(alpha=3.0)
    for parameter, slope in zip(network.parameters, slopes, strict=True):
        for index in list(np.ndindex(parameter.shape))[:6]:
            kept = parameter[index]
            parameter[index] = kept + 1e-6
            above = model._objective(network, samples)
            parameter[index] = kept - 1e-6
            below = model._objective(network, samples)
            parameter[index] = kept
            assert_allclose((above - below) / 2e-6, slope[index], rtol=1e-5, atol=1e-8)


def test_absolute_values_in_the_penalty_empty_the_inputs_that_do_not_matter():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 6))
    y = 2 * X[:, 0] - X[:, 1] + rng.standard_normal(60)
    model = MLPRegressor(hidden_layer_sizes=(4,), alpha=20.0, random_state=0)
    model.set_params(learning_rate_init=0.01, max_iter=300, tol=0)
    sizes = {}
    for l1_ratio in (0.0, 1.0):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.set_params(l1_ratio=l1_ratio).fit(X, y)
        sizes[l1_ratio] = abs(model.coefs_[0]).max(axis=1)
    assert sizes[1.0][2:].max() < 0.01 < sizes[0.0][2:].min()
    assert sizes[1.0][:2].min() > 0.3


@pytest.mark.parametrize("weight_init", ["he", "xavier"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_starts_by_name_have_their_variance_and_no_bias(kind, weight_init):
    X, y = np.zeros((4, 500)), [0, 1, 0, 1]
    model = kind(hidden_layer_sizes=(300,), weight_init=weight_init, random_state=0)
    model.set_params(learning_rate_init=1e-12, max_iter=1, shuffle=False)
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        model.fit(X, y)
    fans = 500 if weight_init == "he" else 800
    assert_allclose(model.coefs_[0].var() * fans, 2, rtol=0.02)
    assert_allclose(model.intercepts_[0], 0, atol=1e-10)


@pytest.mark.usefixtures("unfinished")
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_dropout_silences_hidden_units_in_training_only(digits, kind):
    X, y = digits
    model, _ = few_epochs(kind, hidden_layer_sizes=(50, 40))
    model.set_params(dropout=0.5)
    layers = model.fit(X, y)._network(0.5, np.random.RandomState(0)).layers
    kinds = [type(layer).__name__ for layer in layers]
    assert kinds == ["Dense", "ReLU", "Dropout", "Dense", "ReLU", "Dropout", "Dense"]
    assert "Dropout" not in [type(layer).__name__ for layer in model._network().layers]
    assert_array_equal(model.predict(X), model.predict(X))
    plain = clone(model).set_params(dropout=0.0).fit(X, y)
    assert plain.loss_ < model.loss_
    again = clone(model).fit(X, y)
    assert_array_equal(again.coefs_[0], model.coefs_[0])


@pytest.mark.usefixtures("unfinished")
@pytest.mark.parametrize("solver", ["sgd", "adagrad", "rmsprop"])
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_a_decaying_rate_follows_its_formula(digits, kind, solver):
    X, y = digits
    model, _ = few_epochs(kind, solver=solver, learning_rate="invscaling")
    model.set_params(learning_rate_init=0.2, power_t=0.4).fit(X, y)
    assert_allclose(model._optimizer.learning_rate, 0.2 / (4 * len(y) + 1) ** 0.4)


@pytest.mark.usefixtures("unfinished")
def test_early_stopping_keeps_the_best_weights_not_the_last(digits):
    X, y = digits
    model, _ = few_epochs("classifier", early_stopping=True, max_iter=60)
    model.set_params(learning_rate_init=0.3, n_iter_no_change=5, random_state=1)
    model.fit(X, y)
    scores = model.validation_scores_
    assert scores[-1] < max(scores) == model.best_validation_score_
    assert model.best_loss_ is None


def test_one_class_is_predicted_with_probability_one():
    model = MLPClassifier(3, solver="lbfgs", random_state=0)
    model.fit([[0.0], [1.0]], ["only", "only"])
    assert_array_equal(model.predict([[5.0]]), ["only"])
    assert model.predict_proba([[5.0]]).shape == (1, 1)


def test_extreme_inputs_give_probabilities_not_nan():
    X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 2, 2]
    model = MLPClassifier(5, solver="lbfgs", random_state=0).fit(X, y)
    far = model.predict_proba([[1e8], [-1e8]])
    assert_allclose(far.sum(axis=1), 1)
    assert (model.predict_log_proba([[1e8]]) <= 0).all()


@pytest.mark.usefixtures("unfinished")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_unscaled_columns_of_single_precision_give_numbers_or_a_sentence(kind, solver):
    rng = np.random.default_rng(0)
    spreads = 10.0 ** np.arange(-4, 5)
    X = (spreads * (rng.normal(size=(90, 9)) + 1e3)).astype(np.float32)
    y = rng.integers(3, size=90)
    model = kind(hidden_layer_sizes=8, solver=solver, max_iter=10, random_state=0)
    if kind is MLPRegressor and solver == "sgd":
        with pytest.raises(
            ValueError, match="the loss or the weights grew without bounds: scale"
        ):
            model.fit(X, y)
    else:
        answer = getattr(model.fit(X, y), "predict_proba", model.predict)(X)
        assert np.isfinite(answer).all()


def test_verbose_prints_every_epoch(capsys):
    X, y = np.arange(40.0)[:, None] / 40, np.repeat([0, 1], 20)
    model = MLPClassifier(3, verbose=True, max_iter=2, random_state=0, tol=0)
    with pytest.warns(ConvergenceWarning, match="Stopped at max_iter=2"):
        model.set_params(early_stopping=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("Iteration 2, loss = 0.")
    assert lines[3].startswith("Validation score: ")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_layer_sizes": 0}, "hidden_layer_sizes must be whole numbers above 0"),
        ({"hidden_layer_sizes": (3, 1.5)}, r"above 0, got \(3, 1.5\)"),
        ({"activation": "swish"}, "activation must be one of .* got 'swish'"),
        ({"solver": "newton"}, "solver must be one of .* got 'newton'"),
        ({"learning_rate": "cosine"}, "learning_rate must be one of .* got 'cosine'"),
        ({"weight_init": "zeros"}, "weight_init must be one of .* got 'zeros'"),
        ({"alpha": -1}, "alpha must be a number of at least 0, got -1"),
        ({"alpha": "much"}, "alpha must be a number of at least 0, got 'much'"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        (
            {"batch_size": 2.5},
            "batch_size must be a whole number .*, got 2.5",
        ),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1, got 0"),
        ({"max_fun": 0}, "max_fun must be a whole number of at least 1, got 0"),
        (
            {"n_iter_no_change": 0},
            "n_iter_no_change must be a whole number of at least",
        ),
        ({"learning_rate_init": 0}, "learning_rate_init must be a number above 0"),
        ({"epsilon": 0.0}, "epsilon must be a number above 0, got 0.0"),
        ({"power_t": -0.1}, "power_t must be a number of at least 0, got -0.1"),
        ({"tol": -1}, "tol must be a number of at least 0, got -1"),
        ({"momentum": 1.5}, r"momentum must be a number in \[0, 1\], got 1.5"),
        ({"l1_ratio": 1.5}, r"l1_ratio must be a number in \[0, 1\], got 1.5"),
        ({"beta_1": 1.0}, r"beta_1 must be a number in \[0, 1\), got 1.0"),
        ({"beta_2": 1.0}, r"beta_2 must be a number in \[0, 1\), got 1.0"),
        ({"rho": 1.0}, r"rho must be a number in \[0, 1\), got 1.0"),
        ({"dropout": 1.0}, r"dropout must be a number in \[0, 1\), got 1.0"),
        ({"validation_fraction": 0.0}, r"validation_fraction must be a number in \(0"),
    ],
)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_refuses_parameters_that_mean_nothing(kind, parameters, message):
    with pytest.raises(ValueError, match=message):
        kind(**parameters).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda X, y: MLPRegressor("absolute").fit(X, y), "loss must be one of"),
        (lambda X, y: MLPRegressor("poisson").fit(X, y - 1), "needs y of at least 0"),
        (
            lambda X, y: MLPClassifier().partial_fit(X, y),
            "classes must be given at the first partial_fit",
        ),
        (
            lambda X, y: MLPClassifier().partial_fit(X, y, classes=[0, 7]),
            r"y has the labels \[1 2\], not in \[0 7\]",
        ),
        (
            lambda X, y: (
                MLPClassifier()
                .partial_fit(X, y, classes=[0, 1, 2])
                .partial_fit(X, y, classes=[0, 1, 2, 3])
            ),
            "is not what it was before",
        ),
        (
            lambda X, y: MLPClassifier(early_stopping=True).partial_fit(
                X, y, classes=[0, 1, 2]
            ),
            "partial_fit cannot set samples aside",
        ),
        (
            lambda X, y: MLPClassifier(early_stopping=True).fit(X, y),
            "leaves fewer than 2 to validate on",
        ),
        (
            lambda X, y: (
                MLPRegressor().partial_fit(X, y).partial_fit(X, np.column_stack([y, y]))
            ),
            "y has 2 outputs, but had 1 before",
        ),
        (
            lambda X, y: (
                MLPClassifier()
                .partial_fit(X, y, classes=[0, 1, 2])
                .partial_fit(X, np.eye(3, dtype=int)[y])
            ),
            "y must have as many columns",
        ),
        (lambda X, y: MLPClassifier().fit(X, y + 0.5), "Unknown label type"),
    ],
)
def test_refuses_targets_it_cannot_learn(use, message):
    with pytest.raises(ValueError, match=message):
        use(np.arange(6.0)[:, None], np.array([0, 1, 2, 0, 1, 2]))


def test_lbfgs_has_no_partial_fit():
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")
    assert hasattr(MLPRegressor(), "partial_fit")


@pytest.mark.usefixtures("unfinished")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_weights_that_grow_without_bounds_are_reported():
    X, y = np.arange(20.0)[:, None] * 1e6, np.arange(20.0) * 1e6
    model = MLPRegressor(activation="identity", solver="sgd", random_state=0)
    with pytest.raises(ValueError, match="the loss or the weights grew without bounds"):
        model.fit(X, y)


def test_lbfgs_works_in_double_on_single_precision_far_from_zero():
    rng = np.random.default_rng(0)
    X = 300 + rng.integers(-8, 9, size=(200, 4)) / 8  # exact in single precision
    y = X @ [1, 2, -1, 0.5] + 0.01 * rng.normal(size=200)
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, random_state=0)
    best = model.set_params(tol=1e-6).fit(X, y).loss_
    assert_allclose(model.fit(X.astype(np.float32), y).loss_, best, rtol=0.01)
    assert model.coefs_[0].dtype == np.float32


@pytest.mark.usefixtures("unfinished")
@pytest.mark.parametrize(
    ("parameters", "step"),
    [
        ({"solver": "adam"}, 1.0),
        ({"solver": "adagrad"}, 1.0),
        ({"solver": "rmsprop", "rho": 0.75}, 2.0),
        ({"solver": "rmsprop", "rho": 0.0}, 1.0),
    ],
)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_the_first_step_has_the_size_that_the_parameters_say(
    digits, kind, parameters, step
):
    X, y = digits
    model = kind(hidden_layer_sizes=(), max_iter=1, random_state=0)
    model.set_params(batch_size=len(y))
    model.set_params(**parameters, learning_rate_init=1e-3, epsilon=1e-12).fit(X, y)
    start = model.set_params(learning_rate_init=1e-15).coefs_[0].copy()
    moved = abs(start - model.fit(X, y).coefs_[0])
    assert_allclose(moved[X.any(axis=0)], 1e-3 * step, rtol=1e-4)


@pytest.mark.usefixtures("unfinished")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_no_number_is_reported_where_the_weights_are_finite():
    X, y = np.full((40, 3), 1e95), np.ones(40)  # L-BFGS cannot take a step
    model = MLPRegressor(hidden_layer_sizes=10, solver="lbfgs", random_state=0)
    with pytest.raises(ValueError, match="the loss or the weights grew without bounds"):
        model.fit(X, y)
