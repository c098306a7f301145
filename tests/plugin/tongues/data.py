"""Sayings in three languages; every third is for the test."""

from dataclasses import dataclass
from hashlib import sha256

SAYINGS = {
    "English": """the early bird catches the worm
        all that glitters is not gold
        where there is smoke there is fire
        when in Rome do as the Romans do
        the apple does not fall far from the tree
        a picture is worth a thousand words
        you cannot judge a book by its cover
        there is no place like home
        better late than never""",
    "German": """der frühe Vogel fängt den Wurm
        es ist nicht alles Gold was glänzt
        wo Rauch ist da ist auch Feuer
        andere Länder andere Sitten
        der Apfel fällt nicht weit vom Stamm
        ein Bild sagt mehr als tausend Worte
        man soll den Tag nicht vor dem Abend loben
        Übung macht den Meister
        besser spät als nie""",
    "Spanish": """a quien madruga Dios le ayuda
        no es oro todo lo que reluce
        cuando el río suena agua lleva
        donde fueres haz lo que vieres
        de tal palo tal astilla
        una imagen vale más que mil palabras
        el hábito no hace al monje
        no hay mal que por bien no venga
        más vale tarde que nunca""",
}


@dataclass(frozen=True)
class Texts:
    """Texts with their languages, to learn from and to test on."""

    name: str
    checksum: str
    train: tuple[tuple[str, str], ...]
    test: tuple[tuple[str, str], ...]


def sayings():
    """Return the sayings."""
    pairs = [
        (text.strip(), language)
        for language, lines in SAYINGS.items()
        for text in lines.splitlines()
    ]
    train = tuple(pair for at, pair in enumerate(pairs) if at % 3)
    return Texts("sayings", sha256(repr(pairs).encode()).hexdigest(), train, pairs[::3])
