"""What users give as documents: texts, or mappings of fields and facets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lookalike.search.terms.analysis import Cut
from lookalike.search.terms.snapshot import Form


@dataclass(frozen=True)
class Documents:
    """Documents that were read.

    n : how many
    texts : (n * n_fields,), the fields of each document one by one
    facets : n values of each facet
    cut : the terms of ``texts``
    """

    n: int
    texts: list[str]
    facets: dict[str, list[str | None]]
    cut: Cut


def read_documents(documents: Iterable[Any], form: Form) -> Documents:
    """Read documents, and cut them into terms.

    Raises
    ------
    ValueError
        If one is no document of this index.
    """
    if isinstance(documents, str | bytes | Mapping):
        raise ValueError(
            f"Documents must come in a list, got one {type(documents).__name__}."
        )
    texts: list[str] = []
    facets: dict[str, list[str | None]] = {name: [] for name in form.facets}
    documents = list(documents)
    if len(form.fields) == 1 and not facets and all(type(d) is str for d in documents):
        texts = documents
    else:
        for at, document in enumerate(documents):
            entries = _entries(document, at, form)
            texts += [_text(entries.get(name), name, at) or "" for name in form.fields]
            for name, values in facets.items():
                values.append(_text(entries.get(name), name, at))
    return Documents(len(documents), texts, facets, form.analysis.cut(texts))


def _entries(document: Any, at: int, form: Form) -> Mapping[str, Any]:
    if isinstance(document, str) and len(form.fields) == 1:
        return {next(iter(form.fields)): document}
    names = [*form.fields, *form.facets]
    if not isinstance(document, Mapping):
        expected = "text" if len(names) == 1 else f"a mapping of {', '.join(names)}"
        raise ValueError(
            f"Document {at} must be {expected}, got {type(document).__name__}"
            f"{_of_bytes(document)}."
        )
    for name in document:
        if name not in names:
            raise ValueError(
                f"Document {at} has {name!r}, which is none of {', '.join(names)}."
            )
    return document


def _text(value: Any, name: str, at: int) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ValueError(
        f"{name!r} of document {at} must be text or None, got {type(value).__name__}"
        f"{_of_bytes(value)}."
    )


def _of_bytes(value: Any) -> str:
    return ": decode it first" if isinstance(value, bytes) else ""
