"""Locks that a forked child finds free.

A child has one thread: that which forked. A lock that another thread held at that
moment stays locked in the child for ever, and what it guards may be half changed.
"""

import os
import threading
import weakref
from types import TracebackType


class ForkSafeLock:
    """A lock like ``threading.Lock``, not held by anybody in a forked child.

    Parameters
    ----------
    awaited : bool
        Whether a fork waits until the lock is free, so that the child finds whole what
        it guards. It must then be held shortly, and never by a thread that forks or
        that holds another such lock.
    """

    def __init__(self, awaited: bool) -> None:
        self.awaited = awaited
        self._lock = threading.Lock()
        with _registering:
            _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()

    def acquire(self, blocking: bool = True) -> bool:
        """Take the lock; whether it was taken."""
        return self._lock.acquire(blocking)

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def renew(self) -> None:
        """Put a free lock in place of one whose holder is not in this process."""
        self._lock = threading.Lock()


_registering = threading.Lock()
_locks: "weakref.WeakSet[ForkSafeLock]" = weakref.WeakSet()
_held: list[ForkSafeLock] = []


def _before() -> None:
    _registering.acquire()
    _held.extend(lock for lock in _locks if lock.awaited)
    for lock in _held:
        lock.acquire()


def _after_in_parent() -> None:
    while _held:
        _held.pop().release()
    _registering.release()


def _after_in_child() -> None:
    _after_in_parent()
    for lock in _locks:
        lock.renew()


if hasattr(os, "register_at_fork"):  # there is no fork elsewhere
    os.register_at_fork(
        before=_before,
        after_in_parent=_after_in_parent,
        after_in_child=_after_in_child,
    )
