"""What the tagger of the places system is told about each word: its symbols."""

from collections.abc import Sequence

from lookalike.systems.places.gazetteer import Word, bare, describe

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
"""Words that lead to places."""


def symbols(sentence: Sequence[Word], window: int = 2) -> list[list[str]]:
    """What a tagger is told about each word: itself, its neighbours, its run.

    A run is the words with a capital letter around a word, "Madison Square Garden":
    the word before the run and its last word say much about what it names.

    Examples
    --------
    >>> told = symbols([("in", ""), ("Hyde", ""), ("Park", "B-small")])[1]
    >>> [symbol for symbol in told if symbol.startswith(("before", "last"))]
    ['before=in', 'last=park', 'last is a landmark']
    """
    described = [describe(word) for word in sentence]
    lower = [bare(text).lower() for text, _ in sentence]
    capital = [bare(text)[:1].isupper() for text, _ in sentence]
    letters = capitals_of(sentence)
    rows = []
    for i, (_, mark) in enumerate(sentence):
        told = _around(i, described, window)
        plain, _, _, shape, _ = described[i]
        whole, before = f"^{plain}$", lower[i - 1] if i else "^"
        told += [f"ending={whole[-5:]}", f"ending={whole[-3:]}"]
        told.append(f"beginning={whole[:5]}")
        told.append(f"pair={before} {shape}")
        told += _led_by(lower[max(0, i - 3) : i], capital[i], mark)
        if mark:
            told += _listed(i, sentence, lower, shape, letters)
        told += _run(i, lower, capital)
        rows.append(told)
    return rows


def capitals_of(sentence: Sequence[Word]) -> str:
    """How a sentence uses capital letters.

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


def _around(i: int, described: Sequence[tuple[str, ...]], window: int) -> list[str]:
    """The words of the window; of the nearest three, endings, beginnings and marks."""
    told = []
    for step in range(-window, window + 1):
        if not 0 <= i + step < len(described):
            told.append(f"end{step}")
            continue
        plain, ending, beginning, shape, mark = described[i + step]
        told += [f"word{step}={plain}", f"form{step}={shape}"]
        if abs(step) <= 1:
            told += [f"ending{step}={ending}", f"beginning{step}={beginning}"]
            told.append(f"list{step}={mark}")
        if plain in LANDMARKS:
            told.append(f"landmark{step}")
    return told


def _led_by(before: Sequence[str], capital: bool, mark: str) -> list[str]:
    """The nearest word of place among the three before, and what it leads to."""
    for word in reversed(before):
        if word in LEADING:
            return [f"led by {word}", f"led by {word}, {capital}, {bool(mark)}"]
    return []


def _listed(
    i: int, sentence: Sequence[Word], lower: Sequence[str], shape: str, letters: str
) -> list[str]:
    """The kind of the name of the gazetteer that word i stands in, and its company."""
    kind = sentence[i][1][2:]
    told = ["listed", f"listed={kind}", f"listed={kind} {shape}"]
    told += [f"listed after {lower[i - 1] if i else '^'}"]
    told += [f"listed, {letters}", f"listed={kind}, {letters}"]
    if sentence[i][1].startswith("B"):
        end = i + 1
        while end < len(sentence) and sentence[end][1].startswith("I"):
            end += 1
        follows = lower[end] if end < len(sentence) else "$"
        told += [f"listed words={min(end - i, 3)}", f"listed before {follows}"]
    return told


def _run(i: int, lower: Sequence[str], capital: Sequence[bool]) -> list[str]:
    """What stands before and at the end of the run of capitals around word i."""
    if not capital[i]:
        return []
    first = last = i
    while first and capital[first - 1]:
        first -= 1
    while last + 1 < len(lower) and capital[last + 1]:
        last += 1
    told = [f"before={lower[first - 1] if first else '^'}", f"last={lower[last]}"]
    return [*told, "last is a landmark"] if lower[last] in LANDMARKS else told
