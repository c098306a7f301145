import io
import re
import unicodedata
import warnings
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction import text as sk

from lookalike.features.text import CountVectorizer, TfidfVectorizer
from lookalike.features.text import _analysis as analysis
from lookalike.features.text._terms import word_runs

TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "Naïve café, naïve déjà-vu: the CAFÉ!",
    "",
    "a I\n x  the   the\t\tfox_2 fox-2  fox 2",
    "ΣΑΣ Straße İstanbul \u0301 \uff12\uff13 ½ \ud83d\ude00 日本語 テスト ",
    "fox fox fox dog",
]
OPTIONS = [
    {},
    {"lowercase": False},
    {"strip_accents": "ascii"},
    {"strip_accents": "unicode"},
    {"strip_accents": lambda text: text.replace("é", "e")},
    {"preprocessor": lambda text: text[::-1]},
    {"tokenizer": str.split, "token_pattern": None},
    {"tokenizer": str.split, "token_pattern": None, "ngram_range": (1, 2)},
    {"stop_words": "english"},
    {"stop_words": ["the", "fox"], "ngram_range": (1, 2)},
    {"token_pattern": r"(?u)\b\w+\b"},
    {"token_pattern": r"\w+"},
    {"token_pattern": r"[a-z]+"},
    {"token_pattern": r"\b(\w)\w*"},
    {"ngram_range": (1, 2)},
    {"ngram_range": (2, 4)},
    {"ngram_range": (3, 3)},
    {"analyzer": "char"},
    {"analyzer": "char", "ngram_range": (2, 5)},
    {"analyzer": "char_wb", "ngram_range": (1, 3)},
    {"analyzer": "char_wb", "ngram_range": (4, 7)},
    {"analyzer": str.split},
    {"analyzer": lambda text: [len(word) for word in text.split()]},
    {"max_df": 0.4},  # "fox" is in half of the texts
    {"max_df": 2},
    {"min_df": 2},
    {"min_df": 0.3, "max_df": 0.9},
    {"max_features": 4},
    {"max_features": 40, "ngram_range": (1, 3)},
    {"max_features": 3, "min_df": 2, "binary": True},
    {"vocabulary": ["fox", "the", "dog"]},
    {"vocabulary": {"the", "the lazy"}, "ngram_range": (1, 2)},
    {"vocabulary": {"dog": 1, "zebra": 0}},
    {"binary": True},
    {"dtype": np.float32},
    {"dtype": bool},
]


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
def test_agrees_with_scikit_learn_on_every_option(options):
    ours, theirs = CountVectorizer(**options), sk.CountVectorizer(**options)
    X, expected = ours.fit_transform(TEXTS), theirs.fit_transform(TEXTS)
    assert type(X) is type(expected)
    assert X.dtype == expected.dtype
    np.testing.assert_array_equal(X.toarray(), expected.toarray())
    assert ours.vocabulary_ == theirs.vocabulary_
    assert ours.fixed_vocabulary_ == theirs.fixed_vocabulary_
    new = ["The unseen fox", *TEXTS[::-1], "fox dog the lazy dog"]
    np.testing.assert_array_equal(
        ours.transform(new).toarray(), theirs.transform(new).toarray()
    )
    np.testing.assert_array_equal(
        ours.get_feature_names_out(), theirs.get_feature_names_out()
    )
    mine, other = ours.inverse_transform(X), theirs.inverse_transform(expected)
    for terms, reference in zip(mine, other, strict=True):
        assert sorted(terms) == sorted(reference)
    analyze, reference = ours.build_analyzer(), theirs.build_analyzer()
    assert [sorted(analyze(t)) for t in TEXTS] == [sorted(reference(t)) for t in TEXTS]


@pytest.mark.parametrize("kind", ["file", "filename"])
def test_reads_files_in_their_encoding(kind, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("café noir".encode("latin-1"))
    docs = [path] if kind == "filename" else [io.BytesIO(path.read_bytes())]
    model = CountVectorizer(input=kind, encoding="latin-1").fit(docs)
    assert sorted(model.vocabulary_) == ["café", "noir"]


def test_bytes_that_are_not_text_are_refused_replaced_or_ignored():
    broken = [b"caf\xe9 noir"]
    with pytest.raises(UnicodeDecodeError):
        CountVectorizer().fit(broken)
    for choice in ("ignore", "replace"):
        expected = sk.CountVectorizer(decode_error=choice).fit(broken).vocabulary_
        assert CountVectorizer(decode_error=choice).fit(broken).vocabulary_ == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=4), st.integers(1, 3))
def test_runs_of_word_characters_are_what_the_regular_expression_finds(texts, shortest):
    texts = [text.replace("\udc80", "") for text in texts]
    terms = word_runs(texts, shortest)
    found = [re.findall(rf"\w{{{shortest},}}", text) for text in texts]
    assert [terms.names[k] for k in terms.numbers] == list(chain(*found))
    owners = np.repeat(np.arange(len(texts)), [len(f) for f in found])
    np.testing.assert_array_equal(terms.documents, owners)


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.text(alphabet="aB. éß\n", max_size=15), min_size=1, max_size=5),
    analyzer=st.sampled_from(["word", "char", "char_wb"]),
    shortest=st.integers(1, 3),
    more=st.integers(0, 3),
)
def test_counts_any_text_like_scikit_learn(texts, analyzer, shortest, more):
    options = {"analyzer": analyzer, "ngram_range": (shortest, shortest + more)}
    texts = [*texts, "aB éß aB éß aB"]
    theirs = sk.CountVectorizer(**options)
    expected = theirs.fit_transform(texts)
    ours = CountVectorizer(**options)
    np.testing.assert_array_equal(
        ours.fit_transform(texts).toarray(), expected.toarray()
    )
    assert ours.vocabulary_ == theirs.vocabulary_


def test_batches_of_documents_give_the_counts_of_the_whole(monkeypatch):
    whole = CountVectorizer(ngram_range=(1, 2))
    expected = whole.fit_transform(TEXTS)
    monkeypatch.setattr(analysis, "_BATCH", 10)
    model = CountVectorizer(ngram_range=(1, 2))
    X = model.fit_transform(iter(TEXTS))
    assert model.vocabulary_ == whole.vocabulary_
    assert (expected != X).nnz == 0


def test_a_batch_answers_like_its_documents_one_by_one():
    model = CountVectorizer(ngram_range=(1, 2)).fit(TEXTS)
    alone = np.vstack([model.transform([text]).toarray() for text in TEXTS])
    np.testing.assert_array_equal(model.transform(TEXTS).toarray(), alone)


def test_a_given_vocabulary_needs_no_fit():
    X = CountVectorizer(vocabulary=["fox", "dog"]).transform(["fox and fox"])
    assert X.toarray().tolist() == [[2, 0]]


def test_zeros_that_are_stored_name_no_term():
    model = CountVectorizer().fit(["cat dog"])
    X = model.transform(["cat dog"])
    X.data[0] = 0
    assert [terms.tolist() for terms in model.inverse_transform(X)] == [["dog"]]


def test_a_tokenizer_goes_before_the_pattern():
    model = CountVectorizer(tokenizer=str.split)
    with pytest.warns(UserWarning, match="token_pattern is not used"):
        model.fit(["a-b c"])
    assert sorted(model.vocabulary_) == ["a-b", "c"]


def test_no_documents_give_no_rows():
    assert CountVectorizer(vocabulary=["fox"]).transform([]).shape == (0, 1)


def test_parameters_are_stored_as_given_and_cloned():
    assert set(CountVectorizer().get_params()) == set(sk.CountVectorizer().get_params())
    for name, value in sk.CountVectorizer().get_params().items():
        assert CountVectorizer().get_params()[name] == value, name
    assert clone(CountVectorizer(min_df=2)).min_df == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ngram_range": (2, 1)}, "1 <= shortest <= longest"),
        ({"ngram_range": (0, 1)}, "1 <= shortest <= longest"),
        ({"ngram_range": (1.5, 2)}, "two integers"),
        ({"analyzer": "sentence"}, "analyzer must be 'word', 'char'"),
        ({"strip_accents": "all"}, "strip_accents must be"),
        ({"stop_words": "klingon"}, "stop_words must be None, 'english'"),
        ({"input": "url"}, "input must be one of"),
        ({"decode_error": "panic"}, "decode_error must be one of"),
        ({"token_pattern": r"(\w)(\w)"}, "at most one group, got 2"),
        ({"token_pattern": None}, "token_pattern must be a pattern where there is no"),
        ({"max_df": 1.5}, "max_df must be a share"),
        ({"min_df": -1}, "min_df must be a share"),
        ({"min_df": 3, "max_df": 2}, "fewer documents than min_df"),
        ({"min_df": 6}, "No terms remain"),
        ({"max_features": 0}, "max_features must be a whole number of at least 1"),
        ({"vocabulary": []}, "empty vocabulary"),
        ({"vocabulary": ["a", "b", "a"]}, r"vocabulary repeats \['a'\]"),
        ({"vocabulary": {"a": 0, "b": 2}}, "must be 0 to 1, each once"),
        ({"token_pattern": r"\d{9}"}, "empty vocabulary"),
    ],
)
def test_refuses_with_a_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        CountVectorizer(**options).fit(TEXTS)


def test_refuses_a_single_string_a_number_and_nan():
    with pytest.raises(ValueError, match="got a single string"):
        CountVectorizer().fit("one text")
    with pytest.raises(ValueError, match="nan is an invalid document"):
        CountVectorizer().fit(["one", np.nan])
    with pytest.raises(TypeError, match="must be a string or bytes, got int"):
        CountVectorizer().fit(["one", 2])


def test_says_when_it_has_no_vocabulary():
    with pytest.raises(NotFittedError, match="has no vocabulary"):
        CountVectorizer().transform(["text"])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"tokenizer": str.split}, "token_pattern"),
        ({"analyzer": str.split, "preprocessor": str.lower}, "preprocessor"),
        ({"analyzer": str.split, "ngram_range": (1, 2)}, "ngram_range"),
        ({"analyzer": "char", "stop_words": ["a"]}, "stop_words"),
        ({"analyzer": "char", "tokenizer": str.split}, "tokenizer"),
        ({"analyzer": "char", "token_pattern": "x"}, "token_pattern"),
    ],
)
def test_warns_of_a_parameter_without_effect(options, name):
    with pytest.warns(UserWarning, match=f"{name} is not used"):
        CountVectorizer(**options).fit(TEXTS)


def test_warns_of_stop_words_whose_pieces_are_counted():
    with pytest.warns(UserWarning, match=r"cut into \['don'\]"):
        CountVectorizer(stop_words=["don't"]).fit(TEXTS)


def test_accents_written_as_marks_are_stripped_like_others():
    decomposed = unicodedata.normalize("NFD", "café")
    model = CountVectorizer(strip_accents="unicode").fit([decomposed, "café"])
    assert list(model.vocabulary_) == ["cafe"]


@pytest.mark.parametrize("vectoriser", [CountVectorizer, TfidfVectorizer])
def test_documents_may_be_lists_of_words(vectoriser):
    documents = [["New", "York"], ["York"]]
    own = {"tokenizer": list, "lowercase": False, "token_pattern": None}
    for options in (own, {"analyzer": list}):
        model = vectoriser(**options)
        assert model.fit_transform(documents).shape == (2, 2)
        assert model.get_feature_names_out().tolist() == ["New", "York"]
    pairs = vectoriser(**own, ngram_range=(2, 2)).fit(documents)
    assert pairs.get_feature_names_out().tolist() == ["New York"]
    with pytest.raises(TypeError, match="For lists of words say analyzer=list"):
        vectoriser().fit(documents)


def test_terms_of_a_vocabulary_that_match_nothing_are_warned_of():
    with pytest.warns(UserWarning, match=r"1 terms that match nothing.*\['Rome'\]"):
        CountVectorizer(vocabulary=["Rome", "paris"]).fit_transform(["Rome, Paris"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = CountVectorizer(vocabulary=["Rome"], lowercase=False)
        assert plain.fit_transform(["Rome"]).sum() == 1
