"""What a system can do, as protocols, and the types of its answers.

The command line and the HTTP service know systems by these alone. A capability is a
name in ``SystemSpec.capabilities``; the protocol of that capability says which methods
the system has. Methods for batches answer each query exactly as if it came alone, to
the last digit, and return one answer a query.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from lookalike._typing import Array, Floats
from lookalike.core.items import Allowed, Item, ItemCatalogue
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback
from lookalike.rank.slate import ExplainedSlate

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report

# --- answers --------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """One answer to one query; a system's own class adds its fields.

    A field with the metadata ``LOGGED_ONLY`` is for the service's log.
    """

    def record(self) -> dict[str, Any]:
        """Return the fields as they are shown, ready for JSON."""
        return {name: getattr(self, name) for name in shown_fields(type(self))}


def shown_fields(kind: Any) -> tuple[str, ...]:
    """Return the names of the fields that an answer shows."""
    return tuple(f.name for f in fields(kind) if f.metadata.get("json", True))


LOGGED_ONLY: Mapping[str, Any] = {"json": False}
"""Metadata of a field that is logged and never shown."""


@dataclass(frozen=True)
class SearchAnswer:
    """The items most like one query, best first, as many as there are up to k.

    ids : str, one an item
    scores : higher is better
    labels : of the items, None where they have none
    columns : further lists, one value an item, such as "distance"
    vector : (n_dimensions,), of the query, kept with what was shown
    revision : of the last change of an item that the answer knows
    did_you_mean : the query in other words, where some of its own are misspelt
    """

    ids: list[str]
    scores: list[float]
    labels: list[Any]
    columns: dict[str, list[Any]] = field(default_factory=dict)
    vector: Array | None = field(default=None, repr=False, compare=False)
    revision: int = 0
    did_you_mean: str | None = None

    def records(self) -> list[dict[str, Any]]:
        """Return one mapping a hit, ready for JSON.

        Examples
        --------
        >>> SearchAnswer(["7"], [-0.5], ["cup"], {"distance": [0.5]}).records()
        [{'id': '7', 'label': 'cup', 'distance': 0.5, 'score': -0.5}]
        """
        names = ("id", "label", *self.columns, "score")
        rows = zip(
            self.ids, self.labels, *self.columns.values(), self.scores, strict=True
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def reordered(self, order: Sequence[int]) -> "SearchAnswer":
        """Return the same hits in another order."""
        return SearchAnswer(
            [self.ids[at] for at in order],
            [self.scores[at] for at in order],
            [self.labels[at] for at in order],
            {name: [c[at] for at in order] for name, c in self.columns.items()},
            self.vector,
            self.revision,
            self.did_you_mean,
        )


@dataclass(frozen=True)
class ClassificationResult:
    """Answers to a batch of queries, as arrays for users of Python."""

    labels: Array  # (n_queries,)
    probabilities: Floats  # (n_queries, n_classes), in the order of ``classes_``

    def by_query(self, classes: Array) -> list[tuple[Any, float, dict[str, float]]]:
        """Return label, its probability, and each class's, ready for JSON."""
        names = list(map(str, classes.tolist()))
        return [
            (label, max(shares), dict(zip(names, shares, strict=True)))
            for label, shares in zip(
                self.labels.tolist(), self.probabilities.tolist(), strict=True
            )
        ]


@dataclass(frozen=True)
class Explanation:
    """One answer, and why it is this one."""

    answer: dict[str, Any]
    """Ready for JSON."""
    reasons: tuple[str, ...]
    """Sentences for a reader, the strongest reason first."""
    page: "Report | None" = None
    """The same with pictures, where there is something to see."""


# --- capabilities ---------------------------------------------------------------------


class System(Protocol):
    """A system that was fitted or loaded; see ``core.base.BaseSystem``."""

    name: ClassVar[str]
    manifest_: Manifest
    n_jobs: int | None

    def fit(self, data: Any, on_progress: ProgressCallback = ...) -> Self:
        """Learn from a data set."""
        ...

    def check_query(self, query: Any) -> Any:
        """Return one decoded input as the batch methods take it, or refuse it."""
        ...

    def warm_up(self) -> None:
        """Compile and touch what the first answer needs."""
        ...

    def has_item(self, id: str) -> bool:
        """Whether an item has this id; True where that is not known."""
        ...

    def save(self, folder: Any) -> Any:
        """Write the system as a generation."""
        ...


class Classifies(System, Protocol):
    """Capability "classify": says what each query is."""

    def classify_each(self, queries: Sequence[Any]) -> list[list[Answer]]:
        """Return the answers to each query: one, or one for each thing found in it."""
        ...


PROMPT = "a photo of a {label}"
"""The text that stands for a label, unless another is given."""


class NamesUnseen(System, Protocol):
    """Capability "zero_shot": says which of the labels that are given fits a query.

    Over HTTP it is asked where a system with names of its own, "classify", is: a system
    has one of the two.
    """

    @property
    def takes_text(self) -> bool:
        """Whether it knows words, without which it can do neither."""
        ...

    def classify_as(
        self, queries: Sequence[Any], labels: Sequence[str], prompt: str = PROMPT
    ) -> list[list[Answer]]:
        """Return one answer to each query, in a list.

        ``prompt`` is the text that stands for a label, with ``{label}`` in it.
        """
        ...


class IsReviewed(Classifies, Protocol):
    """Capability "review": what it answers may have to be seen by a person first."""

    kinds_: tuple[str, ...]
    """What a person may see in an input, the first whatever it is."""

    def review_value(self, answer: Answer, views: float = 1.0) -> float | None:
        """Return what a person's look saves, None of an answer that needs none.

        views : that are expected of the input, as a multiple of the usual one's
        """
        ...


class Searches(System, Protocol):
    """Capability "search": finds the items most like each query."""

    def search_each(
        self,
        queries: Sequence[Any],
        k: int = 10,
        where: Mapping[str, Allowed] | None = None,
    ) -> list[SearchAnswer]:
        """Return at most k items for each query.

        ``where`` names attributes of items and what is let through: values, or bounds
        of a number ("gte", "gt", "lte", "lt").
        """
        ...


class Recommends(System, Protocol):
    """Capability "recommend": suggests items to users, known or not."""

    @property
    def feature_names(self) -> Sequence[str]:
        """Names of the columns of ``features``."""
        ...

    @property
    def known_users(self) -> Array:
        """Names of the users that were learned from."""
        ...

    def recommend_each(
        self, users: Sequence[str], k: int = 10, exclude: Sequence[str] = ()
    ) -> list[ExplainedSlate]:
        """Return at most k suggestions for each user, best first.

        ``exclude`` names items that are not wanted; names that are not known are passed
        over.
        """
        ...

    def without_users(self, users: Sequence[str]) -> Self:
        """Return the system as it is if it never knew these users.

        They are answered like anybody who is not known, and no answer names them. What
        was learned from many, such as weights, stays.
        """
        ...


class Ranks(System, Protocol):
    """Capability "rank": puts given items in order for a user."""

    def rank_items(self, user: str, ids: Sequence[str]) -> ExplainedSlate:
        """Return these items, each once, best first."""
        ...


class SellsPlaces(System, Protocol):
    """Capability "auction": sells the places of a page to ads."""

    def run_auction(
        self,
        user: str,
        k: int = 3,
        kind: str = "gsp",
        reserve: float = 0.0,
        context: Mapping[str, Any] | None = None,
        spent: Mapping[str, float] | None = None,
    ) -> Any:
        """Return who stands in the k places that a user sees, and what a click costs.

        ``kind`` is "second_price", "gsp" or "vcg"; ``reserve`` the least price of a
        click; ``context`` what is known of the moment, by column; ``spent`` what ads
        have cost today. The answer's ``record()`` is ready for JSON.
        """
        ...


class Weighs(Recommends, Protocol):
    """Capability "weigh": sums what is expected of an item with weights of an owner."""

    weights_: dict[str, float]
    """What each thing that a user may do is worth."""

    def with_weights(self, weights: Mapping[str, float]) -> Self:
        """Return the system with other weights; nothing is learned."""
        ...

    def preview_weights(self, weights: Mapping[str, float]) -> Any:
        """Return what the log says that other weights would change.

        Its ``record()`` is ready for JSON.
        """
        ...


class RecommendsFromHistory(Recommends, Protocol):
    """Capability "history": suggests items to whoever has this history."""

    def with_events(self, events: Mapping[str, Mapping[str, float]]) -> Self:
        """Return the system as it is once users did these things, too.

        ``events`` are items with how much a user did, by user, the latest last; an item
        that a user does not want has -1, and is not suggested. Nothing is learned:
        lists, ranks and explanations of these users follow from what they did. Users
        and items that are not known are taken as they come.
        """
        ...

    def recommend_from(
        self,
        histories: Sequence[Mapping[str, float]],
        k: int = 10,
        exclude: Sequence[str] = (),
    ) -> list[ExplainedSlate]:
        """Return at most k suggestions for each history, best first.

        A history is items with how much the user did, from 0 on, the latest last; items
        that are not known are passed over.
        """
        ...


class Retrains(RecommendsFromHistory, Protocol):
    """Capability "retrain": learns again from its log and a service's events.

    ``SystemSpec.live_data`` and ``SystemSpec.comparison`` say how.
    """

    most_value: ClassVar[float]
    """The largest value that an event may have."""

    def without_held_out(self, data: Any) -> Self:
        """Return the system as if it had not learned what is held out of these data.

        So it is compared fairly with one that learned from the rest of them.
        """
        ...


class HasCatalogue(Recommends, Protocol):
    """Capability "catalogue": items with columns, which come and go while it answers.

    ``recommend_each``, ``recommend_from`` and ``similar_each`` take ``where``, which
    names columns and what is let through: values, or bounds ("gte", "gt", "lte", "lt").
    The first two take ``context``, what the columns of users say of whoever asks.
    """

    def with_items(self, items: Sequence[Item]) -> Self:
        """Return the system with items that came, changed or went since it learned.

        It is given all of them each time, in the order of the changes.
        """
        ...

    def check_item(self, item: Item) -> None:
        """Refuse an item that cannot be added."""
        ...

    def offers(self, id: str) -> bool:
        """Whether an item has this id, and has not been retired."""
        ...

    def item_values(
        self, ids: Sequence[str], columns: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return what these columns say of each item, ready for JSON."""
        ...


class HasPosts(Recommends, Protocol):
    """Capability "posts": what is recommended comes and goes, and is soon old."""

    @property
    def n_items(self) -> int:
        """How many posts there are."""
        ...

    def with_items(self, items: Sequence[Item]) -> Self:
        """Return the system with posts that came, changed or went since it learned.

        It is given all of them each time, in the order of the changes.
        """
        ...

    def check_item(self, item: Item) -> None:
        """Refuse a post that cannot be added."""
        ...

    def post_values(self, id: str) -> dict[str, Any]:
        """Return what is known of a post, ready for JSON.

        Raises
        ------
        LookupError
            If there is none of this id, or it was taken away.
        """
        ...


class HasTexts(Searches, Protocol):
    """Capability "texts": documents, which come and go while it answers."""

    @property
    def n_items(self) -> int:
        """How many documents there are."""
        ...

    @property
    def item_ids(self) -> list[str]:
        """Ids of all documents, in order."""
        ...

    @property
    def facet_names(self) -> Sequence[str]:
        """Names of the attributes that a document may have."""
        ...

    def with_items(self, items: Sequence[Item]) -> Self:
        """Return the system with documents that came, changed or went.

        Each change is given once, in order. An item's label is the title, its attribute
        "text" the text.
        """
        ...

    def check_item(self, item: Item) -> None:
        """Refuse a document that cannot be added."""
        ...

    def document(self, id: str) -> dict[str, Any]:
        """Return title, text and attributes of a document.

        Raises
        ------
        LookupError
            If there is no document of this id.
        """
        ...


class Suggests(System, Protocol):
    """Capability "suggest": completes what is being typed."""

    @property
    def known_users(self) -> Array:
        """Names of the users whose askings count."""
        ...

    @property
    def known_until(self) -> float:
        """The time of the latest asking of its data, in seconds since 1970, or 0."""
        ...

    def suggest_each(
        self, queries: Sequence[str], k: int = 10, user: str = "", country: str = ""
    ) -> list[list[Answer]]:
        """Return at most k suggestions for each text, the likeliest first."""
        ...

    def count_asked(self, asked: Iterable[tuple[str, str, str, float | None]]) -> None:
        """Count what was asked since: query, user, country and time of each.

        Names that are not known are "", a time that is not known is None.
        """
        ...

    def block_phrases(self, phrases: Iterable[str]) -> None:
        """Let no suggestion hold one of these, from the next answer on."""
        ...


class FindsSimilar(System, Protocol):
    """Capability "similar": finds the items most like one of them."""

    def similar_each(self, ids: Sequence[str], k: int = 10) -> list[SearchAnswer]:
        """Return at most k other items for each item.

        Raises
        ------
        LookupError
            If there is no item of an id.
        """
        ...


class CountsFacets(Searches, Protocol):
    """Capability "facets": counts what it finds by attributes, and filters by them."""

    @property
    def facet_names(self) -> Sequence[str]:
        """Names of the attributes that are counted."""
        ...

    def facet_counts(
        self,
        query: str | None,
        names: Sequence[str],
        where: Mapping[str, Allowed] | None = None,
    ) -> dict[str, dict[str, int]]:
        """Return how many of all items that a query finds have each value, by name.

        ``query`` None counts every item. The most frequent value comes first.
        """
        ...


class Explains(System, Protocol):
    """Capability "explain": gives reasons for its answer to one query."""

    def explain(self, query: Any) -> Explanation:
        """Return the answer to a query, and the reasons for it."""
        ...


class ExplainsItems(System, Protocol):
    """Capability "explain_item": says why an item stands where it does."""

    def explain_item(self, query: Any, id: str, k: int = 10) -> dict[str, Any]:
        """Return rank, score and the parts of the score, ready for JSON.

        Raises
        ------
        LookupError
            If there is no item of this id.
        """
        ...


class Streams(System, Protocol):
    """Capability "stream": follows a sequence of frames, answering each in time."""

    def new_stream(self, width: int, height: int, sequence: str = "") -> Any:
        """Return what follows one sequence of pictures of this size."""
        ...

    def step_record(self, stream: Any, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Take up one frame of a stream, and return what is said, ready for JSON.

        Raises
        ------
        ValueError
            If something is wrong with the frame; the stream goes on as if it had never
            come.
        """
        ...


class Enrols(System, Protocol):
    """Capability "enrol": adds a person from a few pictures, learning nothing again."""

    def enrol(self, images: Sequence[Any] | Array, name: str) -> Self:
        """Add a person, or further pictures of one."""
        ...

    def unenrol(self, name: str) -> Self:
        """Forget a person and all pictures of theirs."""
        ...


class Verifies(System, Protocol):
    """Capability "verify": says of two queries whether they show one person."""

    threshold_: float
    """Least similarity that is enough for one person."""

    def verify(
        self, first: Sequence[Any] | Array, second: Sequence[Any] | Array
    ) -> tuple[Floats, Array]:
        """Return similarities pair by pair, and whether each pair is one person."""
        ...


class HasItems(System, Protocol):
    """Capability "items": a catalogue of items that come and go while it answers."""

    items_: ItemCatalogue

    def describe(self, images: Array) -> Array:
        """Map prepared inputs to vectors, float32 (n, n_dimensions)."""
        ...

    def check_label(self, label: Any) -> None:
        """Refuse a label that an item cannot have."""
        ...


class ShowsItems(System, Protocol):
    """Capability "gallery": has pictures of its items."""

    def gallery(self, n: int) -> tuple[list[str], list[Any]]:
        """Return ids and labels of at most n items, spread over the catalogue."""
        ...

    def thumbnails(self, ids: Sequence[str]) -> Array:
        """Return a picture an item, uint8 (n, height, width) or (..., 3) in colour.

        An item that is not there is black.
        """
        ...


class HasMedia(Searches, Protocol):
    """Capability "media": items are files that play, shown by frames of them."""

    def media_file(self, id: str) -> Path:
        """Return the file of an item, after it was checked to be the one indexed.

        Raises
        ------
        LookupError
            If there is no such item, or no such file any more.
        """
        ...

    def strip(self, id: str) -> list[tuple[float, bytes]]:
        """Return second and JPEG file of some frames of an item, in their order.

        Raises
        ------
        LookupError
            If there is no such item.
        """
        ...


class Refreshes(Searches, Protocol):
    """Capability "refresh": can search a catalogue that other programs change."""

    def with_catalogue(
        self, catalogue: Any, is_stale: Callable[[], bool] | None = None
    ) -> Self:
        """Return the system as it searches other items than it has learned from.

        is_stale : says whether there is a newer state of the catalogue; None is never
        """
        ...

    def is_stale(self) -> bool:
        """Whether there is a newer state of what is searched."""
        ...


class Precomputes(Recommends, Protocol):
    """Capability "precompute": can make the lists of all users beforehand."""

    def with_edges(self, pairs: Sequence[tuple[str, str]]) -> Self:
        """Return the system as it is once these pairs of users are linked."""
        ...

    def precompute(self) -> Any:
        """Return a table of everybody's suggestions: a dataclass of arrays."""
        ...

    @staticmethod
    def table_of(arrays: Mapping[str, Array]) -> Any:
        """Return the table that these arrays were taken from."""
        ...

    def look_up(self, table: Any) -> Self:
        """Return the system, answering from a table."""
        ...


CAPABILITIES: dict[str, type] = {
    "classify": Classifies,
    "zero_shot": NamesUnseen,
    "search": Searches,
    "recommend": Recommends,
    "rank": Ranks,
    "auction": SellsPlaces,
    "weigh": Weighs,
    "history": RecommendsFromHistory,
    "retrain": Retrains,
    "catalogue": HasCatalogue,
    "posts": HasPosts,
    "suggest": Suggests,
    "similar": FindsSimilar,
    "facets": CountsFacets,
    "texts": HasTexts,
    "explain": Explains,
    "explain_item": ExplainsItems,
    "review": IsReviewed,
    "stream": Streams,
    "enrol": Enrols,
    "verify": Verifies,
    "items": HasItems,
    "gallery": ShowsItems,
    "media": HasMedia,
    "refresh": Refreshes,
    "precompute": Precomputes,
}
"""Protocol of each capability, by the name that a ``SystemSpec`` gives."""
