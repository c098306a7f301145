"""Normalisation of texts: one Unicode form, one case, single blanks."""

import unicodedata
from collections.abc import Iterable
from typing import Any, Literal, Self

from lookalike.features.text._input import TextInput

_Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
_FORMS: tuple[_Form, ...] = ("NFC", "NFD", "NFKC", "NFKD")


class TextNormaliser(TextInput):
    r"""Bring texts to one Unicode form, one case and single blanks.

    The Unicode form is applied again after the other steps, which may undo it, so
    normalising is idempotent.

    Parameters
    ----------
    form : {"NFC", "NFD", "NFKC", "NFKD"}, default="NFKC"
        Unicode normal form. "K" also replaces compatibility characters, such as wide
        letters, ligatures and superscripts.
    fold_case : bool, default=True
        Fold case for comparison, stronger than lower case: "ß" becomes "ss".
    strip_accents : bool, default=False
        Remove combining marks: "é" becomes "e".
    strip_invisible : bool, default=True
        Remove control and format characters other than white space, such as the
        zero-width joiner and the byte order mark.
    collapse_spaces : bool, default=True
        Turn runs of white space into one blank and cut off both ends.

    Notes
    -----
    The object can be called with one text, so it can be the ``preprocessor`` of a
    vectoriser. Cost: linear in the text; ASCII takes a shortcut.

    References
    ----------
    .. [1] Unicode Standard Annex 15, "Unicode Normalization Forms".
    .. [2] The Unicode Standard, section 3.13, "Default Case Algorithms".

    Examples
    --------
    >>> from lookalike.features.text import TextNormaliser
    >>> model = TextNormaliser(strip_accents=True)
    >>> model.transform(["  Ｃａｆé \t ﬁne ", "STRASSE Straße"])
    ['cafe fine', 'strasse strasse']
    """

    def __init__(
        self,
        form: str = "NFKC",
        fold_case: bool = True,
        strip_accents: bool = False,
        strip_invisible: bool = True,
        collapse_spaces: bool = True,
    ) -> None:
        self.form = form
        self.fold_case = fold_case
        self.strip_accents = strip_accents
        self.strip_invisible = strip_invisible
        self.collapse_spaces = collapse_spaces

    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Check the parameters; there is nothing to learn."""
        self._check_form()
        return self

    def transform(self, X: Iterable[str]) -> list[str]:
        """Normalise each text."""
        if isinstance(X, str):
            raise ValueError("Expected an iterable of texts, got a single string.")
        return [self.normalise(text) for text in X]

    def fit_transform(self, X: Iterable[str], y: Any = None) -> list[str]:
        """Normalise each text."""
        return self.fit(X).transform(X)

    def __call__(self, text: str) -> str:
        """Normalise one text."""
        return self.normalise(text)

    def normalise(self, text: str) -> str:
        """Normalise one text."""
        form = self._check_form()
        if not text.isascii():
            text = unicodedata.normalize(form, text)
        if self.fold_case:
            text = text.casefold()
        if self.strip_accents and not text.isascii():
            decomposed = unicodedata.normalize("NFD", text)
            text = "".join(c for c in decomposed if not unicodedata.combining(c))
        if self.strip_invisible and not text.isprintable():
            text = "".join(c for c in text if not _is_invisible(c))
        if self.collapse_spaces:
            text = " ".join(text.split())
        return text if text.isascii() else unicodedata.normalize(form, text)

    def _check_form(self) -> _Form:
        for form in _FORMS:
            if form == self.form:
                return form
        raise ValueError(f"form must be one of {_FORMS}, got {self.form!r}.")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags


def _is_invisible(character: str) -> bool:
    if character.isspace():
        return False
    return unicodedata.category(character) in ("Cc", "Cf")
