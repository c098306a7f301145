"""Progress of long work on stderr: a bar, or a line a minute where it is no terminal.

How long is left is the time so far, times what is left over what is done: right where
the shares of the stages are, and close to the end in any case.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import typer

from lookalike.core.progress import ProgressCallback

A_LINE = 60.0  # seconds between lines
SETTLED = 5.0  # seconds before which no remaining time is told


@contextmanager
def progress(seconds: float = A_LINE) -> Iterator[ProgressCallback]:
    """Show how far the body has come, and for how long it will go on.

    seconds : between lines where stderr is no terminal
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        with _Lines(seconds) as lines:
            yield lines.report
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    left = TextColumn("{task.fields[left]}")
    columns = (TextColumn("{task.description:<30}"), BarColumn(), TimeElapsedColumn())
    begun = time.monotonic()
    with Progress(*columns, left, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=1.0, left="")

        def report(stage: str, share: float) -> None:
            told = remaining(time.monotonic() - begun, share)
            bar.update(task, description=stage, completed=share, left=told)

        yield report


class _Lines:
    """Tells the present stage now and then, whether or not the work says more of it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun = time.monotonic()
        self._stage, self._share = "starting", 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> "_Lines":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def report(self, stage: str, share: float) -> None:
        """Take up how far the work is."""
        self._stage, self._share = stage, share

    def _tell(self) -> None:
        while not self._is_over.wait(self._seconds):
            elapsed, share = time.monotonic() - self._begun, self._share
            left = remaining(elapsed, share)
            parts = [f"{share:.0%}", duration(elapsed), *([left] if left else [])]
            typer.echo(f"{self._stage}: {', '.join(parts)}", err=True)


def remaining(elapsed: float, share: float) -> str:
    """Return how long work goes on, "" while that cannot be told.

    Examples
    --------
    >>> remaining(30.0, 0.25)
    'about 1:30 left'
    >>> remaining(1.0, 0.5), remaining(30.0, 0.0)
    ('', '')
    """
    if elapsed < SETTLED or not 0 < share < 1:
        return ""
    return f"about {duration(elapsed * (1 - share) / share)} left"


def duration(seconds: float) -> str:
    """Return seconds as minutes and seconds, with hours where there are any.

    Examples
    --------
    >>> duration(65), duration(3 * 3600 + 5)
    ('1:05', '3:00:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
