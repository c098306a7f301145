import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import strip_accents_unicode

from lookalike.features.text import TextNormaliser, TfidfVectorizer


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        ({}, "\uff37ide \ufb01ne \u2460²", "wide fine 12"),
        ({}, "STRASSE straße ΣΊΣΥΦΟΣ", "strasse strasse σίσυφοσ"),
        ({}, "  a\t\n b\u00a0c  ", "a b c"),
        ({}, "zero\u200bwidth\ufeff\x00", "zerowidth"),
        ({}, "cafe\u0301", "café"),
        ({}, "cafe\u200b\u0301", "café"),  # whole only without the invisible
        ({}, "\u01f0", "\u01f0"),  # folding its case takes it apart
        ({"strip_accents": True}, "Ångström naïve cafe\u0301", "angstrom naive cafe"),
        ({"fold_case": False}, "MiXed", "MiXed"),
        ({"form": "NFC"}, "\ufb01ne ²", "fine ²"),
        ({"form": "NFD"}, "é", "e\u0301"),
        ({"form": "NFKD"}, "\ufb01né ²", "fine\u0301 2"),
        ({"collapse_spaces": False}, " a  b ", " a  b "),
        ({"strip_invisible": False}, "a\u200bb", "a\u200bb"),
    ],
)
def test_known_answers(options, text, expected):
    assert TextNormaliser(**options).normalise(text) == expected


SWITCHES = ["fold_case", "strip_accents", "strip_invisible", "collapse_spaces"]


# Letters and marks whose case, composition and order depend on each other.
AWKWARD = (
    "aI \u03b1\u0391\u1fb3\u0345\u0301\u0313\u0327\u0307\u0130\u01f0\u030c\u00b4"
    "\u200b\u00a0\u03a3\u03c2\u1e9e\u0149\u2126\u212b\ufb03\u1100\u1161"
)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(max_size=12) | st.text(alphabet=AWKWARD, max_size=5),
    form=st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]),
    on=st.sets(st.sampled_from(SWITCHES)),
)
def test_normalising_twice_is_normalising_once(text, form, on):
    model = TextNormaliser(form=form, **{name: name in on for name in SWITCHES})
    once = model.normalise(text)
    assert model.normalise(once) == once
    assert unicodedata.is_normalized(form, once)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12) | st.text(alphabet=AWKWARD, max_size=5))
def test_equivalent_spellings_become_one(text):
    model = TextNormaliser()
    other = unicodedata.normalize("NFD", text)
    assert model.normalise(other) == model.normalise(text)


def test_strips_the_accents_that_scikit_learn_strips():
    text = "".join(map(chr, range(0xC0, 0x250)))
    model = TextNormaliser(form="NFKD", fold_case=False, strip_accents=True)
    assert model.normalise(text) == strip_accents_unicode(text)


def test_is_a_preprocessor_for_vectorisers():
    model = TfidfVectorizer(preprocessor=TextNormaliser()).fit(["Straße", "STRASSE"])
    assert list(model.vocabulary_) == ["strasse"]


def test_fit_transform_is_transform():
    assert TextNormaliser().fit_transform(["A", "b"]) == ["a", "b"]


def test_refuses_an_unknown_form_and_a_single_string():
    with pytest.raises(ValueError, match=r"form must be one of .* got 'NFX'"):
        TextNormaliser(form="NFX").fit(["a"])
    with pytest.raises(ValueError, match="got a single string"):
        TextNormaliser().transform("abc")
