"""``lookalike bench documents``: search of texts beside other engines.

First the quality: nDCG@10 on test collections, title and text of a document as one
text, every engine with the same parameters, none of them chosen on these queries. Then
the speed: 800,000 short texts, made from captions of videos and titles of articles,
repeated with words left out at random; 2,000 queries of people to a web search engine,
one by one, the ten best, one thread, the engines in turn. ``--only changes`` measures
what inserting and removing take, and what is left of the speed after 10,000 of both;
``--only fusion`` what the system ``documents`` makes of words and meaning, each query
answered with a weight that others taught.
"""

import random
import resource
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.datasets import TEXT_COLLECTIONS, load_trec_queries
from lookalike.datasets.short_texts import load_captions
from lookalike.datasets.text_collections import TextCollection
from lookalike.evaluate import bootstrap, evaluate_rankings, paired_test
from lookalike_bench.arrays import Floats
from lookalike_bench.bars import Bar, Row, difference, least, most, quotient
from lookalike_bench.runner import (
    Contestant,
    Job,
    ProgressCallback,
    measured,
    race,
    selected,
)
from lookalike_bench.text_peers import ENGINES

K = 10
N_TEXTS, N_QUERIES = 800_000, 2_000
LEFT_OUT = 0.15  # of the words of a text that is repeated
SPEED = f"speed {N_TEXTS:,} texts"
SLOW = "speed 20,000 texts"
CHANGES = "changes"
PEERS = ("tantivy", "bm25s", "SQLite FTS5")


def _of_tantivy(column: str) -> Any:
    ours, theirs = least(column, SPEED), least(column, SPEED, "tantivy")
    return quotient(ours, theirs)


BARS = (
    *(
        Bar(
            f"{name}: nDCG@10 less the best of bm25s and tantivy",
            -0.003,
            difference(
                least("ndcg@10", f"quality {name}"),
                most("ndcg@10", f"quality {name}", "[bt]*"),
            ),
        )
        for name in TEXT_COLLECTIONS
    ),
    *(
        Bar(
            f"{name}: nDCG@10 of the fusion less the better of words and meaning",
            -0.003,
            difference(
                least("ndcg@10", f"fusion {name}", "as served"),
                most("ndcg@10", f"fusion {name}", "* alone"),
            ),
        )
        for name in TEXT_COLLECTIONS
    ),
    Bar(
        "cranfield: nDCG@10 of the fusion less that of words",
        0.03,
        difference(
            least("ndcg@10", "fusion cranfield", "as served"),
            most("ndcg@10", "fusion cranfield", "words alone"),
        ),
    ),
    Bar(
        "scifact: nDCG@10 with what judged claims teach",
        0.71,
        least("ndcg@10", "fusion scifact", "as served"),
    ),
    Bar("queries a second, times tantivy's", 1, _of_tantivy("queries/s")),
    Bar("p99, times tantivy's", 1, _of_tantivy("p99 ms"), at_most=True),
    Bar("build, times tantivy's", 1, _of_tantivy("build s"), at_most=True),
    Bar("memory, times tantivy's", 1, _of_tantivy("memory MB"), at_most=True),
    Bar("insert, ms, the median", 1, most("insert ms", CHANGES), at_most=True),
    Bar("remove, ms, the median", 1, most("remove ms", CHANGES), at_most=True),
    Bar("speed after 10,000 changes", 0.8, least("speed left", CHANGES)),
    Bar("scores away from a rebuild", 1e-6, most("off", CHANGES), at_most=True),
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
    quality = [
        (f"quality {name}", partial(compared, name)) for name in TEXT_COLLECTIONS
    ]
    speed = [
        (SPEED, ("lookalike", *PEERS), N_TEXTS, N_QUERIES),
        (SLOW, ("lookalike", "rank_bm25"), 20_000, 50),
    ]
    races = [
        (name, partial(race, Job(name, _contestants(names, *sizes), rounds)))
        for name, names, *sizes in speed
    ]
    fusion = [(f"fusion {name}", partial(fused, name)) for name in TEXT_COLLECTIONS]
    return [*quality, *fusion, *races, (CHANGES, changed)]


def compared(name: str) -> list[Row]:
    """Measure nDCG@10 of every engine, and ours paired with each."""
    collection = TEXT_COLLECTIONS[name]()
    rows: list[Row] = []
    ours: Floats | None = None
    for method, engine in ENGINES.items():
        try:
            values = quality_of(engine(), collection)
        except ModuleNotFoundError:
            continue
        row: Row = {"method": method, "ndcg@10": str(bootstrap(np.mean, values))}
        if ours is None:
            ours = values
        else:
            row["gain of ours"] = str(paired_test(ours, values).difference)
        rows.append(row)
    return rows


def fused(name: str) -> list[Row]:
    """Measure the system on judged queries, beside its two rankings alone."""
    from lookalike.systems.documents import SPEC
    from lookalike.systems.documents.evaluation import UNLIKE

    served, result = SPEC.train(SPEC.new({}), TEXT_COLLECTIONS[name]())
    rows: list[Row] = []
    for method in ("as served", "words alone", "meaning alone"):
        key = "ndcg_at_10" if method == "as served" else f"ndcg_at_10_of_{method}"
        row: Row = {"method": method, "ndcg@10": str(result.metrics[key])}
        if method in result.comparisons:
            test = result.comparisons[method]
            row |= {"gain of ours": str(test.difference), "p": round(test.p_value, 4)}
        else:
            weights = served.weights
            row |= {"weight of meaning": weights.about, "of votes": weights.judged}
        rows.append(row)
    unlike = f"words alone, {UNLIKE}"
    if unlike in result.comparisons:
        test = result.comparisons[unlike]
        row = {"method": f"as served, {UNLIKE}"}
        row["ndcg@10"] = str(result.metrics[f"ndcg_at_10_of_{UNLIKE}"])
        row |= {"gain over words": str(test.difference), "p": round(test.p_value, 4)}
        rows.append(row)
    return rows


def quality_of(engine: Any, collection: TextCollection) -> Floats:
    """Measure nDCG@10 of each query."""
    engine.build(collection.whole)
    rankings = [
        [collection.ids[row] for row in engine.search(query, K)]
        for query in collection.queries
    ]
    measure = f"ndcg@{K}"
    return evaluate_rankings(rankings, collection.grades, [measure])[measure]


@cache
def short_texts(n: int) -> list[str]:
    """Captions and titles, and then again with words left out, seeded."""
    base = load_captions()
    for load in TEXT_COLLECTIONS.values():
        base += [" ".join(title.split()) for title in load().titles]
    rng = np.random.default_rng(0)
    texts = base[:n]
    while len(texts) < n:
        for text in base[: n - len(texts)]:
            words = text.split()
            kept = rng.random(len(words)) >= LEFT_OUT
            pairs = zip(words, kept.tolist(), strict=True)
            texts.append(" ".join(word for word, keep in pairs if keep))
    return texts


def queries_of_people(n: int) -> list[str]:
    """Queries to a web search engine, drawn once and for all."""
    million_query = load_trec_queries().train.queries[:60_000]  # the tracks of 2007 on
    return random.Random(0).sample(million_query, n)


def _contestants(
    names: Iterable[str], n_texts: int, n_queries: int
) -> list[Contestant]:
    return [
        Contestant(
            name,
            "lookalike_bench.documents:searching",
            {"engine": name, "n_texts": n_texts, "n_queries": n_queries},
        )
        for name in names
    ]


def searching(engine: str, n_texts: int, n_queries: int) -> Any:
    """Build an engine; the call asks all queries, one by one."""
    made, texts, queries = ENGINES[engine](), short_texts(n_texts), []
    queries += queries_of_people(n_queries)
    if engine == "lookalike":  # compiles
        ENGINES[engine]().build(texts[:100])
    before, start = resident_megabytes(), time.perf_counter()
    made.build(texts)
    build, memory = time.perf_counter() - start, resident_megabytes() - before
    peak = _peak_megabytes() - before

    def call() -> Floats:
        times = np.empty(len(queries))
        for i, query in enumerate(queries):
            begin = time.perf_counter()
            made.search(query, K)
            times[i] = time.perf_counter() - begin
        return times

    def describe(times: Floats) -> Row:
        return {
            "queries/s": round(len(times) / times.sum()),
            "p50 ms": round(1e3 * float(np.median(times)), 3),
            "p99 ms": round(1e3 * float(np.quantile(times, 0.99)), 3),
            "build s": round(build, 2),
            "memory MB": round(memory, 1),
            "most while building MB": round(peak, 1),
        }

    return call, describe


def changed() -> list[Row]:
    """Measure what 10,000 inserts and removals take, and leave."""
    from lookalike.search import TextIndex

    n, n_changes = 200_000, 10_000
    texts, queries = short_texts(n + n_changes), queries_of_people(500)
    index = TextIndex(store=False, background=True).fit(np.arange(n), texts[:n])
    fresh = _seconds(index, queries)
    inserts, removals = [], []
    for i, dead in enumerate(random.Random(1).sample(range(n), n_changes // 2)):
        start = time.perf_counter()
        index.add([n + i], [texts[n + i]])
        inserts.append(time.perf_counter() - start)
        start = time.perf_counter()
        index.remove([dead])
        removals.append(time.perf_counter() - start)
    later = _seconds(index, queries)
    found = index.search(queries, K)
    index.rebuild()
    again = index.search(queries, K)
    pairs = zip(found.scores, again.scores, strict=True)
    off = max(float(np.abs(a - b).max(initial=0.0)) for a, b in pairs)
    return [
        {
            "method": "lookalike",
            "insert ms": round(1e3 * float(np.median(inserts)), 3),
            "remove ms": round(1e3 * float(np.median(removals)), 3),
            "speed left": round(fresh / later, 3),
            "off": off,
        }
    ]


def _seconds(index: Any, queries: list[str]) -> float:
    """Seconds of processor time that all queries take, the least of three."""
    took = []
    for _ in range(3):
        start = time.process_time()
        for query in queries:
            index.search(query, K)
        took.append(time.process_time() - start)
    return min(took)


def resident_megabytes() -> float:
    """Return what this process holds now; elsewhere than on Linux, its peak."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return _peak_megabytes()
    line = next(x for x in status.read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 2**10


def _peak_megabytes() -> float:
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
