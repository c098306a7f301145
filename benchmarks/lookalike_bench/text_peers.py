"""Search engines of texts: ours and others, each with its own way to be asked.

Each is asked for words alone: a quotation mark asks none of them for a phrase. All but
SQLite stem with Snowball's English stemmer, leave no word out, and score by BM25 with
k1 = 1.2 and b = 0.75 (SQLite's are fixed at that), so that the same documents come
first. Each returns rows of documents, best first.
"""

import re
import sqlite3
from importlib import import_module
from typing import Any, Protocol

import numpy as np

K1, B = 1.2, 0.75


class Engine(Protocol):
    """A search engine over texts that are numbered as they come."""

    def build(self, texts: list[str]) -> None:
        """Index texts."""
        ...

    def search(self, query: str, k: int) -> list[int]:
        """Rows of the k best, best first."""
        ...


class Ours:
    """``TextIndex``."""

    def __init__(self) -> None:
        from lookalike.search import TextIndex

        self._index = TextIndex(k1=K1, b=B, store=False)

    def build(self, texts: list[str]) -> None:
        """Index texts."""
        self._index.fit(np.arange(len(texts)), texts)

    def search(self, query: str, k: int) -> list[int]:
        """Rows of the k best, best first."""
        words = query.replace('"', " ")
        rows: list[int] = self._index.search(words, k).ids[0].tolist()
        return rows


class Tantivy:
    """Tantivy in memory, one thread, with positions, as phrases need them."""

    def __init__(self) -> None:
        self._tantivy = import_module("tantivy")

    def build(self, texts: list[str]) -> None:
        """Index texts, in one segment."""
        builder = self._tantivy.SchemaBuilder()
        builder.add_text_field("text", stored=False, tokenizer_name="en_stem")
        builder.add_integer_field("row", fast=True)
        self._index = self._tantivy.Index(builder.build())
        writer = self._index.writer(heap_size=128_000_000, num_threads=1)
        for row, text in enumerate(texts):
            writer.add_document(self._tantivy.Document(text=text, row=row))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()
        if self._searcher.num_segments > 1:
            raise RuntimeError("Rows are numbers of documents in one segment alone.")

    def search(self, query: str, k: int) -> list[int]:
        """Rows of the k best, best first."""
        words = " ".join(re.findall(r"[^\W_]+", query.lower()))
        asked = self._index.parse_query(words, ["text"])
        hits = self._searcher.search(asked, k, count=False).hits
        return [address.doc for _, address in hits]


class Bm25s:
    """bm25s, with its Numba backend where it works."""

    def __init__(self) -> None:
        self._bm25s = import_module("bm25s")
        self._stemmer = import_module("Stemmer").Stemmer("english")

    def _cut(self, texts: list[str]) -> Any:
        return self._bm25s.tokenize(
            texts,
            stopwords=None,
            stemmer=self._stemmer,
            token_pattern=r"(?u)[^\W_]+",
            show_progress=False,
        )

    def build(self, texts: list[str]) -> None:
        """Index texts."""
        self._index = self._bm25s.BM25(method="lucene", k1=K1, b=B, backend="numba")
        self._index.index(self._cut(texts), show_progress=False)
        self.search("a", 1)  # compiles

    def search(self, query: str, k: int) -> list[int]:
        """Rows of the k best, best first."""
        cut = self._cut([query])
        if not any(word in self._index.vocab_dict for word in cut.vocab):
            return []
        rows, scores = self._index.retrieve(cut, k=k, show_progress=False, n_threads=0)
        found: list[int] = rows[0][scores[0] > 0].tolist()
        return found


class RankBm25:
    """rank_bm25: every document is scored in Python."""

    def __init__(self) -> None:
        self._rank_bm25 = import_module("rank_bm25")
        self._stemmer = import_module("Stemmer").Stemmer("english")

    def _cut(self, text: str) -> list[str]:
        words: list[str] = self._stemmer.stemWords(re.findall(r"[^\W_]+", text.lower()))
        return words

    def build(self, texts: list[str]) -> None:
        """Index texts."""
        cut = [self._cut(text) for text in texts]
        self._index = self._rank_bm25.BM25Okapi(cut, k1=K1, b=B)

    def search(self, query: str, k: int) -> list[int]:
        """Rows of the k best, best first."""
        scores = self._index.get_scores(self._cut(query))
        rows = np.argsort(-scores, kind="stable")[:k]
        return [row for row in rows.tolist() if scores[row] > 0]


class Sqlite:
    """SQLite's FTS5 in memory, with its own Porter stemmer."""

    def build(self, texts: list[str]) -> None:
        """Index texts."""
        self._database = sqlite3.connect(":memory:")
        self._database.execute(
            "create virtual table texts using fts5(text, content='', "
            "tokenize='porter unicode61')"
        )
        rows = enumerate(texts, start=1)
        self._database.executemany("insert into texts(rowid, text) values (?, ?)", rows)
        self._database.execute("insert into texts(texts) values ('optimize')")
        self._database.commit()

    def search(self, query: str, k: int) -> list[int]:
        """Rows of the k best, best first."""
        words = re.findall(r"[^\W_]+", query.lower())
        asked = " OR ".join(f'"{word}"' for word in words)
        if not asked:
            return []
        found = self._database.execute(
            "select rowid from texts where texts match ? order by rank limit ?",
            (asked, k),
        )
        return [row - 1 for (row,) in found]


ENGINES: dict[str, type[Engine]] = {
    "lookalike": Ours,
    "tantivy": Tantivy,
    "bm25s": Bm25s,
    "SQLite FTS5": Sqlite,
    "rank_bm25": RankBm25,
}
