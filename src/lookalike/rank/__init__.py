"""Who and what -> an ordered list: candidates, rankers, re-rankers, the funnel.

One algorithm a file. Matrices are ``user_items``: sparse, users by items.
"""

from lookalike.rank.hits import Hits

__all__ = ["Hits"]
