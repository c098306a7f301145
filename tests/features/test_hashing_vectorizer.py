import io

import numpy as np
import pytest
from sklearn.feature_extraction import text as sk

from lookalike.features.text import HashingVectorizer

TEXTS = ["The quick brown fox", "the fox, the dog", "", "naïve café ½ 日本語 fox"]
OPTIONS = [
    {},
    {"n_features": 7},
    {"n_features": 7, "norm": None},
    {"n_features": 1},
    {"n_features": 3, "binary": True, "norm": None},
    {"norm": "l1"},
    {"alternate_sign": False, "n_features": 5},
    {"dtype": np.float32},
    {"analyzer": "char_wb", "ngram_range": (2, 3), "n_features": 50},
    {"analyzer": "char", "ngram_range": (1, 3), "n_features": 50},
    {"ngram_range": (1, 2), "stop_words": ["the"]},
    {"stop_words": "english"},
    {"lowercase": False},
    {"strip_accents": "ascii"},
    {"strip_accents": "unicode"},
    {"preprocessor": lambda text: text[::-1]},
    {"tokenizer": str.split, "token_pattern": None},
    {"token_pattern": r"[a-z]+"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
def test_agrees_with_scikit_learn_on_every_option(options):
    X = HashingVectorizer(**options).fit_transform(TEXTS)
    expected = sk.HashingVectorizer(**options).fit_transform(TEXTS)
    assert type(X) is type(expected)
    assert X.dtype == expected.dtype
    assert X.shape == expected.shape
    assert (abs(X - expected) > 1e-7).nnz == 0


@pytest.mark.parametrize("kind", ["content", "file", "filename"])
@pytest.mark.parametrize("choice", ["ignore", "replace", "strict"])
def test_bytes_and_files_are_read_like_scikit_learn_reads_them(kind, choice, tmp_path):
    options = {"input": kind, "encoding": "ascii", "decode_error": choice}
    raw = b"noir caf\xe9 noir" if choice != "strict" else b"noir"
    (tmp_path / "a.txt").write_bytes(raw)

    def docs():
        return {
            "content": [raw],
            "file": [io.BytesIO(raw)],
            "filename": [tmp_path / "a.txt"],
        }[kind]

    X = HashingVectorizer(n_features=64, **options).transform(docs())
    expected = sk.HashingVectorizer(n_features=64, **options).transform(docs())
    np.testing.assert_allclose(X.toarray(), expected.toarray(), atol=1e-7)


def test_bytes_become_text_by_the_encoding():
    raw = ["café noir".encode("latin-1")]
    X = HashingVectorizer(encoding="latin-1", n_features=64).transform(raw)
    expected = HashingVectorizer(n_features=64).transform(["café noir"])
    np.testing.assert_array_equal(X.toarray(), expected.toarray())


def test_parameters_are_those_of_scikit_learn():
    assert HashingVectorizer().get_params() == sk.HashingVectorizer().get_params()


def test_transforms_without_fit_and_in_any_portions():
    model = HashingVectorizer(n_features=64).partial_fit(TEXTS[:1])
    together = model.transform(TEXTS).toarray()
    alone = np.vstack([model.transform([text]).toarray() for text in TEXTS])
    np.testing.assert_array_equal(together, alone)


def test_signs_keep_inner_products_on_average_and_counts_alone_do_not():
    rng = np.random.default_rng(0)
    pairs = [
        [" ".join(f"w{k}" for k in rng.integers(10**6, size=40)) for _ in range(2)]
        for _ in range(300)
    ]  # texts that share next to nothing

    def mean_product(alternate_sign):
        options = {"n_features": 64, "norm": None, "alternate_sign": alternate_sign}
        model = HashingVectorizer(**options)
        products = []
        for pair in pairs:
            X = model.transform(pair).toarray()
            products.append(X[0] @ X[1])
        return np.mean(products), np.std(products) / np.sqrt(len(pairs))

    mean, error = mean_product(True)
    assert abs(mean) < 4 * error
    biased, error = mean_product(False)
    assert biased > 20 * error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_features": 0}, r"n_features must be an integer in \[1, 2\*\*31\), got 0"),
        ({"n_features": 2.5}, "got 2.5"),
        ({"norm": "l3"}, "norm must be 'l1', 'l2' or None"),
        ({"ngram_range": (3, 1)}, "1 <= shortest <= longest"),
    ],
)
def test_refuses_with_a_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        HashingVectorizer(**options).fit(TEXTS)


def test_refuses_a_single_string():
    for call in (HashingVectorizer().fit, HashingVectorizer().transform):
        with pytest.raises(ValueError, match="got a single string"):
            call("one text")


def test_half_of_a_pair_of_surrogates_is_hashed_like_a_replacement_character():
    model = HashingVectorizer(analyzer="char")
    cut, whole = model.transform(["cut \ud83d"]), model.transform(["cut \ufffd"])
    assert (cut != whole).nnz == 0
