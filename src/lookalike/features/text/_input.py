"""The input of estimators of text."""

from typing import Any

from sklearn.base import BaseEstimator


class TextInput(BaseEstimator):
    """An estimator whose X is an iterable of texts, or of lists of tokens."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
