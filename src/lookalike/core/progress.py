"""Callbacks for the progress and the warnings of long work."""

from collections.abc import Callable

ProgressCallback = Callable[[str, float], None]
"""Called with the current stage, in words, and the share of the work done (0 to 1)."""
ShareCallback = Callable[[float], None]
"""Called with the share of one stage that is done (0 to 1)."""
WarningCallback = Callable[[str], None]
"""Called with one sentence that the user should know."""


def no_progress(stage: str, share: float) -> None:
    """Show nothing."""


def no_warning(sentence: str) -> None:
    """Show nothing."""


def stage_of(
    on_progress: ProgressCallback, begin: float, length: float
) -> ProgressCallback:
    """Return the callback of work that is only a part of the whole.

    Examples
    --------
    >>> shown = []
    >>> half = stage_of(lambda stage, share: shown.append(share), 0.5, 0.5)
    >>> half("evaluating", 0.5)
    >>> shown
    [0.75]
    """
    return lambda stage, share: on_progress(stage, begin + length * share)


def share_of(
    on_progress: ProgressCallback, stage: str, begin: float, length: float
) -> ShareCallback:
    """Return the callback of one named stage.

    Examples
    --------
    >>> shown = []
    >>> learning = share_of(lambda *now: shown.append(now), "learning", 0.0, 0.9)
    >>> learning(0.5)
    >>> shown
    [('learning', 0.45)]
    """
    return lambda share: on_progress(stage, begin + length * share)
