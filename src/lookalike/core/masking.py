"""Words with their letters left out: what is shown of abuse, unless asked for more."""

import re

_WORD = re.compile(r"\w+")


def masked(text: str) -> str:
    """Return a text of whose words the first letter is left, the rest as asterisks.

    A reader who knows the text recognises it; nobody else reads abuse in a log, a
    report or on a screen.

    Examples
    --------
    >>> masked("Such bananas, I say!")
    'S*** b******, I s**!'
    """
    return _WORD.sub(lambda found: found[0][0] + "*" * (len(found[0]) - 1), text)
