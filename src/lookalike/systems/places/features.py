"""Features of the words of a sentence, for the tagger of the places system."""

from collections.abc import Sequence

from lookalike.systems.places.gazetteer import MarkedWord
from lookalike.systems.places.tokens import with_zeros, without_signs, word_shape

_LANDMARKS = """
academy aquarium arena avenue ave bar base bay beach bistro blvd boulevard bridge
building cafe camp campus canyon capitol casino castle cathedral center centre church
city club coast college corner county court creek desert diner district dock downtown
dr drive elementary embassy factory falls field forest fort gallery garden gardens grill
gym hall harbor harbour highway hill hospital hotel house hwy inn institute island
junction kingdom lake lane library lodge lounge mall mansion mosque mountain museum
ocean palace park parkway pass peak pier pkwy plaza pool port province pub rd region
republic resort restaurant rink river road route school sea square st stadium state
states station street temple theater theatre tower town trail university valley venue
village woods zoo
"""
LANDMARKS = frozenset(_LANDMARKS.split())
"""Words that end names of places."""
LEADING = frozenset(["in", "at", "from", "to", "near", "of", "visit", "visiting"])
"""Words that lead to locations."""


def spelling(word: MarkedWord) -> tuple[str, ...]:
    """Return a word's lower case, ending, beginning, shape and mark.

    Examples
    --------
    >>> spelling(("Boston", "B-large"))
    ('boston', 'ton', 'bos', 'Xx', 'B-large')
    """
    text, mark = word
    shape = word_shape(text)
    if shape in ("address", "@x"):
        plain = shape
    else:
        plain = with_zeros(without_signs(text).lower())
    return plain, plain[-3:], plain[:3], shape, mark


def sentence_features(
    sentence: Sequence[MarkedWord], window: int = 2
) -> list[list[str]]:
    """Return the features of each word: of itself, its neighbours and its run.

    A run is the words with a capital letter around a word, "Madison Square Garden":
    the word before the run and its last word say much about what it names.

    Examples
    --------
    >>> row = sentence_features([("in", ""), ("Hyde", ""), ("Park", "B-small")])[1]
    >>> [feature for feature in row if feature.startswith(("before", "last"))]
    ['before=in', 'last=park', 'last is a landmark']
    """
    spelled = [spelling(word) for word in sentence]
    lower = [without_signs(text).lower() for text, _ in sentence]
    capital = [without_signs(text)[:1].isupper() for text, _ in sentence]
    letters = capitals_of(sentence)
    rows = []
    for i, (_, mark) in enumerate(sentence):
        row = _around(i, spelled, window)
        plain, _, _, shape, _ = spelled[i]
        whole, before = f"^{plain}$", lower[i - 1] if i else "^"
        row += [f"ending={whole[-5:]}", f"ending={whole[-3:]}"]
        row.append(f"beginning={whole[:5]}")
        row.append(f"pair={before} {shape}")
        row += _led_by(lower[max(0, i - 3) : i], capital[i], mark)
        if mark:
            row += _listed(i, sentence, lower, shape, letters)
        row += _run(i, lower, capital)
        rows.append(row)
    return rows


def capitals_of(sentence: Sequence[MarkedWord]) -> str:
    """Return how a sentence uses capital letters.

    Examples
    --------
    >>> texts = ["GO UP", "Go Up", "Go up", "go up", "!"]
    >>> [capitals_of([(word, "") for word in text.split()]) for text in texts]
    ['shout', 'title', 'mixed', 'lower', 'none']
    """
    words = [text for text, _ in sentence if text[:1].isalpha()]
    if not words:
        return "none"
    if sum(word.isupper() and len(word) > 1 for word in words) > 0.5 * len(words):
        return "shout"
    n_capital = sum(word[0].isupper() for word in words)
    if n_capital > 0.6 * len(words):
        return "title"
    return "mixed" if n_capital else "lower"


def _around(i: int, spelled: Sequence[tuple[str, ...]], window: int) -> list[str]:
    """The words of the window; of the nearest three, endings, beginnings and marks."""
    row = []
    for step in range(-window, window + 1):
        if not 0 <= i + step < len(spelled):
            row.append(f"end{step}")
            continue
        plain, ending, beginning, shape, mark = spelled[i + step]
        row += [f"word{step}={plain}", f"form{step}={shape}"]
        if abs(step) <= 1:
            row += [f"ending{step}={ending}", f"beginning{step}={beginning}"]
            row.append(f"list{step}={mark}")
        if plain in LANDMARKS:
            row.append(f"landmark{step}")
    return row


def _led_by(before: Sequence[str], capital: bool, mark: str) -> list[str]:
    """The nearest leading word among the three before, and what it leads to."""
    for word in reversed(before):
        if word in LEADING:
            return [f"led by {word}", f"led by {word}, {capital}, {bool(mark)}"]
    return []


def _listed(
    i: int,
    sentence: Sequence[MarkedWord],
    lower: Sequence[str],
    shape: str,
    letters: str,
) -> list[str]:
    """The kind of the listed name that word i stands in, and what is beside it."""
    kind = sentence[i][1][2:]
    row = ["listed", f"listed={kind}", f"listed={kind} {shape}"]
    row += [f"listed after {lower[i - 1] if i else '^'}"]
    row += [f"listed, {letters}", f"listed={kind}, {letters}"]
    if sentence[i][1].startswith("B"):
        end = i + 1
        while end < len(sentence) and sentence[end][1].startswith("I"):
            end += 1
        follows = lower[end] if end < len(sentence) else "$"
        row += [f"listed words={min(end - i, 3)}", f"listed before {follows}"]
    return row


def _run(i: int, lower: Sequence[str], capital: Sequence[bool]) -> list[str]:
    """What stands before and at the end of the run of capitals around word i."""
    if not capital[i]:
        return []
    first = last = i
    while first and capital[first - 1]:
        first -= 1
    while last + 1 < len(lower) and capital[last + 1]:
        last += 1
    row = [f"before={lower[first - 1] if first else '^'}", f"last={lower[last]}"]
    return [*row, "last is a landmark"] if lower[last] in LANDMARKS else row
