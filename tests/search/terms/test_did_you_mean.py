"""Did you mean: only what no document holds, and only by what one of them does."""

import random
import string

import pytest

from lookalike.datasets import load_cranfield
from lookalike.search import TextIndex
from lookalike.search.terms import Analysis
from lookalike.search.terms.did_you_mean import DidYouMean

ANALYSIS = Analysis()
TEXTS = [
    "the boundary layer on a flat plate",
    "heat transfer through a boundary layer",
    "heating of a plate",
    "a cup of tea with sugar",
    "sweet tea and coffee",
    "café in Москва",
]


def made(texts=TEXTS):
    index = TextIndex().fit([f"d{n}" for n in range(len(texts))], texts)
    return DidYouMean.of_texts(texts, ANALYSIS), index


@pytest.fixture(scope="module")
def meant():
    words, index = made()
    return lambda query, **more: words.suggest(query, index.snapshot(), **more)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("boundray layer", "boundary layer"),
        ("Boundray, layer!", "boundary, layer!"),
        ('"boundray layer" plate', '"boundary layer" plate'),
        ("haet tranfser", "heat transfer"),
        ("heat  \t tranfser ", "heat  \t transfer "),
        ("flat-palte", "flat-plate"),
        ("BOUNDRAY LAYER", "boundary LAYER"),
        ("coffe", "coffee"),
        ("cafè", "café"),
        ("москве", "москва"),
    ],
)
def test_words_that_no_document_holds_are_put_right(meant, query, expected):
    assert meant(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "boundary layers",  # other forms of known words are known
        "heated plates",
        "tea",
        "zebra",  # nothing is near
        "xoffxe",  # no likely slip
        "siger",  # two letters of five
        "boundray2",
        "x_boundray",
        "boundray@layer.org",
        "layer/boundray.txt",
        "TEE and tea",  # an abbreviation beside words
        "boundRay layer",
        "1969 12.5",
        "te",
        "mos\u043a\u0432\u0430",  # letters of two scripts
        "文字検索",
        "boundray " * 51,  # a text that was pasted
        "",
        "...",
    ],
)
def test_known_words_numbers_names_and_other_scripts_are_left_alone(meant, query):
    assert meant(query) is None


def test_words_that_stand_together_were_meant_together():
    texts = ["red wine", "wine red glass", "a vine grows", "the vine grows here"]
    texts += ["wine in a glass", "vine and leaf", "leaf of a vine"]
    words, index = made([*texts, "wine", "vine"])
    now = index.snapshot()
    assert words.suggest("red xine", now) == "red wine"
    assert words.suggest("leaf xine", now) == "leaf vine"
    assert words.suggest("xine", now) == "vine"  # in more documents
    assert words.suggest("redd xine", now) == "red wine"  # put right before


def test_a_frequent_word_is_likelier_than_a_rare_one():
    for often, rare in (("casing", "caving"), ("caving", "casing")):
        words, index = made([often] * 30 + [rare] * 2)
        assert words.suggest("cauing", index.snapshot()) == often


def test_words_of_documents_that_came_are_suggested_and_of_those_that_went_not():
    words, index = made()
    assert words.suggest("accordoin", index.snapshot()) is None
    index.add(["x"], ["an accordion"])
    more = words.with_texts(["an accordion"], ANALYSIS)
    assert more.suggest("accordoin", index.snapshot()) == "accordion"
    assert words.suggest("accordoin", index.snapshot()) is None
    again = DidYouMean.of_arrays(more.arrays())
    assert again.arrays()["counts"].tolist() == more.arrays()["counts"].tolist()
    assert len(more.arrays()["counts"]) == len(words.arrays()["counts"]) + 2
    known = words.with_texts(["tea"], ANALYSIS).arrays()
    assert known["counts"].tolist() == words.arrays()["counts"].tolist()
    assert again.suggest("accordoin", index.snapshot()) == "accordion"
    assert again.suggest("boundray", index.snapshot()) == "boundary"
    index.remove(["x", "d0", "d1"])
    assert again.suggest("accordoin", index.snapshot()) is None
    assert again.suggest("boundray", index.snapshot()) is None


def test_where_nothing_is_found_words_must_be_held_by_what_is_let_through():
    texts = ["a mile of road", "milk and tea", "mild tea", "miles"]
    words, index = made(texts)
    now, drinks = index.snapshot(), ["d1"]
    assert words.suggest("mile", now, drinks) is None
    assert words.suggest("mile", now, drinks, found=False) == "milk"
    assert words.suggest("mlk", now, ["d0"]) is None


def test_arrays_that_do_not_belong_together_are_refused():
    arrays = DidYouMean.of_texts(TEXTS, ANALYSIS).arrays()
    for counts in (arrays["counts"][1:], arrays["counts"] * 0):
        with pytest.raises(ValueError, match="do not belong together"):
            DidYouMean.of_arrays({**arrays, "counts": counts})


def test_words_are_counted_once_a_text():
    counts = ANALYSIS.count_words(["Tea, tea & TEA", "", "tea with milk"])
    assert counts == {"tea": 2, "with": 1, "milk": 1}
    assert ANALYSIS.count_words([]) == {}
    assert ANALYSIS.count_words(["..."]) == {}


def edited(word, rng):
    """A word with one letter left out, added, exchanged or in place of another."""
    at = rng.randrange(len(word) - 1)
    letter = rng.choice(string.ascii_lowercase)
    return rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )


def test_misspelt_queries_of_cranfield_are_restored():
    """One word of each query edited once: nine of ten come back as they were."""
    try:
        data = load_cranfield()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    words, index = made(data.whole)
    now, rng = index.snapshot(), random.Random(0)
    restored, n = 0, 0
    for query in data.queries:
        pieces = [query[start:stop] for start, stop in ANALYSIS.pieces(query)]
        assert words.suggest(query, now) is None or not all(
            map(now.knows, ANALYSIS.terms(query))
        )
        long = [p for p in pieces if len(p) > 4 and p.isalpha()]
        word = rng.choice([p for p in long if now.knows(*ANALYSIS.terms(p))])
        wrong = edited(word, rng)
        if now.knows(*ANALYSIS.terms(wrong)):
            continue  # another right word, or another form of the same
        typed = query.replace(word, wrong, 1)
        meant = words.suggest(typed, now)
        n += 1
        restored += meant is not None and word in meant.split()
    assert n > 180
    assert restored / n > 0.9
