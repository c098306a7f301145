"""Sentences with cities and without, from a few frames."""

from lookalike.datasets import Tagged, TaggedText

OPTIONS = {"C": 10.0}
N_FIGURES = 2
IN_REPORT = ("names found",)
CITIES = ["Oslo", "Lima", "Turin", "Cairo", "Perth"]
CITIES += ["Delhi", "Quito", "Miami", "Lyon", "Kyoto"]
THINGS = ["soup", "rain", "music", "tea", "maths"]
THINGS += ["football", "paper", "glass", "bread", "noise"]
FRAMES = [
    ("we", "moved", "to", "*", "last", "year"),
    ("greetings", "from", "*", "!"),
    ("I", "live", "in", "*", "now"),
]
OTHERS = [("I", "like", "*", "a", "lot"), ("no", "*", "today", "!")]


def part(cities, things):
    """Return the frames filled with cities and things, and one sentence more."""
    words, tags = [], []
    for frames, fillers, tag in ((FRAMES, cities, "B-location"), (OTHERS, things, "O")):
        for frame in frames:
            for filler in fillers:
                words.append(tuple(filler if w == "*" else w for w in frame))
                tags.append(tuple(tag if w == "*" else "O" for w in frame))
    words.append(("She", "saw", "New", cities[0], "and", "Anna"))
    tags.append(("O", "O", "B-location", "I-location", "O", "B-person"))
    return Tagged(tuple(words), tuple(tags))


def data():
    """Return three parts with few cities in common."""
    return TaggedText(
        "own",
        "",
        part(CITIES[:7], THINGS[:7]),
        part(CITIES[5:9], THINGS[5:9]),
        part(CITIES[6:], THINGS[6:]),
    )


def inputs(made):
    """Return a few inputs as users send them, one of them without a place."""
    return [
        "I live in Kyoto now",
        "we moved to Delhi last year. greetings from Lyon !",
        "no soup today !",
        "in Oslo",
    ]
