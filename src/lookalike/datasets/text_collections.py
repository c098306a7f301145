"""Test collections of text search: documents, queries, and who judged what relevant."""

import csv
import gzip
import io
import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lookalike.datasets.catalogue import CATALOGUE
from lookalike.datasets.locate import find


@dataclass(frozen=True)
class TextCollection:
    """Documents and judged queries.

    ids : of the documents
    titles, texts : of each document; a title may be empty
    query_ids, queries : those that were judged
    grades : of each query the documents that are relevant, and how much: 1 or more
    training : further queries with their grades, which may be learned from
    attributes : of each document what else is known of it, by name; empty where nothing
    problems : what was left out when they were read, in sentences
    """

    name: str
    checksum: str
    ids: list[str]
    titles: list[str]
    texts: list[str]
    query_ids: list[str]
    queries: list[str]
    grades: list[dict[str, int]]
    training: list[tuple[str, dict[str, int]]]
    attributes: list[dict[str, str]] = field(default_factory=list)
    problems: tuple[str, ...] = ()

    @property
    def whole(self) -> list[str]:
        """Title and text of each document in one."""
        pairs = zip(self.titles, self.texts, strict=True)
        return [f"{title}\n{text}" if title else text for title, text in pairs]


def load_scifact(path: str | os.PathLike[str] | None = None) -> TextCollection:
    """Load SciFact: 5,183 abstracts, 300 claims, and 809 more to learn from.

    The claims are those of BEIR's test part; a document is relevant (1) or not. Of the
    claims to learn from, those without evidence have no relevant document.

    Parameters
    ----------
    path : path, default=None
        The folder of the files; None looks where :func:`lookalike.datasets.find` looks.
    """
    folder = find("scifact", path)
    rows = [line.split("\t") for line in _lines(folder / "corpus.tsv.gz")]
    topics = dict(line.split("\t", 1) for line in _lines(folder / "topics.test.tsv.gz"))
    judged = _trec_grades((folder / "qrels.test.txt").read_text("utf-8").splitlines())
    return _collection(
        "scifact",
        [(row[0], row[1], row[2]) for row in rows],
        {number: topics[number] for number in topics if number in judged},
        judged,
        list(_claims(folder / "claims_train.csv.gz")),
    )


def load_cranfield(path: str | os.PathLike[str] | None = None) -> TextCollection:
    """Load Cranfield: 1,400 abstracts of aerodynamics, 225 queries, four grades.

    A complete answer has the grade 4, one of minimum interest 1: the files count the
    other way. A judgment of -1, which the files do not explain, counts as none. The
    n-th query of the judgments is the n-th of the file, whatever its number.

    Parameters
    ----------
    path : path, default=None
        The folder of the files; None looks where :func:`lookalike.datasets.find` looks.
    """
    folder = find("cranfield", path)
    documents = []
    for number, parts in _smart(_lines(folder / "cran.all.1400.gz")):
        title, text = parts.get("T", ""), parts.get("W", "")
        # The text repeats the title, which is there only once for a reader.
        text = text.removeprefix(title).strip()
        documents.append((number, title, text))
    queries = _smart(_lines(folder / "cran.qry.gz"))
    topics = {str(n): parts["W"] for n, (_, parts) in enumerate(queries, start=1)}
    judged: dict[str, dict[str, int]] = {}
    for line in _lines(folder / "cranqrel.gz"):
        query, document, grade = line.split()
        if int(grade) > 0:
            judged.setdefault(query, {})[document] = 5 - int(grade)
    return _collection("cranfield", documents, topics, judged, [])


def load_cacm(path: str | os.PathLike[str] | None = None) -> TextCollection:
    """Load CACM: 3,204 titles and abstracts of computing, 52 judged queries.

    What stands between the paragraphs of a document (date, authors, key words) belongs
    to its text; the numbers of its citations do not.

    Parameters
    ----------
    path : path, default=None
        The folder of the files; None looks where :func:`lookalike.datasets.find` looks.
    """
    folder = find("cacm", path)
    documents = []
    with tarfile.open(folder / "cacm.tar.gz") as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            held = archive.extractfile(member)
            if held is not None and member.name.endswith(".html"):
                page = held.read().decode("latin-1")
                documents.append((_cacm_number(member.name), *_cacm_parts(page)))
    text = "\n".join(_lines(folder / "topics.cacm.txt.gz"))
    found = re.findall(r"<DOCNO>\s*(\d+)\s*</DOCNO>(.*?)</DOC>", text, re.DOTALL)
    topics = {number: " ".join(words.split()) for number, words in found}
    lines = list(_lines(folder / "qrels.cacm.txt.gz"))
    judged = {
        query: {_cacm_number(name): grade for name, grade in grades.items()}
        for query, grades in _trec_grades(lines).items()
    }
    return _collection("cacm", documents, topics, judged, [])


TEXT_COLLECTIONS = {
    "scifact": load_scifact,
    "cranfield": load_cranfield,
    "cacm": load_cacm,
}
"""Loaders of the test collections by name."""


def _collection(
    name: str,
    documents: list[tuple[str, str, str]],
    topics: dict[str, str],
    judged: dict[str, dict[str, int]],
    training: list[tuple[str, dict[str, int]]],
) -> TextCollection:
    """A collection with the topics that were judged."""
    numbers = [number for number in topics if number in judged]
    return TextCollection(
        name,
        CATALOGUE[name].files[0].sha256,
        [document[0] for document in documents],
        [document[1] for document in documents],
        [document[2] for document in documents],
        numbers,
        [topics[number] for number in numbers],
        [judged[number] for number in numbers],
        training,
    )


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield line.rstrip("\n")


def _smart(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Numbers and parts of entries in the form of the SMART system: ``.I``, ``.W``."""
    number, part = "", ""
    parts: dict[str, list[str]] = {}
    for line in [*lines, ".I"]:
        if line.startswith(".I"):
            if number:
                yield number, {name: "\n".join(held) for name, held in parts.items()}
            number, parts, part = line[2:].strip().lstrip("0"), {}, ""
        elif re.fullmatch(r"\.[A-Z]\s*", line):
            part = line[1]
            parts[part] = []
        elif part:
            parts[part].append(line)


def _trec_grades(lines: Iterable[str]) -> dict[str, dict[str, int]]:
    """Grades above 0 of lines ``query, iteration, document, grade``."""
    judged: dict[str, dict[str, int]] = {}
    for line in lines:
        if line.strip():
            query, _, document, grade = line.split()
            if int(grade) > 0:
                judged.setdefault(query, {})[document] = int(grade)
    return judged


def _claims(path: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """Claims, each once, with their documents of evidence."""
    grades: dict[str, dict[str, int]] = {}
    claims: dict[str, str] = {}
    held = io.StringIO("\n".join(_lines(path)))
    for row in csv.DictReader(held):
        claims[row["id"]] = row["claim"]
        known = grades.setdefault(row["id"], {})
        if row["evidence_doc_id"]:
            known[row["evidence_doc_id"]] = 1
    for number, claim in claims.items():
        yield claim, grades[number]


def _cacm_number(name: str) -> str:
    """The number in ``CACM-0115.html`` or ``CACM-115``, which are the same document."""
    return re.sub(r"\D", "", name).lstrip("0")


def _cacm_parts(page: str) -> tuple[str, str]:
    """Title and text of a document."""
    lines = re.sub(r"</?(?:html|pre)>", "", page).strip().split("\n")
    lines = [line for line in lines if not re.fullmatch(r"\d+\t\d\t\d+\s*", line)]
    title, _, text = "\n".join(lines).partition("\n\n")
    return " ".join(title.split()), text.strip()
