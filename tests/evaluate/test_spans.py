"""Counts of words and of whole names."""

from lookalike.evaluate import span_counts, spans, word_counts


def test_counts_are_those_of_words_and_of_whole_names():
    truth = [["B", "I", "O", "B"], ["O", "O"]]
    given = [["B", "O", "O", "B"], ["O", "B"]]
    assert word_counts(truth, given).tolist() == [[2, 0, 1], [0, 1, 0]]
    assert span_counts(truth, given).tolist() == [[1, 1, 1], [0, 1, 0]]
    assert spans(["O", "I", "I"]) == {(1, 3)}
    assert spans(["B", "B", "I"]) == {(0, 1), (1, 3)}
