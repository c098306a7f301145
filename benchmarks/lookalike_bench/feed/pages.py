"""Pages: no post twice whatever is asked at once, and how long a request takes."""

import asyncio
import http.client
import json
import tempfile
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.datasets.feed_simulator import simulate_feed
from lookalike.service.database import Database
from lookalike.service.database.handed_out import hand_out
from lookalike.service.database.migrate import open_database
from lookalike.service.database.writer import Writer
from lookalike.service.errors import ServiceError
from lookalike.systems.feed import Feed
from lookalike_bench.bars import Row
from lookalike_bench.under_load import served

N_REQUESTS, N_READERS, TOGETHER, PAGE = 100_000, 2000, 32, 2
WORLD = {"n_users": 1500, "n_authors": 300, "n_posts": 9000, "n_lists": 6000}
N_ASKED, BATCH = 300, 10_000


def once() -> list[Row]:
    """Ask for the same readers from two workers, 32 requests at a time each.

    Every request wants the first posts of its reader's list, the same for all that
    come together; the database of the two is one file. The lists are not computed
    anew: what is tried is that nobody is handed a post twice.
    """
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'state.db'}"
        got: list[list[tuple[int, str]]] = [[], []]
        databases = [open_database(url), Database(url)]
        started = time.perf_counter()
        threads = [
            threading.Thread(target=_worker, args=(database, at, got[at]))
            for at, database in enumerate(databases)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
        for database in databases:
            database.close()
    handed = Counter(pair for each in got for pair in each)
    return [
        {
            "method": "lookalike",
            "requests": N_REQUESTS,
            "handed out": sum(handed.values()),
            "repeats": sum(handed.values()) - len(handed),
            "seconds": seconds,
        }
    ]


def _worker(database: Database, number: int, got: list[tuple[int, str]]) -> None:
    asyncio.run(_ask(database, number, got))


async def _ask(database: Database, number: int, got: list[tuple[int, str]]) -> None:
    writer = Writer(database, 10_000)
    writer.start()
    rng = np.random.default_rng(number)
    readers = iter(rng.integers(N_READERS, size=N_REQUESTS // 2).tolist())
    handed: dict[int, int] = {}

    async def client() -> None:
        for reader in readers:
            # As a request that read a moment ago what was handed out by then.
            first = max(0, handed.get(reader, 0) - 4 * PAGE)
            wanted = [f"p{at}" for at in range(first, 200)]
            work = partial(_hand_out, database, reader, wanted)
            while True:
                try:
                    taken = await writer.write(work)
                    break
                except ServiceError:  # the other worker writes: as a client tries again
                    await asyncio.sleep(0.01)
            got.extend((reader, id) for id in taken)
            handed[reader] = handed.get(reader, 0) + len(taken)

    await asyncio.gather(*(client() for _ in range(TOGETHER)))
    writer.stop()


def _hand_out(
    database: Database, reader: int, wanted: list[str], connection: Any
) -> list[str]:
    return hand_out(database, connection, "feed", f"u{reader}", wanted, PAGE)


def _system() -> Feed:
    """A feed whose users have about a thousand candidates."""
    log = simulate_feed(**WORLD, random_state=6)
    return Feed("trees", n_jobs=1).fit(log)


def over_http() -> list[Row]:
    """Ask for the pages of many users one after the other, 20 posts each."""
    system = _system()
    users = [str(name) for name in system.known_users[:N_ASKED]]
    n = [len(system.recommend_each([user], 10_000)[0]) for user in users[:50]]
    taken, refused = [], 0
    with served("feed", system.save) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        for at, user in enumerate([*users[:20], *users]):
            body = json.dumps({"user": user, "k": 20}).encode()
            started = time.perf_counter()
            connection.request(
                *("POST", "/v1/feed/recommend", body),
                {"content-type": "application/json"},
            )
            answer = connection.getresponse()
            answer.read()
            if at >= 20:
                taken.append(1000 * (time.perf_counter() - started))
                refused += answer.status != 200
        connection.close()
    return [
        {
            "method": "lookalike",
            "candidates": float(np.median(n)),
            "heads": len(system.heads_.names),
            "requests": len(taken),
            "p50 ms": float(np.median(taken)),
            "p99 ms": float(np.quantile(taken, 0.99)),
            "refused": refused,
        }
    ]


def batch() -> list[Row]:
    """Make lists of ten for ten thousand users, on one thread and then on two."""
    system = _system()
    names = system.known_users.tolist()
    users = [names[at % len(names)] for at in range(BATCH)]
    system.recommend_each(users[:10])
    parts = [users[::2], users[1::2]]
    started = time.perf_counter()
    processor = time.process_time()
    threads = [
        threading.Thread(target=system.recommend_each, args=(part,)) for part in parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [
        {
            "method": "lookalike",
            "lists": BATCH,
            "seconds": time.perf_counter() - started,
            "processor seconds": time.process_time() - processor,
        }
    ]
