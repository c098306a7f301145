"""Classification by a multi-layer network."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from lookalike._typing import Array
from lookalike.learn._mlp import MultilayerPerceptron
from lookalike.learn._mlp_parameters import learns_by_batches
from lookalike.learn._training import Samples
from lookalike.learn.losses import LogisticLoss, Loss, SoftmaxLoss


class MLPClassifier(ClassifierMixin, MultilayerPerceptron):
    r"""Classify samples by layers of weighted sums with nonlinearities between them.

    .. math::

        h_1 = f(x W_1 + b_1), \quad \dots, \quad
        p = \text{softmax}(h_m W_{m + 1} + b_{m + 1})

    and the weights make the mean of :math:`-\log p_y` small, together with the penalty
    :math:`\frac{\alpha}{n} \left( \rho \|W\|_1 + \frac{1 - \rho}{2} \|W\|_2^2 \right)`,
    where n is the weight of the samples in the batch and :math:`\rho` is ``l1_ratio``.
    Two classes have one output and a sigmoid; so has each label of a multi-label y,
    which has a column of zeros and ones for each.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; an empty sequence is logistic regression.
    activation : {"identity", "logistic", "tanh", "relu"}, default="relu"
        The nonlinearity :math:`f` of the hidden layers.
    solver : {"lbfgs", "sgd", "adagrad", "rmsprop", "adam"}, default="adam"
        How the weights are found. "lbfgs" uses all samples at each step, which is best
        for a few thousand; the others take a step for each batch.
    alpha : float, default=0.0001
        Strength of the penalty.
    batch_size : int or "auto", default="auto"
        Samples a step; "auto" takes 200.
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        How the learning rate decays: not at all; as ``learning_rate_init / t **
        power_t`` after t samples; or divided by 5 when ``n_iter_no_change`` epochs
        bring no progress. "adam" always keeps it constant.
    learning_rate_init : float, default=0.001
        First learning rate.
    power_t : float, default=0.5
        The power of "invscaling".
    max_iter : int, default=200
        Most epochs, or most iterations of "lbfgs".
    shuffle : bool, default=True
        Take the samples in a new order in each epoch.
    random_state : int, RandomState or None, default=None
        Source of the initial weights, the order, the held-out samples and the dropout.
    tol : float, default=1e-4
        Least progress from one epoch to another; for "lbfgs", the largest
        element of the gradient at the end.
    verbose : bool, default=False
        Print the loss of each epoch.
    warm_start : bool, default=False
        Whether ``fit`` starts from the weights of the last.
    momentum : float, default=0.9
        Of "sgd", in [0, 1].
    nesterovs_momentum : bool, default=True
        Use Nesterov's momentum in "sgd".
    early_stopping : bool, default=False
        Set ``validation_fraction`` of the samples aside, stop when their accuracy has
        not grown for ``n_iter_no_change`` epochs, and keep the best weights.
    validation_fraction : float, default=0.1
        In (0, 1). Two classes keep their shares; more are drawn at random.
    beta_1, beta_2 : float, default=0.9 and 0.999
        Memory of "adam", in [0, 1).
    epsilon : float, default=1e-8
        Keeps "adagrad", "rmsprop" and "adam" from dividing by zero.
    n_iter_no_change : int, default=10
        Epochs without progress that are allowed; infinity never stops early.
    max_fun : int, default=15000
        Most evaluations of the objective by "lbfgs".
    weight_init : {"auto", "he", "xavier"}, default="auto"
        Initial weights. "auto" is Xavier's with biases drawn as well, and smaller
        by the root of three for "logistic"; "he" suits deep networks of ReLUs.
    l1_ratio : float, default=0.0
        Share of the absolute values in the penalty, in [0, 1].
    dropout : float, default=0.0
        Share of the hidden units that are dropped in each step, in [0, 1); not for
        "lbfgs".
    rho : float, default=0.9
        Memory of "rmsprop", in [0, 1).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels seen in ``fit``, sorted.
    coefs_ : list of ndarray of shape (n_inputs, n_units)
        Weights of each layer.
    intercepts_ : list of ndarray of shape (n_units,)
        Biases of each layer.
    loss_ : float
        Loss of the last epoch.
    loss_curve_ : list of float
        Loss of each epoch, penalty included; the mean over its batches at the time of
        their steps.
    best_loss_ : float or None
        Least loss of an epoch; None with early stopping.
    validation_scores_ : list of float or None
        Accuracy on the held-out samples after each epoch.
    best_validation_score_ : float or None
        The highest of them.
    n_iter_ : int
        Epochs of the last ``fit``.
    n_layers_ : int
        Layers, counting the input.
    n_outputs_ : int
        Outputs: one for two classes.
    out_activation_ : {"softmax", "logistic"}
        What turns the last sums into probabilities.
    t_ : int
        Samples seen in training.

    Notes
    -----
    With the parameters it shares with scikit-learn's class and the same
    ``random_state`` this one takes the same steps. An epoch costs six operations for
    each weight and sample. Single precision stays single.

    Scale the features, as by scikit-learn's StandardScaler: from columns of unlike
    units, or far from zero, little is learned in single and in double precision alike.
    A training that leaves the finite numbers is refused.

    References
    ----------
    .. [1] Rumelhart, Hinton and Williams (1986). "Learning representations by
       back-propagating errors". Nature 323.

    Examples
    --------
    No line separates the exclusive or; two layers do.

    >>> from lookalike.learn import MLPClassifier
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> model = MLPClassifier((4,), "tanh", solver="lbfgs", random_state=0).fit(X, y)
    >>> model.predict(X)
    array([0, 1, 1, 0])
    """

    classes_: Array
    _is_multilabel: bool

    @available_if(learns_by_batches)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Make one epoch over these samples, continuing the last call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.
        classes : array-like of shape (n_classes,), default=None
            All labels of all calls; needed at the first call.
        """
        if not hasattr(self, "classes_"):
            if classes is None:
                raise ValueError("classes must be given at the first partial_fit.")
            self._is_multilabel = type_of_target(y).startswith("multilabel")
            self.classes_ = np.unique(np.asarray(classes))
        elif classes is not None and not np.array_equal(
            np.unique(np.asarray(classes)), self.classes_
        ):
            raise ValueError(
                f"classes={classes!r} is not what it was before, {self.classes_}."
            )
        return self._fit(X, y, sample_weight, one_pass=True)

    def predict(self, X: Any) -> Array:
        """Most likely label, or a column of zeros and ones for each label."""
        answer = self._answer(X)
        if self._is_multilabel:
            return (answer > 0.5).astype(np.int64)
        return self.classes_[self._codes(answer)]

    def predict_proba(self, X: Any) -> Array:
        """Probability of each class, shape (n_samples, n_classes)."""
        answer = self._answer(X)
        if self._is_multilabel or self.n_outputs_ > 1:
            return answer
        return np.hstack([1 - answer, answer])[:, : len(self.classes_)]

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithm of ``predict_proba``."""
        with np.errstate(divide="ignore"):  # the logarithm of zero is minus infinity
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @property
    def _loss(self) -> Loss:
        softmax = self.n_outputs_ > 1 and not self._is_multilabel
        return SoftmaxLoss() if softmax else LogisticLoss()

    def _encode(self, y: Any, dtype: DTypeLike, known: bool) -> Array:
        """Class numbers for a softmax; otherwise columns of 0 and 1."""
        check_classification_targets(y)
        is_multilabel = type_of_target(y).startswith("multilabel")
        if is_multilabel:
            y = y.toarray() if issparse(y) else y
            labels = np.arange(y.shape[1])
        else:
            y = column_or_1d(y, warn=True)
            labels = np.unique(y)
        if not known:
            self.classes_, self._is_multilabel = labels, is_multilabel
        self._check_labels(labels, is_multilabel)
        self.n_outputs_ = len(self.classes_)
        if is_multilabel:
            return y.astype(dtype)
        codes = np.searchsorted(self.classes_, y)
        if self.n_outputs_ > 2:
            return codes
        self.n_outputs_: int = 1
        return codes[:, None].astype(dtype)

    def _check_labels(self, labels: Array, is_multilabel: bool) -> None:
        """Refuse labels that are not in ``classes_``."""
        if is_multilabel != self._is_multilabel or (
            is_multilabel and len(labels) != len(self.classes_)
        ):
            raise ValueError("y must have as many columns as in the earlier call.")
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise ValueError(f"y has the labels {unknown}, not in {self.classes_}.")

    def _codes(self, answer: Array) -> Array:
        """Return the number of the most likely class."""
        if self.n_outputs_ > 1:
            return answer.argmax(axis=1)
        return (answer[:, 0] > 0.5).astype(np.int64)

    def _score(self, answer: Array, samples: Samples) -> float:
        if self._is_multilabel:
            correct = ((answer > 0.5) == samples.y).all(axis=1)
        else:
            correct = self._codes(answer) == samples.y.reshape(len(answer))
        return float(np.average(correct, weights=samples.weight))
