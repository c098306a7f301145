"""Structured logs: one JSON object a line, with what was said and never a secret."""

import json
import threading
import time
from typing import Any, TextIO

LEVELS = ("info", "warning", "error")


class Log:
    """Lines on a stream.

    Examples
    --------
    >>> import io
    >>> stream = io.StringIO()
    >>> Log(stream, clock=lambda: 0.0).write("info", "ready", generation="0002")
    >>> print(stream.getvalue().strip())
    {"time": "1970-01-01T00:00:00.000Z", "level": "info", "event": "ready", \
"generation": "0002"}
    """

    def __init__(self, stream: TextIO, clock: Any = time.time) -> None:
        self._stream = stream
        self._clock = clock
        self._lock = threading.Lock()

    def write(self, level: str, event: str, **fields: Any) -> None:
        """Write one line; a stream that is gone or full stops nobody."""
        seconds = self._clock()
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        line = {"time": f"{moment}.{int(seconds * 1000) % 1000:03d}Z", "level": level}
        text = json.dumps(line | {"event": event} | fields, default=str)
        try:
            with self._lock:
                self._stream.write(f"{text}\n")
                self._stream.flush()
        except (OSError, ValueError):
            pass
