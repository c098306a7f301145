"""The passage of a text that answers a query best, and its matched words."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection
from dataclasses import dataclass

from lookalike.search.terms.analysis import Analysis

_RUN = re.compile(r"\S+")


@dataclass(frozen=True)
class Snippet:
    """A passage of a text.

    text : the passage, white space as it is in the document
    spans : where its matched words begin and end in ``text``, rising
    starts_inside, ends_inside : whether the document goes on before and after it
    """

    text: str
    spans: list[tuple[int, int]]
    starts_inside: bool
    ends_inside: bool

    def marked(self, before: str = "**", after: str = "**", more: str = "…") -> str:
        """The passage with its matched words between two marks."""
        pieces, at = [more if self.starts_inside else ""], 0
        for start, stop in self.spans:
            pieces += [self.text[at:start], before, self.text[start:stop], after]
            at = stop
        return "".join([*pieces, self.text[at:], more if self.ends_inside else ""])


def snippet_of(
    text: str, terms: Collection[str], analysis: Analysis, length: int
) -> Snippet:
    """The passage of at most ``length`` letters with the most different terms.

    Of several the one with the most matched words, then the first. A passage begins and
    ends with a whole word where a word is shorter than ``length``.
    """
    runs = [(m.start(), m.end()) for m in _RUN.finditer(text)]
    matches = _matches(text, terms, analysis)
    start, stop = _window(runs, matches, length)
    spans = [(a - start, b - start) for a, b, _ in matches if start <= a and b <= stop]
    first = runs[0][0] if runs else 0
    last = runs[-1][1] if runs else 0
    return Snippet(text[start:stop], _joined(spans), start > first, stop < last)


def _matches(
    text: str, terms: Collection[str], analysis: Analysis
) -> list[tuple[int, int, str]]:
    """Start, stop and term of each matched word."""
    pieces = [(start, stop, text[start:stop]) for start, stop in analysis.pieces(text)]
    different = list(dict.fromkeys(piece for _, _, piece in pieces))
    cut = analysis.cut(different)
    first: dict[str, str] = {}
    begin = 0
    for piece, end in zip(different, cut.ends.tolist(), strict=True):
        own = (cut.terms[number] for number in cut.numbers[begin:end].tolist())
        matched = next((term for term in own if term in terms), None)
        if matched is not None:
            first[piece] = matched
        begin = end
    return [
        (start, stop, first[piece]) for start, stop, piece in pieces if piece in first
    ]


def _window(
    runs: list[tuple[int, int]], matches: list[tuple[int, int, str]], length: int
) -> tuple[int, int]:
    """Where the best passage begins and ends."""
    if not runs:
        return 0, 0
    best, chosen = (-1, -1), (runs[0][0], runs[0][0])
    begins = [runs[0][0]]
    if matches:
        starts = [start for start, _ in runs]
        # The word that holds a match begins the passage.
        begins = [starts[bisect_right(starts, a) - 1] for a, _, _ in _first(matches)]
    firsts, lasts = [a for a, _, _ in matches], [b for _, b, _ in matches]
    for begin in dict.fromkeys(begins):
        end = begin + length
        low, high = bisect_left(firsts, begin), bisect_right(lasts, end)
        inside = [term for _, _, term in matches[low:high]]
        value = (len(set(inside)), len(inside))
        if value > best:
            best, chosen = value, (begin, end)
    begin, end = chosen
    return _widened(runs, begin, min(begin + length, runs[-1][1]), length)


def _first(matches: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The matches at which a passage may begin: of very many, the first."""
    return matches[:1000]


def _widened(
    runs: list[tuple[int, int]], begin: int, end: int, length: int
) -> tuple[int, int]:
    """Begin earlier where the text ends early, and cut no word in two."""
    stops = [stop for start, stop in runs if start >= begin and stop <= end]
    end = stops[-1] if stops else end
    earlier = [start for start, _ in runs if end - length <= start < begin]
    if earlier and end == runs[-1][1]:
        begin = earlier[0]
    return begin, end


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that overlap, as pairs of letters do, become one."""
    joined: list[tuple[int, int]] = []
    for start, stop in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined
