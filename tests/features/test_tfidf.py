import io

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction import text as sk
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from lookalike.features.text import TfidfVectorizer

TEXTS = [
    "this is the first document",
    "this document is the second document",
    "and this is the third one",
    "",
    "is this the first document",
]
OPTIONS = [
    {},
    {"norm": "l1"},
    {"norm": None},
    {"use_idf": False},
    {"smooth_idf": False},
    {"sublinear_tf": True},
    {"sublinear_tf": True, "norm": None, "use_idf": False},
    {"binary": True},
    {"dtype": np.float32},
    {"dtype": np.float32, "sublinear_tf": True, "smooth_idf": False},
    {"ngram_range": (1, 3), "max_features": 5},
    {"ngram_range": (1, 2), "min_df": 2, "max_df": 0.8},
    {"analyzer": "char_wb", "ngram_range": (2, 4), "norm": "l1"},
    {"analyzer": "char", "ngram_range": (1, 2)},
    {"stop_words": "english"},
    {"vocabulary": ["document", "first", "zebra"]},
    {"vocabulary": {"first": 1, "document": 0}, "smooth_idf": False},
    {"lowercase": False, "token_pattern": "[a-t]+", "strip_accents": "unicode"},
    {"tokenizer": str.split, "token_pattern": None, "preprocessor": str.upper},
]


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
def test_agrees_with_scikit_learn_on_every_option(options):
    ours, theirs = TfidfVectorizer(**options), sk.TfidfVectorizer(**options)
    X, expected = ours.fit_transform(TEXTS), theirs.fit_transform(TEXTS)
    assert type(X) is type(expected)
    assert X.dtype == expected.dtype
    close = 1e-6 if X.dtype == np.float32 else 1e-14
    np.testing.assert_allclose(X.toarray(), expected.toarray(), rtol=close)
    if ours.use_idf:
        assert ours.idf_.dtype == theirs.idf_.dtype
        np.testing.assert_allclose(ours.idf_, theirs.idf_, rtol=close)
    assert ours.vocabulary_ == theirs.vocabulary_
    new = ["the unseen second one", *TEXTS]
    for model in (ours, TfidfVectorizer(**options).fit(TEXTS)):
        np.testing.assert_allclose(
            model.transform(new).toarray(), theirs.transform(new).toarray(), rtol=close
        )


MIXED = ["Noir café, noir CAFE", "cafe blanc ½", "Blanc et noir", "noir"]


@pytest.mark.parametrize(
    "options",
    [
        {"lowercase": False},
        {"strip_accents": "ascii"},
        {"strip_accents": "unicode"},
        {"max_df": 0.5},
        {"max_df": 2},
        {"min_df": 0.5},
    ],
    ids=str,
)
def test_letters_and_limits_are_taken_as_scikit_learn_takes_them(options):
    ours, theirs = TfidfVectorizer(**options), sk.TfidfVectorizer(**options)
    X, expected = ours.fit_transform(MIXED), theirs.fit_transform(MIXED)
    assert ours.vocabulary_ == theirs.vocabulary_
    assert ours.vocabulary_ != sk.TfidfVectorizer().fit(MIXED).vocabulary_
    np.testing.assert_allclose(X.toarray(), expected.toarray(), rtol=1e-14)


def test_open_files_are_read():
    X = TfidfVectorizer(input="file").fit_transform(map(io.StringIO, MIXED))
    expected = sk.TfidfVectorizer().fit_transform(MIXED)
    np.testing.assert_allclose(X.toarray(), expected.toarray(), rtol=1e-14)


@pytest.mark.parametrize("choice", ["ignore", "replace"])
def test_files_and_broken_bytes_are_read_like_scikit_learn_reads_them(choice, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"noir caf\xe9 noir")
    (tmp_path / "b.txt").write_bytes(b"noir chat")
    docs = [tmp_path / "a.txt", tmp_path / "b.txt"]
    options = {"input": "filename", "encoding": "utf-8", "decode_error": choice}
    ours, theirs = TfidfVectorizer(**options), sk.TfidfVectorizer(**options)
    X, expected = ours.fit_transform(docs), theirs.fit_transform(docs)
    assert ours.vocabulary_ == theirs.vocabulary_
    np.testing.assert_allclose(X.toarray(), expected.toarray(), atol=1e-7)
    latin = TfidfVectorizer(input="filename", encoding="latin-1").fit(docs)
    assert "café" in latin.vocabulary_


def test_parameters_are_those_of_scikit_learn_and_the_formula():
    ours, theirs = TfidfVectorizer().get_params(), sk.TfidfVectorizer().get_params()
    assert ours.pop("formula") == "scikit-learn"
    assert ours == theirs


def test_the_textbook_formula_is_share_times_logarithm_of_rarity():
    texts = ["a b b c", "a a b", "a d"]
    terms = ["a", "b", "c", "d"]
    tokens = [text.split() for text in texts]
    expected = [
        [
            doc.count(t) / len(doc) * np.log(3 / sum(t in other for other in tokens))
            for t in terms
        ]
        for doc in tokens
    ]
    model = TfidfVectorizer(formula="textbook", norm=None, token_pattern=r"\w+")
    X = model.fit_transform(texts)
    assert model.get_feature_names_out().tolist() == terms
    np.testing.assert_allclose(X.toarray(), expected)
    assert X.toarray()[:, 0].tolist() == [0, 0, 0]  # in every document: tells nothing


def test_the_textbook_share_counts_unknown_words_too():
    model = TfidfVectorizer(formula="textbook", norm=None).fit(["cat dog", "cow dog"])
    known, mixed = model.transform(["cat dog", "cat dog eel fox"]).toarray()
    np.testing.assert_allclose(mixed, known / 2)


def test_every_row_has_length_one_or_no_term():
    X = TfidfVectorizer(formula="textbook").fit_transform(TEXTS).toarray()
    lengths = np.linalg.norm(X, axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 1, 0, 1])


def test_weights_from_elsewhere_can_be_set():
    ours, theirs = (
        kind(vocabulary=["first", "second"])
        for kind in (TfidfVectorizer, sk.TfidfVectorizer)
    )
    ours.idf_ = theirs.idf_ = np.array([1.0, 3.0])
    text = ["first second"]
    np.testing.assert_allclose(
        ours.transform(text).toarray(), theirs.transform(text).toarray()
    )
    ours.idf_ = np.ones(3)
    with pytest.raises(ValueError, match="3 weights for 2 terms"):
        ours.transform(text)


def test_works_in_a_pipeline():
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    model.fit(["good fine", "bad awful", "fine", "awful"], [1, 0, 1, 0])
    assert model.predict(["good", "bad"]).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "max"}, "norm must be 'l1', 'l2' or None"),
        ({"formula": "mine"}, "formula must be 'scikit-learn' or 'textbook'"),
        ({"formula": "textbook", "sublinear_tf": True}, "counts in shares"),
        ({"dtype": np.int64}, "dtype must be np.float32 or np.float64"),
        ({"vocabulary": ["first", "zebra"], "smooth_idf": False}, "holds 'zebra'"),
        ({"vocabulary": ["first", "zebra"], "formula": "textbook"}, "holds 'zebra'"),
        ({"min_df": 5}, "No terms remain"),
    ],
)
def test_refuses_with_a_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        TfidfVectorizer(**options).fit(TEXTS)


def test_says_when_it_is_not_fitted():
    with pytest.raises(NotFittedError):
        TfidfVectorizer().transform(TEXTS)
    with pytest.raises(NotFittedError):
        TfidfVectorizer(vocabulary=["first"]).transform(TEXTS)
