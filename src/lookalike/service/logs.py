"""Structured logs: Python's ``logging``, one JSON object a line, never a secret.

The service, uvicorn and alembic log through the same handler; a program that embeds
the service adds handlers of its own to the logger "lookalike".
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

LOGGER = logging.getLogger("lookalike.service")
"""What the service logs to; ``extra={"fields": ...}`` are the fields of a line."""
_LOGGERS = ("lookalike", "uvicorn", "alembic")


def log(level: int, event: str, **fields: object) -> None:
    """Log an event of the service with its fields."""
    LOGGER.log(level, event, extra={"fields": fields})


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON.

    Examples
    --------
    >>> record = logging.LogRecord("x", logging.INFO, "", 0, "ready", None, None)
    >>> record.created, record.fields = 0.0, {"generation": "0002"}
    >>> JsonFormatter().format(record)
    '{"time": "1970-01-01T00:00:00.000Z", "level": "info", "event": "ready", \
"generation": "0002"}'
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; of an exception only its kind, as values may be secret."""
        time = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z",
            "level": record.levelname.lower(),
            "event": _event(record.getMessage()),
        }
        if record.exc_info and record.exc_info[0]:
            line["kind"] = record.exc_info[0].__name__
        line |= getattr(record, "fields", {})
        return json.dumps(line, default=str)


def _event(message: str) -> str:
    """A message on one line; of a traceback, only what kind of error it ends with."""
    if not message.startswith("Traceback"):
        return message
    last = message.strip().splitlines()[-1]
    return f"failed: {last.partition(':')[0]}"


def configure_logging(stream: TextIO | None = None) -> logging.Handler:
    """Write the logs of the service and of its libraries to a stream (stderr).

    Returns the handler; a stream that is gone or full is ignored.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.handleError = lambda record: None  # type: ignore[method-assign]
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [h for h in logger.handlers if not _is_ours(h)]
        logger.addHandler(handler)
        logger.propagate = False
    logging.getLogger("lookalike").setLevel(logging.INFO)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return handler


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(handler.formatter, JsonFormatter)
