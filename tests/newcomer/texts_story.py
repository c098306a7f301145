"""Somebody with texts in which the places are marked: places in other texts, found.

Tags are those of their own files, with words and tags parted by a space. More texts
make a second model, which the running service takes up, and which is rolled back.
"""

import random

TOWNS = [
    "Ulm",
    "Graz",
    "Basel",
    "Linz",
    "Jena",
    "Chur",
    "Bonn",
    "Trier",
    "Kiel",
    "Bern",
]
PEOPLE = ["Anna", "Max", "Lena", "Paul", "Ida", "Otto"]
FORMS = (
    "{who} lives in {where} .",
    "They drove from {where} to the sea .",
    "The train to {where} is late again .",
    "{who} likes tea .",
    "In {where} it rains , says {who} .",
)


def write_texts(path, n, seed):
    """Write tagged sentences, a word and a tag a line."""
    rng = random.Random(seed)
    lines = []
    for _ in range(n):
        names = {"who": rng.choice(PEOPLE), "where": rng.choice(TOWNS)}
        for word in rng.choice(FORMS).split():
            tag = {"{where}": "B-LOC", "{who}": "B-PER"}.get(word, "O")
            lines.append(f"{word.format(**names)} {tag}")
        lines.append("")
    path.write_text("\n".join(lines))


def found(user, text):
    """Return the places that the service finds in a text."""
    answer = user.ask("/v1/places/classify", {"text": text})
    return answer["generation"], [each["location"] for each in answer["answers"]]


def play(user):
    """Play the whole circle."""
    write_texts(user.folder / "texts.conll", 300, seed=1)
    user.run("train", "places", "--data", "texts.conll")
    answer = user.json("classify", "Otto lives in Graz now .", "--system", "places")
    assert "Graz" in str(answer), answer
    user.first_answer()

    with user.serving("places"):
        text = "The train to Jena is late , says Max ."
        assert found(user, text) == ("0001", ["Jena"])
        user.ask("/v1/snapshots", {"name": "monday"})
        write_texts(user.folder / "more.conll", 500, seed=2)
        user.run("train", "places", "--data", "more.conll")
        user.until(lambda: found(user, text)[0] == "0002")
        user.ask("/v1/places/generations/rollback", {})
        user.until(lambda: found(user, text) == ("0001", ["Jena"]))
        user.ask("/v1/places/generations/activate", {"name": "0002"})
        user.ask("/v1/snapshots/restore", {"name": "monday"})
        user.until(lambda: found(user, text) == ("0001", ["Jena"]))
