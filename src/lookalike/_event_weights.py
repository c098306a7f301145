"""How much an event counts by its kind: in a log that is learned from, and live."""

WEIGHTS = {
    **dict.fromkeys(("impression", "hide", "dislike", "return", "refund"), 0.0),
    **dict.fromkeys(("view", "pageview", "click", "play", "read", "open"), 1.0),
    **dict.fromkeys(("like", "cart", "addtocart", "save", "wishlist", "favorite"), 3.0),
    **dict.fromkeys(("purchase", "buy", "order", "transaction", "checkout"), 5.0),
}
"""What an event counts by its kind, where nothing else is said; others count 1."""


def event_weight(event: str) -> float:
    """Return what an event of this kind counts, where nothing else is said.

    Examples
    --------
    >>> event_weight("Add to cart"), event_weight("dance")
    (3.0, 1.0)
    """
    return WEIGHTS.get(plain_name(event), 1.0)


def plain_name(name: str) -> str:
    """Return a name without case, and of its letters and digits alone."""
    return "".join(each for each in name.lower() if each.isalnum())
