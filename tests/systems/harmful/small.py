"""Posts in two made-up languages, with made-up words in the place of abuse."""

import numpy as np

from lookalike.datasets.posts import LabelledPosts, Posts, parts_by_text

OPTIONS = {}
N_FIGURES = 1
IN_REPORT = ("The queue for people", "What is done with the test posts")
IN_CARD = ("Removing needs more",)
KINDS = ("any", "insult", "age")
WORDS = {
    "aa": {
        "any": ("good", "day", "friend", "walk", "house", "river", "bread", "song"),
        "insult": ("zorgle", "plimpish"),
        "age": ("grumbold", "oldimer"),
    },
    "bb": {
        "any": ("bono", "dia", "amiko", "promeno", "domo", "rivero", "pano", "kanto"),
        "insult": ("vrekko", "snurfo"),
        "age": (),
    },
}


def part(language, n, seed):
    """Return n posts; the second language has no label of age."""
    rng = np.random.default_rng(seed)
    words, texts, labels = WORDS[language], [], []
    for at in range(n):
        text = list(rng.choice(words["any"], 5))
        kinds = [kind for kind in KINDS[1:] if words[kind]]
        kind = kinds[at // 2 % len(kinds)] if at % 2 else None
        if kind is not None:
            text.insert(int(rng.integers(5)), rng.choice(words[kind]))
        own = [float(kind is not None)]
        own += [float(k == kind) if words[k] else np.nan for k in KINDS[1:]]
        texts.append(" ".join(text))
        labels.append(own)
    texts = tuple(f"{text} {n % 97}" for n, text in enumerate(texts))
    return LabelledPosts(
        texts, np.array(labels), (language,) * n, (f"set_{language}",) * n
    )


def data():
    """Return posts of both languages, split by their texts."""
    whole = part("aa", 1200, 0) + part("bb", 400, 1)
    train, validation, test = parts_by_text(whole, (0.4, 0.8))
    return Posts("toy", "", KINDS, train, validation, test)


def inputs(made):
    """Return a few inputs as users send them."""
    return [
        "good day friend",
        "you are such a zorgle",
        "bono dia amiko vrekko",
        "@ann g r u m b o l d walk house",
        "x",
    ]
