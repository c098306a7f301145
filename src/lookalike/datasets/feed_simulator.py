r"""A simulated feed, whose probabilities of every action are known.

Users like some topics and follow some authors, who write posts of a topic, a quality
and a share of clickbait. What user u thinks of post p at time t, as the n-th post of
its author within a day, is

.. math::

   \eta = \theta_{u\,topic} + 0.5\, q_{author} + 0.4\, z_p + 0.6\, [follows]
      - 0.45 \ln (1 + n) - 0.2 \ln (1 + age_h) + 0.2 \sin (2 \pi (h - 14) / 24).

If the place is examined, which happens with :math:`\gamma_{d i} = i^{-e_d}` at place i
of device d, each action has

.. math:: \operatorname{logit} p_a = b_a + s_a\, \eta + c_a\, clickbait_p

(``FORMULA``), and the seconds that the post is looked at are log-normal around
:math:`\exp (b + s\, \eta + c\, clickbait)` with the b, s and c of ``STAY``. What is not
examined passes by in less than a second, and nothing is done with it. So clickbait is
clicked often, left soon and hidden often.

The ranker that ran takes what is followed, new and clickable, with noise. A share of
the lists is shuffled; in the others one place explores.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.click_log import last_fifth
from lookalike.datasets.feed_log import DWELL, Draws, FeedLog, Posts

BEGIN = 1_767_571_200.0  # Monday, 5 January 2026
DAY, HOUR = 86_400.0, 3600.0
TOPICS = (
    *("sport", "music", "food", "travel", "games", "politics", "science", "pets"),
    *("films", "garden"),
)
DEVICES = ("desktop", "phone", "tablet")
FALL = {"desktop": 0.35, "phone": 0.7, "tablet": 0.5}
"""How fast examination falls with the place, by device."""
FORMULA = {
    "click": (-1.2, 0.8, 1.6),
    "like": (-2.0, 1.1, -0.8),
    "comment": (-3.2, 1.1, 0.0),
    "share": (-3.7, 1.2, -0.6),
    "hide": (-3.4, -0.8, 1.8),
    "report": (-5.3, -0.8, 1.8),
}
"""b, s and c of each action."""
STAY = (1.8, 0.4, -0.9)
"""The same of the logarithm of the seconds that a post is looked at."""
SPREAD = 0.8
"""Standard deviation of that logarithm."""
EXPLORED = 0.5
"""Share of the lists, of those not shuffled, whose slot explores."""
WINDOW = 3 * DAY  # how old a post may be that is shown
K = 10  # posts of a list
SLOT = 4  # the place that explores
POOL = 10  # posts that it is drawn from


@dataclass(frozen=True)
class FeedTruth:
    """What a simulated log was made with.

    taste : (n_users, n_topics); of_author : (n_authors,); quality, clickbait :
    (n_posts,); follows : bool (n_users, n_authors)
    """

    posts: Posts
    taste: Floats
    of_author: Floats
    quality: Floats
    clickbait: Floats
    follows: Array

    def liking(
        self, user: Ints, post: Ints, time: Floats | float, before: Ints | int = 0
    ) -> Floats:
        """Return what users think of posts, the sum of the module's first formula.

        before : posts of the same author that the user was shown within a day
        """
        author, topic = self.posts.author[post], self.posts.topic[post]
        age = np.maximum(time - self.posts.created[post], 0.0) / HOUR
        hour = np.asarray(time) % DAY / HOUR
        found: Floats = (
            self.taste[user, topic]
            + 0.5 * self.of_author[author]
            + 0.4 * self.quality[post]
            + 0.6 * self.follows[user, author]
            - 0.45 * np.log1p(before)
            - 0.2 * np.log1p(age)
            + 0.2 * np.sin((hour - 14) / 24 * 2 * np.pi)
        )
        return found

    def expected(
        self, user: Ints, post: Ints, time: Floats | float, before: Ints | int = 0
    ) -> dict[str, Floats]:
        """Return what each head expects of posts that are examined, by name.

        The probability of an action, and the mean of ln(1 + seconds).
        """
        liking = self.liking(user, post, time, before)
        bait = self.clickbait[post]
        found = {name: expit(line(of, liking, bait)) for name, of in FORMULA.items()}
        return {**found, DWELL: _mean_log(line(STAY, liking, bait))}

    def best_list(
        self,
        user: int,
        posts: Ints,
        time: float,
        weights: dict[str, float],
        k: int = K,
        shown: Ints | None = None,
    ) -> Ints:
        """Return the list that takes the most valuable post at each place in turn.

        posts : candidates
        shown : (n_authors,), posts of each author that the user was shown within a day
        """
        own = np.zeros(len(self.of_author), np.int64) if shown is None else shown.copy()
        left, found = np.asarray(posts), []
        for _ in range(min(k, len(left))):
            author = self.posts.author[left]
            of = np.full(len(left), user)
            value = weighted(self.expected(of, left, time, own[author]), weights)
            at = int(np.argmax(value))
            found.append(int(left[at]))
            own[author[at]] += 1
            left = np.delete(left, at)
        return np.array(found, np.int64)

    def worth(
        self,
        user: int,
        posts: Ints,
        time: float,
        device: str,
        shown: Ints | None = None,
    ) -> dict[str, float]:
        """Return what a list is expected to bring, by head, as far as it is seen."""
        author = self.posts.author[posts]
        before = np.array([(author[:at] == a).sum() for at, a in enumerate(author)])
        if shown is not None:
            before = before + shown[author]
        of = np.full(len(posts), user)
        looked = examination(device, np.arange(1, len(posts) + 1))
        expected = self.expected(of, np.asarray(posts), time, before)
        return {name: float(looked @ each) for name, each in expected.items()}


def examination(device: str | Array, place: Ints) -> Floats:
    """Return the probability that places are examined, relative to the first.

    device : one for all of them, or one each
    """
    names, which = np.unique(np.atleast_1d(device), return_inverse=True)
    fall = np.array([FALL[name] for name in names.tolist()])[which]
    found: Floats = np.asarray(place, np.float64) ** -fall
    return found


def line(of: tuple[float, float, float], liking: Floats, clickbait: Floats) -> Floats:
    """Return b + s liking + c clickbait, the sum of the module's second formula."""
    b, s, c = of
    found: Floats = b + s * liking + c * clickbait
    return found


def weighted(expected: dict[str, Floats], weights: dict[str, float]) -> Floats:
    """Return the sum of heads with weights, (n,)."""
    return np.sum([weights[name] * expected[name] for name in weights], axis=0)


def simulate_feed(
    n_users: int = 600,
    n_authors: int = 120,
    n_posts: int = 4000,
    n_lists: int = 12_000,
    n_days: int = 14,
    shuffled: float = 0.05,
    random_state: int = 0,
) -> FeedLog:
    """Simulate lists of ten posts, and what users did with them.

    Parameters
    ----------
    n_users, n_authors, n_posts, n_lists, n_days : int
        At least 10 each, and 4 days; authors are the first users.
    shuffled : float
        Share of the lists that are random, in (0, 1).
    random_state : int
        Seed; the same arguments give the same data.

    Raises
    ------
    ValueError
        If a size is too small, or there are more authors than users.

    Examples
    --------
    >>> log = simulate_feed(60, 20, 400, 400, 6)
    >>> first, last = (log.actions["click"][log.place == place] for place in (1, 10))
    >>> float(first.mean()) > 2 * float(last.mean())
    True
    """
    sizes = {
        "n_users": n_users,
        "n_authors": n_authors,
        "n_posts": n_posts,
        "n_lists": n_lists,
        "n_days": n_days,
    }
    for name, size in sizes.items():
        check_whole(name, size, least=4 if name == "n_days" else 10)
    if n_authors > n_users:
        raise ValueError(
            f"Authors are users: n_authors={n_authors} exceeds n_users={n_users}."
        )
    if not 0 < shuffled < 1:
        raise ValueError(f"shuffled must lie between 0 and 1, got {shuffled!r}.")
    rng = np.random.default_rng(random_state)
    truth, follows, blocks, clickable = _world(rng, n_users, n_authors, n_posts, n_days)
    time = np.sort(BEGIN + rng.uniform(WINDOW, n_days * DAY, n_lists))
    active = rng.lognormal(sigma=0.5, size=n_users)
    reader = rng.choice(n_users, n_lists, p=active / active.sum())
    device = rng.choice(len(DEVICES), n_lists, p=[0.3, 0.6, 0.1])
    is_random = rng.random(n_lists) < shuffled
    shown, draws = _lists(rng, truth, blocks, clickable, reader, time, is_random)
    at = np.nonzero(shown >= 0)
    user, post, moment = reader[at[0]], shown[at], time[at[0]]
    place = at[1] + 1
    before = shown_before(truth.posts, user, post, moment, place, n_authors)
    expected = truth.expected(user, post, moment, before)
    names = np.array(DEVICES)[device[at[0]]]
    looked = rng.random(len(post)) < examination(names, place)
    actions = {
        name: ((rng.random(len(post)) < expected[name]) & looked).astype(np.float64)
        for name in FORMULA
    }
    liking = truth.liking(user, post, moment, before)
    stay = rng.lognormal(line(STAY, liking, truth.clickbait[post]), SPREAD)
    row_of = np.full(shown.shape, -1)
    row_of[at] = np.arange(len(post))
    settings = f"feed_simulator 1 {sorted(sizes.items())} {shuffled} {random_state}"
    return FeedLog(
        name="feed_simulator",
        checksum=hashlib.sha256(settings.encode()).hexdigest(),
        users=np.array([f"u{n}" for n in range(n_users)]),
        authors=np.array([f"u{n}" for n in range(n_authors)]),
        topics=np.array(TOPICS),
        posts=truth.posts,
        follows=follows,
        blocks=blocks,
        user=user,
        post=post,
        time=moment,
        place=place,
        device=names,
        shuffled=is_random[at[0]],
        actions=actions,
        is_test=last_fifth(moment),
        dwell=np.where(looked, stay, rng.uniform(0.1, 1.0, len(post))),
        draws=Draws(row_of[draws[0], SLOT - 1], draws[1], draws[2], EXPLORED),
        truth=truth,
    )


def _mean_log(mu: Floats) -> Floats:
    """Mean of ln(1 + s) where ln s is normal around mu, by Gauss and Hermite."""
    nodes, weight = np.polynomial.hermite_e.hermegauss(9)
    each = np.log1p(np.exp(mu[..., None] + SPREAD * nodes))
    found: Floats = each @ weight / weight.sum()
    return found


def shown_before(
    posts: Posts, user: Ints, post: Ints, time: Floats, place: Ints, n_authors: int
) -> Ints:
    """How many posts of its author a user was shown in the day before each of these.

    Those of the same list count if they stand above.
    """
    key = user * n_authors + posts.author[post]
    # A list is one moment: a place further down is later by a thousandth of a second.
    moment = time - BEGIN + place * 1e-3
    code = key * (moment.max(initial=0.0) + 1.0)
    ordered = np.sort(code + moment)
    begin = np.searchsorted(ordered, code + np.maximum(moment - DAY, 0.0))
    found: Ints = np.searchsorted(ordered, code + moment) - begin
    return found


def _world(
    rng: np.random.Generator, n_users: int, n_authors: int, n_posts: int, n_days: int
) -> tuple[FeedTruth, Ints, Ints, Floats]:
    """The truth, who follows and mutes whom, and what seems clickable of each post."""
    taste = rng.normal(-0.5, 0.1, (n_users, len(TOPICS)))
    liked = np.argsort(rng.random(taste.shape), axis=1)[:, :3]
    np.put_along_axis(taste, liked, rng.normal(1.0, 0.1, liked.shape), axis=1)
    line = rng.integers(len(TOPICS), size=(n_authors, 2))
    of_author = rng.normal(size=n_authors)
    baits = rng.beta(0.6, 1.6, n_authors)
    known = rng.lognormal(sigma=1.0, size=n_authors)
    draw = np.log(known) + 1.2 * taste[:, line].mean(axis=2)
    draw = draw + rng.gumbel(size=(n_users, n_authors))
    draw[np.arange(n_authors), np.arange(n_authors)] = -np.inf
    order = np.argsort(-draw, axis=1)
    n_followed = np.clip(rng.poisson(8, n_users), 2, n_authors - 2)
    follows = np.arange(n_authors) < n_followed[:, None]
    pairs = np.column_stack(
        [np.repeat(np.arange(n_users), n_followed), order[follows]]
    ).astype(np.int64)
    matrix = np.zeros((n_users, n_authors), bool)
    matrix[pairs[:, 0], pairs[:, 1]] = True
    muted = np.flatnonzero(rng.random(n_users) < 0.2)
    blocks = np.column_stack([muted, order[muted, -2]]).astype(np.int64)
    author = rng.choice(n_authors, n_posts, p=known / known.sum())
    topic = np.where(
        rng.random(n_posts) < 0.85,
        line[author, rng.integers(2, size=n_posts)],
        rng.integers(len(TOPICS), size=n_posts),
    )
    clickbait = np.clip(baits[author] + rng.normal(0, 0.15, n_posts), 0, 1)
    created = np.sort(BEGIN + rng.uniform(0, n_days * DAY, n_posts))
    quality = rng.normal(size=n_posts)
    posts = Posts(
        ids=np.array([f"p{n}" for n in range(n_posts)]),
        author=author.astype(np.int64),
        created=created,
        topic=topic.astype(np.int64),
        # What models of headline and content would say: the truth, with an error.
        numbers={
            "sensational": np.clip(clickbait + rng.normal(0, 0.1, n_posts), 0, 1),
            "well made": quality + rng.normal(0, 0.2, n_posts),
        },
    )
    truth = FeedTruth(posts, taste, of_author, quality, clickbait, matrix)
    return truth, pairs, blocks, 0.8 * clickbait + 0.3 * of_author[author]


def _lists(
    rng: np.random.Generator,
    truth: FeedTruth,
    blocks: Ints,
    clickable: Floats,
    reader: Ints,
    time: Floats,
    is_random: Array,
) -> tuple[Ints, tuple[Ints, Ints, Ints]]:
    """Posts of each list, -1 where none was left, and the draws of their slots.

    Nobody is shown a post twice. A draw is a list, its pool and the column chosen.
    """
    posts, created = truth.posts, truth.posts.created
    seen = np.zeros((len(truth.taste), len(created)), bool)
    muted = np.zeros(truth.follows.shape, bool)
    muted[blocks[:, 0], blocks[:, 1]] = True
    shown = np.full((len(time), K), -1, np.int64)
    lists, pools, chosen = [], [], []
    begins, ends = (
        np.searchsorted(created, time - WINDOW),
        np.searchsorted(created, time),
    )
    for at, (user, begin, end) in enumerate(zip(reader, begins, ends, strict=True)):
        there = np.arange(begin, end)
        author = posts.author[there]
        there = there[~(seen[user, there] | muted[user, author] | (author == user))]
        if len(there) < K:
            continue
        if is_random[at]:
            found = rng.permutation(there)[:K]
        else:
            author = posts.author[there]
            score = 1.5 * truth.follows[user, author] + clickable[there]
            score = score - 0.02 * (time[at] - created[there]) / HOUR
            score = score + 0.5 * rng.gumbel(size=len(there))
            order = there[np.argsort(-score)[: K + POOL - 1]]
            found = order[:K].copy()
            pool = np.concatenate([order[SLOT - 1 : SLOT], order[K:]])
            if len(pool) == POOL:
                column = int(rng.integers(POOL)) if rng.random() < EXPLORED else 0
                found[SLOT - 1] = pool[column]
                lists.append(at)
                pools.append(pool)
                chosen.append(column)
        shown[at] = found
        seen[user, found] = True
    wide = np.array(pools, np.int64).reshape(-1, POOL)
    return shown, (np.array(lists, np.int64), wide, np.array(chosen, np.int64))
