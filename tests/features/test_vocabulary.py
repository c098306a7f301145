import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from lookalike.features.text import Vocabulary, padded_sequences, padded_windows

SENTENCES = [["a", "b", "a", "c"], [], ["b", "a", "d", "c"]]


def test_numbers_follow_count_then_text():
    model = Vocabulary().fit(SENTENCES)
    assert model.tokens_ == ["<pad>", "<unk>", "a", "b", "c", "d"]
    assert model.counts_.tolist() == [0, 0, 3, 2, 2, 1]
    assert model.numbers_["c"] == 4


def test_what_is_left_out_counts_as_unknown():
    model = Vocabulary(max_size=4).fit(SENTENCES)
    assert model.tokens_ == ["<pad>", "<unk>", "a", "b"]
    assert model.counts_.tolist() == [0, 3, 3, 2]
    assert [ids.tolist() for ids in model.transform([["d", "b"], []])] == [[1, 3], []]


def test_there_and_back():
    model = Vocabulary(unknown=None)
    numbers = model.fit_transform(SENTENCES)
    assert all(row.dtype == np.int64 for row in numbers)
    assert model.inverse_transform(numbers) == SENTENCES


def test_numbers_without_a_token_are_refused():
    model = Vocabulary().fit(SENTENCES)
    for number in (-1, 6):
        with pytest.raises(ValueError, match=rf"in \[0, 5\], got {number}"):
            model.inverse_transform([[number]])


def test_special_tokens_can_be_renamed_or_missing():
    assert Vocabulary(padding=None, unknown=None).fit(SENTENCES).tokens_[0] == "a"
    named = Vocabulary(padding=None, unknown="?").fit([["?", "a"]])
    assert named.tokens_ == ["?", "a"]


def test_a_token_outside_is_an_error_without_unknown():
    model = Vocabulary(unknown=None).fit(SENTENCES)
    with pytest.raises(ValueError, match="'z' is not in the vocabulary"):
        model.transform([["z"]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_count": 0}, "min_count must be a whole number of at least 1, got 0"),
        ({"max_size": 2}, "max_size must be None or an integer above 2"),
        ({"padding": "x", "unknown": "x"}, "padding and unknown are both 'x'"),
    ],
)
def test_refuses_with_a_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        Vocabulary(**options).fit(SENTENCES)


def test_refuses_a_sentence_that_was_not_cut():
    with pytest.raises(ValueError, match="must be a list of tokens, got the string"):
        Vocabulary().fit(["She comes from Paris"])


def test_says_when_it_is_not_fitted():
    with pytest.raises(NotFittedError):
        Vocabulary().transform(SENTENCES)


@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 1), (2, 0), (0, 3), (5, 4)])
def test_windows_equal_their_definition(before, after):
    sequences = [[1, 2, 3], [], [4], [5, 6, 7, 8, 9]]
    expected = [
        [s[j] if 0 <= j < len(s) else -1 for j in range(i - before, i + after + 1)]
        for s in sequences
        for i in range(len(s))
    ]
    windows = padded_windows(sequences, before, after, padding=-1)
    assert windows.dtype == np.int64
    np.testing.assert_array_equal(windows, expected)


def test_no_sequences_give_no_windows():
    assert padded_windows([]).shape == (0, 3)
    assert padded_windows([[], []], 2, 2).shape == (0, 5)


def test_sequences_are_cut_or_filled_up():
    rows = padded_sequences([[1, 2, 3], [], [4]], padding=9)
    np.testing.assert_array_equal(rows, [[1, 2, 3], [9, 9, 9], [4, 9, 9]])
    assert padded_sequences([[1, 2, 3]], length=2).tolist() == [[1, 2]]
    assert padded_sequences([]).shape == (0, 0)


def test_windows_refuse_what_is_no_flat_list_of_integers():
    for bad in ([["a"]], [[1.5]], [[[1]]]):
        with pytest.raises(ValueError, match="must be a flat list of integers"):
            padded_windows(bad)
    with pytest.raises(ValueError, match="must not be negative, got -1 and 1"):
        padded_windows([[1]], before=-1)
    with pytest.raises(ValueError, match="length must not be negative"):
        padded_sequences([[1]], length=-1)
