"""What a query asks for: words, and phrases between quotation marks."""

import re
from collections import Counter
from dataclasses import dataclass

from lookalike.search.terms.analysis import Analysis

_MARKS = '"\u201c\u201d\u201e\u00ab\u00bb'
_PHRASE = re.compile(f"[{_MARKS}]([^{_MARKS}]*)[{_MARKS}]")
_BLANKS = dict.fromkeys(map(ord, _MARKS), " ")


@dataclass(frozen=True)
class Query:
    """A query as terms.

    counts : how often it holds each term, in the order of their first occurrence
    phrases : terms that have to stand one right after the other
    """

    counts: dict[str, int]
    phrases: list[list[str]]


def parse(text: str, analysis: Analysis) -> Query:
    """Read a query; a quotation mark without another one is a blank.

    Examples
    --------
    >>> parse('red "wine glass', Analysis(None))
    Query(counts={'red': 1, 'wine': 1, 'glass': 1}, phrases=[])
    >>> parse('red "wine glass"', Analysis(None)).phrases
    [['wine', 'glass']]
    """
    counts = dict(Counter(analysis.terms(text)))
    quoted = _PHRASE.findall(text) if not text.isalnum() else []
    phrases = [terms for each in quoted if (terms := analysis.terms(each))]
    return Query(counts, phrases)


def unquoted(text: str) -> str:
    """Return a query without its quotation marks, so that none of it is a phrase.

    Examples
    --------
    >>> unquoted('red "wine glass"')
    'red  wine glass '
    """
    return text.translate(_BLANKS)
