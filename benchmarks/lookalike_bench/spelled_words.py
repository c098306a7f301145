"""Misspelt words and queries put right, beside SymSpell.

Edits are learned from Birkbeck's misspellings without the words of Norvig's sets; for
queries from codespell's, too.
"""

import ast
import gzip
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

from lookalike.datasets import find
from lookalike_bench.bars import Row
from lookalike_bench.documents import resident_megabytes
from lookalike_bench.word_lists import lines_of, pairs_of_words, words

_PAIRS_SCALE = 0.03  # SymSpell counts pairs and single words on different scales
_QUERIES_SHARE = 0.5  # of the weight of words: those of queries
_LEAST = 2  # askings that make a word of queries a known one
_SIGNS = re.compile(r"[^\w\s'-]")


def norvig(number: int) -> list[tuple[str, list[str]]]:
    """One of Norvig's test sets: wrong words, and the right one of each."""
    whole = "".join(lines_of("misspellings", f"spell-testset{number}.txt.gz"))
    sets = ast.literal_eval(whole.partition("=")[2].strip())
    return [(w, [right]) for right, wrong in sets.items() for w in wrong.split()]


def codespell() -> list[tuple[str, list[str]]]:
    """Wrong words of codespell, and what each may have been meant as."""
    found = []
    for line in lines_of("misspellings", "codespell.dictionary.txt.gz"):
        wrong, _, right = line.strip().partition("->")
        meant = [each.strip().lower() for each in right.split(",") if each.strip()]
        if wrong.isascii() and wrong.isalpha():
            found.append((wrong.lower(), meant))
    return found


def known_right() -> list[tuple[str, list[str]]]:
    """Those of them of which a right word is in the vocabulary, every eighth."""
    known = words()
    return [each for each in codespell() if any(w in known for w in each[1])][::8]


WRONG: dict[str, Callable[[], list[tuple[str, list[str]]]]] = {
    "norvig 1": partial(norvig, 1),
    "norvig 2": partial(norvig, 2),
    "codespell": known_right,
}


def birkbeck() -> list[tuple[str, str]]:
    """Birkbeck's misspellings, without the words of Norvig's sets."""
    sets = norvig(1) + norvig(2)
    held = {wrong for wrong, _ in sets} | {right for _, [right] in sets}
    found, right = [], ""
    for line in lines_of("misspellings", "birkbeck.missp.dat.gz", "latin-1"):
        word = line.strip().lower()
        if word.startswith("$"):
            right = word[1:]
        elif word.isalpha() and right.isalpha() and not {word, right} & held:
            found.append((word, right))
    return found


def spelling(method: str, words_of: str) -> Any:
    """Put the words of a set right, one by one."""
    pairs, before = WRONG[words_of](), resident_megabytes()
    wrong = [word for word, _ in pairs]
    if method == "lookalike":
        from lookalike.search.spelling import EditCosts, SpellingCorrector

        costs = EditCosts(birkbeck())
        SpellingCorrector({"warm": 1}).correct("wram")
        before = resident_megabytes()
        ask: Callable[[str], str] = SpellingCorrector(words(), costs=costs).correct
    else:
        symspell = _symspell()
        top = import_module("symspellpy").Verbosity.TOP

        def ask(word: str) -> str:
            found = symspell.lookup(word, top, max_edit_distance=2)
            return str(found[0].term) if found else word

    memory = resident_megabytes() - before

    def call() -> tuple[list[str], float]:
        start = time.perf_counter()
        return [ask(word) for word in wrong], time.perf_counter() - start

    def describe(answer: tuple[list[str], float]) -> Row:
        given = zip(answer[0], pairs, strict=True)
        right = np.mean([word in meant for word, (_, meant) in given])
        return {
            "words": len(pairs),
            "right": round(float(right), 4),
            "words/s": round(len(pairs) / answer[1]),
            "memory MB": round(memory, 1),
        }

    return call, describe


def _symspell(pairs: bool = False) -> Any:
    """SymSpell for Python with its own words."""
    made = import_module("symspellpy").SymSpell(max_dictionary_edit_distance=2)
    for word, n in words().items():
        made.create_dictionary_entry(word, int(n))
    if pairs:
        folder = find("word_frequencies") / "symspell_bigrams_en_243_342.txt.gz"
        with tempfile.NamedTemporaryFile("wb", suffix=".txt") as plain:
            plain.write(gzip.decompress(folder.read_bytes()))
            plain.flush()
            made.load_bigram_dictionary(plain.name, 0, 2, encoding="utf-8-sig")
    return made


def real_queries() -> list[tuple[str, str]]:
    """Sixty misspelt queries of people, and what each was meant to be."""
    from lookalike.search.prefix.suggester import normalise

    right, wrong = (
        dict(
            line.rstrip("\n").split("\t")[:2] for line in lines_of("msmarco_typo", file)
        )
        for file in ("query.tsv.gz", "query.typo.tsv.gz")
    )
    return [(normalise(wrong[id]), normalise(right[id])) for id in right]


def corrector_of_queries() -> Any:
    """What puts queries right: words and pairs of English, and of other queries.

    Those are TREC's and MS MARCO's; none is among the sixty.
    """
    from lookalike.datasets import load_trec_queries
    from lookalike.search.prefix.suggester import normalise
    from lookalike.search.spelling import EditCosts, SpellingCorrector

    held = {query for pair in real_queries() for query in pair}
    asked = [normalise(query) for query in load_trec_queries().train.queries]
    for line in lines_of("msmarco_typo", "queries.dev.small.tsv.gz"):
        asked.append(normalise(line.rstrip("\n").split("\t")[1]))
    plain = (_SIGNS.sub(" ", query).split() for query in asked if query not in held)
    cut = [query for query in plain if query]
    counts = Counter(word for query in cut for word in query)
    known, together = dict(words()), {}
    for pair, n in pairs_of_words().items():
        together[pair] = n * _PAIRS_SCALE
    scale = _QUERIES_SHARE * sum(known.values()) / sum(counts.values())
    for word, n in counts.items():
        if word in known or n >= _LEAST:
            known[word] = known.get(word, 0.0) + n * scale
    for pair, n in Counter(pair for query in cut for pair in pairwise(query)).items():
        if pair[0] in known and pair[1] in known:
            together[pair] = together.get(pair, 0.0) + n * scale
    wrong = [(w, meant[0]) for w, meant in codespell() if len(meant) == 1]
    wrong = [pair for pair in wrong if pair[1].isalpha()]
    return SpellingCorrector(known, together, EditCosts(birkbeck() + wrong))


def queries(method: str) -> Any:
    """Put the sixty queries right, and those that are right already."""
    pairs = real_queries()
    if method == "lookalike":
        ask: Callable[[str], str] = corrector_of_queries().correct_query
    else:
        symspell = _symspell(pairs=True)

        def ask(query: str) -> str:
            found = symspell.lookup_compound(query, 2, transfer_casing=False)
            return str(found[0].term)

    def call() -> list[tuple[str, str]]:
        return [(ask(wrong), ask(right)) for wrong, right in pairs]

    def describe(answers: list[tuple[str, str]]) -> Row:
        given = list(zip(answers, pairs, strict=True))
        return {
            "right": sum(answer[0] == pair[1] for answer, pair in given),
            "damaged": sum(answer[1] != pair[1] for answer, pair in given),
        }

    return call, describe
