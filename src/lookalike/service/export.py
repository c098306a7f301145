"""Tables as Parquet, in the order of time."""

import json
import os
import secrets
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from lookalike.service.database import Database
from lookalike.service.database.tables import events, experiment_exposures, exposures
from lookalike.service.training import each_training_row

_TIME = pa.timestamp("us", tz="UTC")
_HIT = pa.struct(
    [("id", pa.string()), ("score", pa.float64()), ("propensity", pa.float64())]
)
_DRAWN = pa.struct([("id", pa.string()), ("score", pa.float64())])
_KINDS: dict[Any, pa.DataType] = {
    sa.BigInteger: pa.int64(),
    sa.Integer: pa.int32(),
    sa.Double: pa.float64(),
    sa.String: pa.string(),
    sa.Text: pa.string(),
    sa.Boolean: pa.bool_(),
}
_MANY = 5_000
_OF_DATABASE = {
    table.name: table for table in (events, exposures, experiment_exposures)
}
TABLES = (*_OF_DATABASE, "training")
"""What can be exported."""


def export(database: Database, name: str, path: Path, until: int | None = None) -> int:
    """Write a table as a Parquet file, complete or not at all; return its rows.

    Parameters
    ----------
    name : {"events", "exposures", "experiment_exposures", "training"}
        The last is exposures with what became of them, see ``training_rows``.
    until : int, optional
        Only what happened before this microsecond.
    """
    if name not in TABLES:
        raise ValueError(f"The table must be one of {', '.join(TABLES)}, got {name!r}.")
    schema = _schema(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".unfinished-{secrets.token_hex(8)}")
    count = 0
    try:
        with pq.ParquetWriter(scratch, schema, compression="zstd") as writer:
            for rows in _blocks(database, name, until):
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                count += len(rows)
        with scratch.open("rb") as stream:
            os.fsync(stream.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return count


def _blocks(
    database: Database, name: str, until: int | None
) -> Iterator[list[dict[str, Any]]]:
    if name == "training":
        rows = each_training_row(database, until)
        while block := list(islice(rows, _MANY)):
            yield block
        return
    table = _OF_DATABASE[name]
    query = sa.select(table).order_by(table.c.timestamp, *table.primary_key)
    if until is not None:
        query = query.where(table.c.timestamp < until)
    with database.reading() as connection:
        found = connection.execution_options(yield_per=_MANY).execute(query)
        for part in found.mappings().partitions():
            yield [_row(dict(row)) for row in part]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    if "hits" in row:
        keys = ("id", "score", "propensity")
        hits = json.loads(row["hits"])
        row["hits"] = [dict(zip(keys, hit, strict=True)) for hit in hits]
        row["features"] = _floats(row["features"])
        if row["drawn"] is not None:
            row["drawn"] = [{"id": i, "score": s} for i, s in json.loads(row["drawn"])]
            row["drawn_features"] = _floats(row["drawn_features"])
    return row


def _floats(blob: bytes) -> list[float]:
    import numpy as np

    return np.frombuffer(blob, "<f4").tolist()


def _schema(name: str) -> pa.Schema:
    if name == "training":
        return pa.schema(
            [
                ("query_id", pa.string()),
                ("timestamp", _TIME),
                ("system", pa.string()),
                ("generation", pa.string()),
                ("embedding_version", pa.string()),
                ("features", pa.list_(pa.float32())),
                ("id", pa.string()),
                ("position", pa.int32()),
                ("score", pa.float64()),
                ("propensity", pa.float64()),
                ("actions", pa.list_(pa.string())),
                ("value", pa.float64()),
            ]
        )
    table = _OF_DATABASE[name]
    fields = []
    for column in table.c:
        kind = _KINDS.get(type(column.type), pa.string())
        if column.name in ("timestamp", "received"):
            kind = _TIME
        elif column.name == "hits":
            kind = pa.list_(_HIT)
        elif column.name == "drawn":
            kind = pa.list_(_DRAWN)
        elif column.name in ("features", "drawn_features"):
            kind = pa.list_(pa.float32())
        fields.append((column.name, kind))
    return pa.schema(fields)
