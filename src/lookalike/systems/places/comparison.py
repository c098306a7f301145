"""Two taggers on the same test sentences: the gate of a new generation."""

from lookalike.datasets import TaggedText
from lookalike.evaluate import Comparison, f1_of_counts, paired_counts_test
from lookalike.evaluate.spans import span_counts
from lookalike.systems.places.system import Places
from lookalike.systems.places.tagger import location_tags


def compare(answering: Places, learned: Places, data: TaggedText) -> Comparison:
    """Test the F1 of whole names sentence by sentence; above 0 the new one is better.

    F1 is no mean over sentences, so that outcomes of sentences do not tell it: both
    tag the test part.

    answering : was learned from the same data
    learned : from ``data``

    Raises
    ------
    ValueError
        If they learned from different data: the one that answers may know the test
        part.
    """
    checksums = [each.manifest_.data["checksum"] for each in (answering, learned)]
    if checksums[0] != checksums[1]:
        raise ValueError("Expected two systems that learned from the same data.")
    truth = location_tags(data.test)
    ours, theirs = (
        span_counts(truth, each.classify(data.test.words))
        for each in (learned, answering)
    )
    return paired_counts_test(f1_of_counts, ours, theirs)
