"""``lookalike bench typeahead``: completion, suggestions and spelling, beside others.

Names are the 242,342 weighted pairs of words that come with SymSpell, and a million
made of them. A prefix is drawn from a name; what is timed is the call that a user
makes, one thread, one by one. Suggestions are measured on the last 10,000 queries of
TREC's log, of which nothing was chosen, and over HTTP at 500 requests a second.
Spelling: edits are learned from Birkbeck's misspellings without the words of Norvig's
sets; for queries from codespell's, too.
"""

import heapq
import json
import random
import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from importlib import import_module
from typing import Any

import numpy as np

from lookalike_bench.arrays import Floats
from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.runner import (
    Contestant,
    Job,
    ProgressCallback,
    measured,
    race,
    selected,
)
from lookalike_bench.spelled_words import WRONG
from lookalike_bench.under_load import n_failed, served
from lookalike_bench.word_lists import pairs_of_words

N_PREFIXES, N_TYPOS, N_SCANNED = 2_000, 200, 10
FEW, MANY = 242_342, 1_000_000
RATE, SECONDS = 500, 10.0
TYPED = ("new yo", "c", "hotels in ro", "waether n")
"""Texts that are sent over HTTP: one that many queries begin with, the shortest, one of
several words, and one with a typo."""

BARS = (
    *(
        Bar(
            f"{n:,} names: p99 of a completion, ms",
            0.05,
            most("p99 ms", f"completion {n:,}"),
            at_most=True,
        )
        for n in (FEW, MANY)
    ),
    Bar(f"{FEW:,} names: build, s", 1, most("build s", f"completion {FEW:,}"), True),
    *(
        Bar(
            f"{n:,} names: bytes a name beside its letters",
            40,
            most("bytes a name", f"completion {n:,}"),
            at_most=True,
        )
        for n in (FEW, MANY)
    ),
    Bar("two edits: p99, ms", 5, most("p99 ms", "two edits"), at_most=True),
    Bar("two edits: share equal to a scan", 1, least("equal", "two edits")),
    Bar(f"over HTTP at {RATE}/s: p99, ms", 5, most("p99 ms", "http"), at_most=True),
    Bar("MRR@10 after six letters", 0.16, least("mrr@10", "suggestions")),
    Bar("... of queries asked before", 0.74, least("asked before", "suggestions")),
    Bar("misspelt queries put right, of 60", 45, least("right", "queries")),
    Bar("right queries damaged, of 60", 2, most("damaged", "queries"), at_most=True),
    Bar("Norvig's first set", 0.80, least("right", "spelling norvig 1")),
    Bar("Norvig's second set", 0.78, least("right", "spelling norvig 2")),
    Bar("codespell, right words known", 0.92, least("right", "spelling codespell")),
    Bar("words a second", 20_000, least("words/s", "spelling codespell")),
    Bar("memory, MB", 100, most("memory MB", "spelling codespell"), at_most=True),
)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Run the jobs whose name contains ``only``."""
    return measured(selected(jobs(rounds), only), progress, BARS)


def jobs(rounds: int) -> list[tuple[str, Callable[[], Iterable[Row]]]]:
    """All jobs by name."""

    def raced(name: str, factory: str, methods: Iterable[str], **given: Any) -> Any:
        contestants = [
            Contestant(each, f"lookalike_bench.{factory}", {"method": each, **given})
            for each in methods
        ]
        return name, partial(race, Job(name, contestants, rounds))

    completing = [
        raced(
            f"completion {n:,}",
            "typeahead:completing",
            ("lookalike", "marisa-trie"),
            n=n,
        )
        for n in (FEW, MANY)
    ]
    spelling = [
        raced(
            f"spelling {name}",
            "spelled_words:spelling",
            ("lookalike", "symspellpy"),
            words_of=name,
        )
        for name in WRONG
    ]
    return [
        *completing,
        raced("two edits", "typeahead:near", ("lookalike", "rapidfuzz")),
        ("suggestions", suggestions),
        ("http", over_http),
        raced("queries", "spelled_words:queries", ("lookalike", "symspellpy")),
        *spelling,
    ]


# --- completion -----------------------------------------------------------------------


@cache
def names(n: int) -> tuple[list[str], Floats]:
    """Names with weights: pairs of words, and more of them with a further word."""
    pairs = pairs_of_words()
    made = {" ".join(pair): weight for pair, weight in pairs.items()}
    following: dict[str, list[str]] = {}
    for one, two in pairs:
        following.setdefault(one, []).append(two)
    rng, some = random.Random(0), list(pairs)
    while len(made) < n:
        one, two = rng.choice(some)
        if two in following:
            name = f"{one} {two} {rng.choice(following[two])}"
            made.setdefault(name, pairs[one, two] * rng.random())
    found = list(made)[:n]
    return found, np.array([made[name] for name in found])


def prefixes(n: int, n_prefixes: int) -> list[str]:
    """Beginnings of names, of every length."""
    rng, held = random.Random(1), names(n)[0]
    chosen = [rng.choice(held) for _ in range(n_prefixes)]
    return [name[: rng.randint(1, len(name))] for name in chosen]


def completing(method: str, n: int) -> Any:
    """Build an index of names; the call completes all prefixes, one by one."""
    held, weights = names(n)
    asked = prefixes(n, N_PREFIXES)
    if method == "lookalike":
        from lookalike.search.prefix import PrefixIndex

        PrefixIndex(held[:1000], weights[:1000]).complete("a")  # compiles
        start = time.perf_counter()
        index = PrefixIndex(held, weights, words=False)
        build = time.perf_counter() - start
        ask: Callable[[str], Any] = index.complete
        held_bytes = index.nbytes / n
    else:
        marisa = import_module("marisa_trie")
        start = time.perf_counter()
        trie = marisa.Trie(held)
        build = time.perf_counter() - start
        by_id = np.empty(n)
        by_id[[trie[name] for name in held]] = weights
        ranked = by_id.tolist()
        held_bytes = (len(trie.tobytes()) + by_id.nbytes - sum(map(len, held))) / n

        def ask(prefix: str) -> Any:
            return heapq.nlargest(10, trie.items(prefix), lambda pair: ranked[pair[1]])

    return partial(_timed, ask, asked), lambda times: {
        **_percentiles(times),
        "build s": round(build, 3),
        "bytes a name": round(held_bytes, 1),
    }


def typos(n: int) -> list[str]:
    """Beginnings of six letters and more, each with one or two random edits."""
    rng, held = random.Random(2), [name for name in names(FEW)[0] if len(name) > 9]
    found = []
    for _ in range(n):
        name = rng.choice(held)
        typed = list(name[: rng.randint(6, min(len(name), 14))])
        for _ in range(rng.choice((1, 2))):
            at = rng.randrange(1, len(typed))
            kind = rng.randrange(4)
            if kind == 0:
                typed[at] = rng.choice("abcdefghijklmnopqrstuvwxyz")
            elif kind == 1:
                typed.insert(at, rng.choice("abcdefghijklmnopqrstuvwxyz"))
            elif kind == 2 and len(typed) > 6:
                del typed[at]
            else:
                typed[at - 1], typed[at] = typed[at], typed[at - 1]
        found.append("".join(typed))
    return found


def near(method: str) -> Any:
    """Complete beginnings that are up to two edits away."""
    held, weights = names(FEW)
    asked = typos(N_TYPOS)
    if method == "lookalike":
        from lookalike.search.prefix import PrefixIndex

        index = PrefixIndex(held, weights, words=False)
        index.near("warming")

        def described(times: Floats) -> Row:
            matrix = _letters(held)
            same = [
                index.near(typed) == _scanned(held, weights, matrix, typed)
                for typed in asked[:N_SCANNED]
            ]
            return {**_percentiles(times), "equal": float(np.mean(same))}

        return partial(_timed, index.near, asked), described
    fuzz = import_module("rapidfuzz")
    distance = fuzz.distance.OSA.distance

    def ask(typed: str) -> Any:
        cut = [name[: len(typed)] for name in held]
        found = fuzz.process.extract(
            typed, cut, scorer=distance, score_cutoff=2, limit=None, processor=None
        )
        return heapq.nsmallest(10, found, lambda each: (each[1], -weights[each[2]]))

    return partial(_timed, ask, asked[:20]), _percentiles


def _letters(held: list[str]) -> Any:
    """The first 17 letters of names, as numbers, 0 behind their ends."""
    return np.array([list(map(ord, name[:17].ljust(17, "\0"))) for name in held])


def _scanned(held: list[str], weights: Floats, letters: Any, typed: str) -> Any:
    """What ``near`` has to return, by the definition, over all names at once."""
    n, width = letters.shape
    rows = [np.tile(np.arange(width + 1), (n, 1))]
    for i, character in enumerate(map(ord, typed), start=1):
        row = np.empty((n, width + 1), int)
        row[:, 0] = i
        for j in range(1, width + 1):
            here = letters[:, j - 1]
            cost = rows[-1][:, j - 1] + (here != character)
            cost = np.minimum(cost, np.minimum(rows[-1][:, j], row[:, j - 1]) + 1)
            if i > 1 and j > 1:
                swapped = (here == ord(typed[i - 2])) & (letters[:, j - 2] == character)
                other = np.where(swapped, rows[-2][:, j - 2] + 1, 99)
                cost = np.minimum(cost, other)
            row[:, j] = cost
        rows.append(row)
    beyond = np.arange(width + 1) > (letters != 0).sum(1)[:, None]
    edits = np.where(beyond, 99, rows[-1]).min(1)
    kept = np.flatnonzero(edits <= 2).tolist()
    kept.sort(key=lambda at: (edits[at], -weights[at], held[at]))
    return [(held[at], float(weights[at])) for at in kept[:10]]


# --- suggestions ----------------------------------------------------------------------


@cache
def _system() -> Any:
    """The system that learned from TREC's queries, and how it was measured."""
    from lookalike.systems import find_spec

    spec = find_spec("typeahead")
    data = spec.find_data("trec_queries")
    return spec.train(spec.new({}), data)


def suggestions() -> list[Row]:
    """Measure the rank of later queries after six letters."""
    _, result = _system()
    found = result.metrics
    return [
        {
            "method": "lookalike",
            "mrr@10": str(found["reciprocal_rank"]),
            "asked before": str(found["reciprocal_rank_of_asked_before"]),
            "never asked": str(found["reciprocal_rank_of_never_asked"]),
        },
        {
            "method": "most popular completion",
            "mrr@10": str(found["reciprocal_rank_of_most_popular_completion"]),
        },
    ]


def over_http() -> list[Row]:
    """Measure the latency of suggestions of one worker at a fixed rate."""
    rows = []
    suggester, result = _system()
    with served("typeahead", lambda place: suggester.save(place, result)) as server:
        for text in TYPED:
            body = json.dumps({"text": text}).encode()
            found = server.load(
                "/v1/typeahead/suggest", body, rate=RATE, seconds=SECONDS
            )
            rows.append(
                {
                    "method": "lookalike",
                    "typed": text,
                    "requests/s": round(found["per_second"], 1),
                    "p50 ms": round(found["p50"], 3),
                    "p99 ms": round(found["p99"], 3),
                    "refused": n_failed(found),
                }
            )
    return rows


def _timed(ask: Callable[[str], Any], asked: list[str]) -> Floats:
    """Seconds of each call, and those of the processor alone, (2, n_calls)."""
    times = np.empty((2, len(asked)))
    for at, text in enumerate(asked):
        start, own = time.perf_counter(), time.thread_time()
        ask(text)
        times[:, at] = time.perf_counter() - start, time.thread_time() - own
    return times


def _percentiles(times: Floats) -> Row:
    """On a machine that does other things, too, the processor's say more."""
    p50, p99 = 1e3 * np.quantile(times, [0.5, 0.99], axis=1)
    return {
        "p50 ms": round(float(p50[0]), 4),
        "p99 ms": round(float(p99[0]), 4),
        "p99 processor ms": round(float(p99[1]), 4),
    }
