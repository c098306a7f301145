"""What is said of a person in a frame."""

from dataclasses import dataclass

from lookalike.core.contracts import Answer


@dataclass(frozen=True)
class JaywalkAnswer(Answer):
    """The risk that one person is, at one frame."""

    person: int
    """The number of their track, or the id that was given."""
    frame: int
    jaywalking: float
    """The chance that they cross where nobody is meant to: ``crossing`` times ``away``.
    """
    crossing: float
    """The chance that they cross in front of the car in a second or two."""
    away: float
    """The chance that this is no place to cross."""
    low: float
    high: float
    """95% interval of how many held-out people of about this chance crossed."""
    alarm: bool
    """Whether ``crossing`` has reached the alarm's chance."""
    left: float
    top: float
    right: float
    bottom: float
    """Of the box, in pixels."""
