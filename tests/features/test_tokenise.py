import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.features.text import TfidfVectorizer, characters, n_grams, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She comes from Paris.", ["She", "comes", "from", "Paris"]),
        ("don't l\u2019amour state-of-the-art", None),
        ("at 10:30 pay 1,000.50 now", ["at", "10:30", "pay", "1,000.50", "now"]),
        ("the 3rd in 2024.", ["the", "3rd", "in", "2024"]),
        ("@anna likes #cats", ["@anna", "likes", "#cats"]),
        ("see https://a.b/c?d=1 now", ["see", "https://a.b/c?d=1", "now"]),
        ("日本語 naïve", ["日本語", "naïve"]),
        ("'quoted' -- \"so\"", ["quoted", "so"]),
        ("", []),
    ],
)
def test_words_of_known_texts(text, expected):
    assert words(text) == (expected or text.split())


def test_signs_are_tokens_on_request():
    assert words("Hi, you!", punctuation=True) == ["Hi", ",", "you", "!"]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=20))
def test_words_and_signs_together_lose_nothing_but_white_space(text):
    joined = "".join(words(text, punctuation=True))
    assert joined == "".join(text.split())


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="aé\u0301\u0308 z", max_size=10))
def test_characters_joined_give_the_text(text):
    assert "".join(characters(text)) == text


def test_marks_stay_with_their_letter():
    assert characters("e\u0301\u0308a") == ["e\u0301\u0308", "a"]
    assert characters("\u0301a") == ["\u0301", "a"]


def test_words_can_cut_for_a_vectoriser():
    model = TfidfVectorizer(tokenizer=words, token_pattern=None).fit(["don't go"])
    assert sorted(model.vocabulary_) == ["don't", "go"]


@settings(max_examples=40, deadline=None)
@given(
    tokens=st.lists(st.integers(0, 3), max_size=8),
    shortest=st.integers(1, 4),
    more=st.integers(0, 3),
)
def test_n_grams_equal_their_definition(tokens, shortest, more):
    expected = [
        tuple(tokens[i:j])
        for n in range(shortest, shortest + more + 1)
        for i in range(len(tokens))
        for j in range(len(tokens) + 1)
        if j - i == n
    ]
    assert n_grams(tokens, shortest, shortest + more) == expected


def test_bigrams_are_the_default():
    assert n_grams("abc") == [("a", "b"), ("b", "c")]


@pytest.mark.parametrize(("shortest", "longest"), [(0, 2), (3, 2), (-1, None)])
def test_refuses_impossible_lengths(shortest, longest):
    with pytest.raises(ValueError, match=f"got shortest={shortest}"):
        n_grams("abc", shortest, longest)
