"""Texts of one's own: a folder of files, a table, or a collection with queries.

A collection is a folder with a table of documents (``corpus``, ``collection`` or
``documents``) and, where somebody judged what is relevant, one of ``queries`` or
``topics`` and files of judgments whose names begin with ``qrels``, as BEIR and TREC
have them.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lookalike._shown import shown
from lookalike.datasets._opened import opened
from lookalike.datasets.tables import Table, read_table
from lookalike.datasets.text_collections import TextCollection
from lookalike.features.folder_changes import named_problem, read_file
from lookalike.features.folder_files import TEXTS as TEXT_FILES
from lookalike.features.folder_files import folder_contents, readable
from lookalike.features.text_files import decoded, titled

IDS = ("id", "_id", "doc_id", "docid", "docno", "document", "key", "url")
TITLES = ("title", "headline", "subject", "name", "heading")
TEXTS = ("text", "body", "content", "contents", "abstract", "description", "document")
_CORPUS = ("corpus", "collection", "documents")
_QUERIES = ("queries", "topics")
_TABLES = ("csv", "tsv", "json", "jsonl", "ndjson", "parquet")
_JUDGED = ("test", "dev", "")
"""Parts of judgments that are measured on, the first that is there."""

Judgments = dict[str, dict[str, int]]


def load_own_texts(path: str | os.PathLike[str]) -> TextCollection:
    """Load texts of one's own.

    Parameters
    ----------
    path : path
        A table (CSV with any separator, JSON lines, Parquet; gzipped or not) with a
        column of texts, which is found by its name (``text``, ``body``, ``content``,
        ...), as are those of ids and titles; other columns become attributes. Or a
        folder of text files (``.txt``, ``.md``, ``.rst``), in subfolders too: ids are
        their paths, and the title is the first line where a heading stands there. Or a
        folder that holds a collection, see above.

    Raises
    ------
    ValueError
        If there are no texts, no column of texts, or an id comes twice; the sentence
        says what was expected and what came.
    """
    place = Path(path)
    if not place.is_dir():
        return _of_table(place, place, {}, {}, [])
    corpus = _named(place, _CORPUS)
    if corpus is None:
        return _of_files(place)
    queries = _queries(place)
    parts = _judgments(place, set(queries))
    measured = next((part for part in _JUDGED if part in parts), None)
    judged = parts.get(measured, {}) if measured is not None else {}
    training = [
        (queries[query], grades)
        for part in ("train", "training")
        for query, grades in parts.get(part, {}).items()
    ]
    return _of_table(place, corpus, queries, judged, training)


def _of_table(
    place: Path,
    file: Path,
    queries: Mapping[str, str],
    judged: Judgments,
    training: list[tuple[str, dict[str, int]]],
) -> TextCollection:
    """A collection of the rows of a table."""
    table = read_table(file)
    text = _column(table, TEXTS)
    if text is None:
        raise ValueError(
            f"{shown(file)} must have a column of texts, named {', '.join(TEXTS[:4])} "
            f"or the like; found: {', '.join(table.columns)}."
        )
    id, title = _column(table, IDS, text), _column(table, TITLES, text)
    texts = table.columns[text]
    ids = table.columns[id] if id else [str(row) for row in table.rows.tolist()]
    titles = table.columns[title] if title else [""] * len(texts)
    _check_ids(file, ids)
    others = [name for name in table.columns if name not in (text, id, title)]
    attributes = [
        {name: table.columns[name][row] for name in others if table.columns[name][row]}
        for row in range(len(texts))
    ]
    kept = [row for row in range(len(texts)) if texts[row] or titles[row]]
    problems = _left_out(len(texts) - len(kept), "rows without a text")
    known = {ids[row] for row in kept}
    problems += _left_out(
        sum(id not in known for grades in judged.values() for id in grades),
        "judgments of documents that are not there",
    )
    names = [query for query in judged if any(id in known for id in judged[query])]
    return TextCollection(
        str(place),
        table.checksum,
        [ids[row] for row in kept],
        [titles[row] for row in kept],
        [texts[row] for row in kept],
        names,
        [queries[name] for name in names],
        [_known(judged[name], known) for name in names],
        [(query, _known(grades, known)) for query, grades in training],
        [attributes[row] for row in kept],
        tuple(problems),
    )


def _of_files(folder: Path) -> TextCollection:
    """A collection of the text files below a folder."""
    contents = folder_contents(folder, TEXT_FILES)
    ids, titles, texts, problems = [], [], [], list(contents.problems)
    for path in sorted(contents.files):
        try:
            title, text = titled(decoded(read_file(path, "text")))
            id = Path(os.fsdecode(path)).relative_to(folder).as_posix()
            id.encode()
        except UnicodeEncodeError:
            problems.append(f"Left out: the name of {readable(path)} is no text.")
            continue
        except ValueError as error:
            sentence = named_problem(path, str(error), "text")
            problems.append(f"Left out: {sentence}")
            continue
        if not (title or text):
            problems.append(f"Left out: {readable(path)} holds no text.")
            continue
        ids.append(id)
        titles.append(title)
        texts.append(text)
    if not ids:
        found = f" {problems[0]}" if problems else ""
        raise ValueError(
            f"{shown(folder)} holds no texts; expected files that end with "
            f"{', '.join(TEXT_FILES)}, or a table named {', '.join(_CORPUS)}.{found}"
        )
    digest = _checksum_of(texts)
    columns = [{"folder": str(Path(id).parent.as_posix())} for id in ids]
    has_folders = len({each["folder"] for each in columns}) > 1
    return TextCollection(
        *(str(folder), digest, ids, titles, texts, [], [], [], []),
        columns if has_folders else [],
        tuple(problems),
    )


def _checksum_of(texts: Iterable[str]) -> str:
    """Return the SHA-256 of some texts, where there is no one file."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\x00")
    return digest.hexdigest()


def _named(folder: Path, names: Sequence[str]) -> Path | None:
    """The one file whose name begins so, None where there is none."""
    found = [
        file
        for file in sorted(folder.iterdir())
        if file.is_file() and _is_table(file, names)
    ]
    if len(found) > 1:
        both = ", ".join(file.name for file in found)
        raise ValueError(f"{shown(folder)} must hold one of these files, got {both}.")
    return found[0] if found else None


def _is_table(file: Path, names: Sequence[str]) -> bool:
    """Whether a file is named so and ends like a table; topics may end with .txt."""
    name, _, ending = file.name.lower().removesuffix(".gz").partition(".")
    return name in names and (
        ending in _TABLES or (ending == "txt" and name in _QUERIES)
    )


def _queries(folder: Path) -> dict[str, str]:
    """Queries by their id; a file of two columns needs no header."""
    file = _named(folder, _QUERIES)
    if file is None:
        return {}
    if ".tsv" in file.name or ".txt" in file.name:
        with opened(file, "table of queries in UTF-8") as lines:
            rows = [line.rstrip("\r\n").split("\t", 1) for line in lines]
        rows = [row for row in rows if len(row) == 2]
        return {id.strip(): text.strip() for id, text in rows}
    table = read_table(file)
    id, text = _column(table, IDS), _column(table, (*TEXTS, "query", "question"))
    if id is None or text is None:
        raise ValueError(
            f"{shown(file)} must have the columns id and text, found: "
            f"{', '.join(table.columns)}."
        )
    return dict(zip(table.columns[id], table.columns[text], strict=True))


def _judgments(folder: Path, queries: set[str]) -> dict[str, Judgments]:
    """Grades above 0 by part, query and document: BEIR's three columns or TREC's four.

    The part is in the name of the file: ``qrels/test.tsv``, ``qrels.train.txt``.
    """
    files = [file for file in folder.glob("qrels*") if file.is_file()]
    files += [file for file in (folder / "qrels").glob("*") if file.is_file()]
    found: dict[str, Judgments] = {}
    for file in sorted(files):
        words = file.name.removeprefix("qrels").strip("._-").split(".")
        part = words[0].lower() if words[0] not in ("tsv", "txt", "csv") else ""
        own = found.setdefault(part, {})
        with opened(file, "table of judgments in UTF-8") as lines:
            for number, line in enumerate(lines, start=1):
                cells = line.split()
                if not cells or (number == 1 and not cells[-1].lstrip("-").isdigit()):
                    continue
                if len(cells) not in (3, 4) or not cells[-1].lstrip("-").isdigit():
                    raise ValueError(
                        f"{shown(file)}: expected query, document and grade in line "
                        f"{number}, got {json.dumps(line.strip()[:80])}."
                    )
                query, document, grade = cells[0], cells[-2], int(cells[-1])
                if query in queries and grade > 0:
                    own.setdefault(query, {})[document] = grade
    return {part: own for part, own in found.items() if own}


def _column(table: Table, names: Sequence[str], taken: str = "") -> str | None:
    """The first column of one of these names, whatever its case."""
    by_name = {name.lower(): name for name in table.columns if name != taken}
    return next((by_name[name] for name in names if name in by_name), None)


def _known(grades: Mapping[str, int], known: set[str]) -> dict[str, int]:
    return {id: grade for id, grade in grades.items() if id in known}


def _left_out(n: int, what: str) -> list[str]:
    return [f"Left out: {n:,} {what}."] if n else []


def _check_ids(file: Path, ids: Sequence[str]) -> None:
    """Refuse an id that is missing or comes twice."""
    seen: set[str] = set()
    for row, id in enumerate(ids, start=1):
        if not id:
            raise ValueError(f"{shown(file)}: document {row} has no id.")
        if id in seen:
            raise ValueError(f"{shown(file)} has two documents with the id {id!r}.")
        seen.add(id)
