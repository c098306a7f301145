"""Where the posts of a feed come from: a few hundred of each source, within a window.

*Followed*: the newest posts of the authors whom the user follows, read when they are
asked for (fan-out on read) from an index of posts by author and time. *Near*: those of
authors whom these follow. *Strangers*: those of authors whom EASE expects the user to
like, by what they and others have done. *Popular*: what most like. A post that the user
has seen, wrote, or whose author they mute, comes from none.
"""

from collections.abc import Sequence
from copy import copy
from typing import Self

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.feed_log import FeedLog
from lookalike.rank.ease import EASE

SOURCES = ("followed", "near", "strangers", "popular")
REASONS = (
    "from an author you follow",
    "from an author whom those you follow, follow",
    "from an author you may like",
    "popular",
)
QUOTAS = (400, 200, 250, 150)
N_STRANGERS = 60  # authors
MOST_AUTHORS = 4000  # that EASE solves for: the cube of it is what it costs
DAY = 86_400.0


class PostIndex:
    """The posts within the window before a moment, by author, newest first.

    Attributes
    ----------
    recent : int64, posts by author and, of one author, newest first
    """

    def __init__(
        self, author: Ints, created: Floats, n_authors: int, now: float, window: float
    ) -> None:
        inside = np.flatnonzero((created <= now) & (created > now - window))
        order = np.lexsort((inside, -created[inside], author[inside]))
        self.recent = inside[order]
        self._created = created
        self._begin = np.searchsorted(author[self.recent], np.arange(n_authors + 1))

    def of(self, authors: Ints, most: int) -> Ints:
        """Return the newest posts of some authors, newest first."""
        begin = self._begin[authors]
        n = np.minimum(self._begin[authors + 1] - begin, most)
        within = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
        found = self.recent[np.repeat(begin, n) + within]
        return found[np.lexsort((found, -self._created[found]))[:most]]


class CandidateSources:
    """All sources, of one state of the log.

    log : FeedLog
    rows : bool (n,), impressions that are known
    now, window : seconds
    popularity : (n_posts,), higher is better
    """

    def __init__(
        self, log: FeedLog, rows: Array, now: float, window: float, popularity: Floats
    ) -> None:
        n_users, n_authors, posts = len(log.users), len(log.authors), log.posts
        self._know(log, now, window, popularity)
        user, post = log.user[rows], log.post[rows]
        pairs = np.unique(user * len(posts.ids) + post)
        self._seen = _lists_of(pairs // len(posts.ids), pairs % len(posts.ids), n_users)
        self._follows = _lists_of(log.follows[:, 0], log.follows[:, 1], n_users)
        self._blocks = _lists_of(log.blocks[:, 0], log.blocks[:, 1], n_users)
        liked = np.zeros(len(log), bool)
        for name, values in log.actions.items():
            if name not in ("hide", "report"):
                liked |= values > 0
        liked = liked[rows]
        likes = sp.csr_array(
            (
                np.ones(liked.sum(), np.float32),
                (user[liked], posts.author[post[liked]]),
            ),
            shape=(n_users, n_authors),
        )
        likes.sum_duplicates()
        likes.data[:] = 1.0
        self._likes = likes
        self._ease = None
        if likes.nnz and n_authors <= MOST_AUTHORS:
            self._ease = EASE(50.0).fit(likes)

    def with_posts(
        self, log: FeedLog, now: float, window: float, popularity: Floats
    ) -> Self:
        """Return the same sources, of more posts and authors at another moment.

        log : whose first posts and authors are those that were known
        """
        found = copy(self)
        found._know(log, now, window, popularity)
        return found

    def seen(self, user: int) -> Ints:
        """Posts that a user was shown, in order."""
        return _of(self._seen, user)

    def follows(self, user: int) -> Ints:
        """Authors whom a user follows."""
        return _of(self._follows, user)

    def of(
        self, user: int, quotas: Sequence[int], gone: Ints
    ) -> tuple[Ints, Ints, dict[str, int]]:
        """Return posts for a user in order, the source of each, and what was left out.

        user : -1 is one of whom nothing is known
        gone : posts that are not wanted, beside those that were seen
        """
        followed = _of(self._follows, user)
        authors = [
            followed,
            self._near(user, followed),
            self._strangers(user, followed),
        ]
        had = np.zeros(len(self.posts.ids), bool)
        had[self.seen(user)] = had[gone] = True
        n_seen = int(had.sum())
        muted = np.zeros(len(self._user_of), bool)
        muted[self._unwanted(user)] = True
        lists = [
            self.index.of(each, quota + n_seen)
            for each, quota in zip(authors, quotas[:3], strict=True)
        ]
        # The popular ones fill what the others leave, so that nobody's feed is empty.
        most = sum(quotas) - len(np.unique(np.concatenate(lists)))
        lists.append(self._popular[: max(quotas[3], most) + n_seen])
        left_out = {"seen before": 0, "muted or their own": 0}
        kept: list[Ints] = []
        for each, quota in zip(lists, (*quotas[:3], max(quotas[3], most)), strict=True):
            old, mute = had[each], muted[self.posts.author[each]]
            left_out["seen before"] += int(old.sum())
            left_out["muted or their own"] += int((mute & ~old).sum())
            kept.append(each[~(old | mute)][:quota])
        every = np.concatenate(kept)
        source = np.repeat(np.arange(len(kept)), [len(each) for each in kept])
        found, first = np.unique(every, return_index=True)
        return found, source[first], left_out

    def eligible(self, user: int) -> Ints:
        """Return all posts of the window that are not seen, muted or the user's own."""
        every = np.setdiff1d(self.index.recent, self.seen(user))
        return every[~np.isin(self.posts.author[every], self._unwanted(user))]

    def kept_out(self, user: int, post: int) -> list[str]:
        """What keeps a post from a user, in sentences."""
        found = []
        if post in self.seen(user):
            found.append("the user has seen it")
        if self.posts.author[post] in _of(self._blocks, user):
            found.append("the user mutes its author")
        if user >= 0 and self._author_of[user] == self.posts.author[post]:
            found.append("the user wrote it")
        if post not in self.index.recent:
            found.append("it is older than the window, or not there yet")
        return found

    def _know(
        self, log: FeedLog, now: float, window: float, popularity: Floats
    ) -> None:
        """Index the posts of a log, and who of their authors is a user."""
        posts, n_authors = log.posts, len(log.authors)
        self.posts = posts
        self.index = PostIndex(posts.author, posts.created, n_authors, now, window)
        recent = np.sort(self.index.recent)
        self._popular = recent[np.argsort(-popularity[recent], kind="stable")]
        as_user = {name: at for at, name in enumerate(log.users.tolist())}
        self._user_of = np.array([as_user.get(a, -1) for a in log.authors.tolist()])
        self._author_of = np.full(len(log.users), -1)
        known = self._user_of >= 0
        self._author_of[self._user_of[known]] = np.flatnonzero(known)

    def _unwanted(self, user: int) -> Ints:
        """Authors whom a user mutes, and the user."""
        blocked = _of(self._blocks, user)
        if user >= 0 and self._author_of[user] >= 0:
            blocked = np.append(blocked, self._author_of[user])
        return blocked

    def _near(self, user: int, followed: Ints) -> Ints:
        people = self._user_of[followed]
        each = [_of(self._follows, at) for at in people[people >= 0].tolist()]
        every = np.unique(np.concatenate([*each, np.empty(0, np.int64)]))
        return np.setdiff1d(every, followed)

    def _strangers(self, user: int, followed: Ints) -> Ints:
        if self._ease is None or user < 0:
            return np.empty(0, np.int64)
        scores = self._ease.score_items(self._likes[[user]])[0].astype(np.float64)
        scores[followed] = -np.inf
        order = np.argsort(-scores, kind="stable")[:N_STRANGERS]
        return order[scores[order] > 0]


def _lists_of(rows: Ints, columns: Ints, n: int) -> tuple[Ints, Ints]:
    """Begins (n + 1,) and the sorted values of each row."""
    order = np.lexsort((columns, rows))
    begin = np.searchsorted(rows[order], np.arange(n + 1))
    return begin, columns[order].astype(np.int64)


def _of(lists: tuple[Ints, Ints], row: int) -> Ints:
    begin, values = lists
    if row < 0:
        return np.empty(0, np.int64)
    return values[begin[row] : begin[row + 1]]
