"""Documents of requests and answers, each with its limits."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, get_type_hints

from fastapi import Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    create_model,
)
from pydantic_core import PydanticCustomError

from lookalike.core.contracts import PROMPT, Answer, shown_fields

# Without control characters and lone surrogates: no database stores those.
Text = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\u0000-\u001f\u007f]*$")
]
QueryText = Annotated[str, Field(max_length=10_000, pattern=r"^[^\u0000]*$")]
LongText = Annotated[str, Field(max_length=100_000, pattern=r"^[^\u0000]*$")]
ItemId = Annotated[
    str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class Strict(BaseModel):
    """A document whose every field is known."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)


class Picture(Strict):
    """An image: a file in base64, or its rows of pixels from 0 (black) to 255.

    The base64 may be in lines, and that of a ``data:`` URL.
    """

    base64: Annotated[str, Field(max_length=16_000_000)] | None = None
    pixels: (
        Annotated[
            list[
                Annotated[
                    list[Annotated[int, Field(ge=0, le=255)]], Field(max_length=4096)
                ]
            ],
            Field(max_length=4096),
        ]
        | None
    ) = None


class AnswerOptions(Strict):
    """What every request may say that is answered in time and logged."""

    deadline_ms: Annotated[int, Field(ge=1, le=60_000)] | None = None
    query_id: Text | None = None
    session_id: Text | None = None
    client_id: Text | None = None
    user_id: Text | None = None
    variant: Annotated[
        Text | None,
        Field(description="KEY:VARIANT of an experiment, to see it; not analysed."),
    ] = None


class Range(Strict):
    """Numbers from ``gte`` or above ``gt``, to ``lte`` or below ``lt``."""

    gte: float | None = None
    gt: float | None = None
    lte: float | None = None
    lt: float | None = None


Columns = Annotated[
    list[Text], Field(max_length=50, description="Columns of the items to be shown.")
]


class ColumnRange(Strict):
    """Numbers, or dates as text, from ``gte`` or above ``gt``, to ``lte`` or ``lt``."""

    gte: float | Text | None = None
    gt: float | Text | None = None
    lte: float | Text | None = None
    lt: float | Text | None = None


ColumnFilters = Annotated[
    dict[
        Text,
        int
        | float
        | bool
        | Text
        | Annotated[list[int | float | bool | Text], Field(max_length=100)]
        | ColumnRange,
    ],
    Field(
        max_length=8,
        description="Columns, and what is let through: a value, some, or bounds.",
    ),
]


class ImageRequest(AnswerOptions):
    """One image or several, and options."""

    image: Picture | None = None
    images: Annotated[list[Picture], Field(min_length=1, max_length=1000)] | None = None
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    where: Annotated[
        dict[
            Text,
            Annotated[list[int | float | bool | Text], Field(max_length=100)] | Range,
        ],
        Field(max_length=8, description="Attributes, and the values let through."),
    ] = {}
    id: Annotated[
        Text | None, Field(description="For explain: the item to be explained.")
    ] = None
    classify: Annotated[
        bool,
        Field(
            description="For search, where the system also names things: whether the "
            "answer has what classify says, so that an image is sent once."
        ),
    ] = False


class ImageOrTextRequest(ImageRequest):
    """One image or several, or texts in their place, and options."""

    text: QueryText | None = None
    texts: Annotated[list[QueryText], Field(min_length=1, max_length=1000)] | None = (
        None
    )


def _parted(given: Any) -> Any:
    """A form and an address say labels with commas between."""
    return given.split(",") if isinstance(given, str) else given


class ZeroShotRequest(ImageRequest):
    """One image or several, and the labels of which each is to get the best."""

    labels: Annotated[
        list[Text],
        BeforeValidator(_parted),
        Field(max_length=1000, description="At least two, all different."),
    ] = []
    prompt: Annotated[
        str,
        Field(
            max_length=200,
            description="The text that stands for a label, {label} in it.",
        ),
    ] = PROMPT


def filters(options: BaseModel) -> dict[str, Any]:
    """Return what a request lets through of items, by attribute."""
    found = getattr(options, "where", {})
    return {name: _let_through(each) for name, each in found.items()}


def _let_through(each: Any) -> Any:
    if isinstance(each, Range | ColumnRange):
        return each.model_dump(exclude_none=True)
    return each if isinstance(each, list) else [each]


class TextRequest(AnswerOptions):
    """One text or several."""

    text: LongText | None = None
    texts: Annotated[list[LongText], Field(min_length=1, max_length=1000)] | None = None
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    where: ColumnFilters = {}
    id: Text | None = None


Counts = Annotated[
    dict[Text, Annotated[float, Field(ge=0)]],
    Field(max_length=20, description="Counts by name, as they were at the time."),
]


class PostDocument(Strict):
    """A post: a text, a picture, or both, with what is known beside."""

    text: LongText | None = None
    picture: Picture | None = None
    author: Counts | None = None
    reactions: Counts | None = None


class PostRequest(TextRequest):
    """One post or several, texts or with further parts."""

    picture: Picture | None = None
    author: Counts | None = None
    reactions: Counts | None = None
    posts: Annotated[
        list[PostDocument] | None, Field(min_length=1, max_length=1000)
    ] = None


class SentPost(PostDocument):
    """A post that a person may have to see.

    Under an ``id`` of the client's, by which it is decided and appealed; ``views`` are
    those that are expected, as a multiple of the usual post's.
    """

    id: Text | None = None
    views: Annotated[float, Field(gt=0, le=1e9)] | None = None


class ReviewRequest(Strict):
    """Posts to be judged, and to wait for a person where that is said."""

    posts: Annotated[list[SentPost], Field(min_length=1, max_length=1000)]


class ReviewDecision(Strict):
    """What a person decided: for which kinds a post is removed, or that it is kept."""

    decision: Literal["keep", "remove", "skip"]
    kinds: Annotated[list[Text], Field(max_length=50)] = []


class Appeal(Strict):
    """What the author of a post says against a decision."""

    reason: Annotated[
        str, Field(min_length=1, max_length=2000, pattern=r"^[^\u0000]*$")
    ]


class TextSearchRequest(TextRequest):
    """One text or several to search for; of one, the page behind a cursor."""

    cursor: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=20_000,
            description="Of the answer before: what comes after what it has shown.",
        ),
    ] = None


class FacetsRequest(Strict):
    """A text, and the attributes by which what it finds is to be counted."""

    text: Annotated[LongText | None, Field(description="None counts every item.")] = (
        None
    )
    names: Annotated[
        list[Text] | None, Field(max_length=50, description="None is all there are.")
    ] = None
    where: ColumnFilters = {}


class SuggestRequest(TextRequest):
    """One text that is being typed, or several; ``user_id`` types it."""

    country: Text | None = None


class BlockedPhrases(Strict):
    """Phrases that are never suggested."""

    phrases: Annotated[list[Text], Field(min_length=1, max_length=1000)]


class StreamRequest(Strict):
    """The sequence of frames that is to be followed."""

    width: Annotated[int, Field(ge=1, le=100_000, description="In pixels.")]
    height: Annotated[int, Field(ge=1, le=100_000, description="In pixels.")]
    sequence: Annotated[Text | None, Field(description="Its name.")] = None


class FrameRequest(Strict):
    """One frame of a sequence: the boxes of people, and what is known of the street."""

    frame: Annotated[int, Field(ge=-(2**53), le=2**53)]
    boxes: Annotated[
        list[Annotated[list[float], Field(min_length=4, max_length=4)]],
        Field(max_length=100_000, description="Left, top, right, bottom in pixels."),
    ]
    vehicle: Text | None = None
    signs: Annotated[list[Text], Field(max_length=20)] = []
    ids: (
        Annotated[
            list[Annotated[int, Field(ge=-(2**53), le=2**53)]],
            Field(max_length=100_000, description="Of people who are tracked already."),
        ]
        | None
    ) = None
    sequence: Annotated[
        Text | None, Field(description="A frame of another sequence is refused.")
    ] = None


class StreamBegun(BaseModel):
    """A stream that waits for its first frame."""

    system: str
    generation: str
    stream: str


class FrameAnswer(BaseModel):
    """What is said of one frame."""

    frame: int
    risks: list[dict[str, Any]]
    waiting: Annotated[int, Field(description="People seen for too short a time.")]
    missed: Annotated[int, Field(description="Frames missing before this one.")]


class StreamEnded(BaseModel):
    """What a stream has done."""

    stream: str
    frames: int
    refused: int
    late: Annotated[int, Field(description="Frames that took longer than its budget.")]


class RecommendRequest(AnswerOptions):
    """One user or several, to whom something is to be recommended."""

    user: Text | None = None
    users: Annotated[list[Text], Field(min_length=1, max_length=1000)] | None = None
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    exclude: Annotated[
        list[Text], Field(max_length=1000, description="Items that are in no list.")
    ] = []
    cursor: Annotated[
        str | None,
        Field(
            max_length=20_000,
            description="Of the page before, where the system has pages: one user's.",
        ),
    ] = None
    where: ColumnFilters = {}
    columns: Columns = []
    history: Annotated[
        dict[Text, Annotated[float, Field(ge=0)]] | list[Text] | None,
        Field(
            max_length=1000,
            description="Items, or items with how much was done, such as hours or a "
            "rating; the latest last. Instead of what is known of the user, who need "
            "not be named.",
        ),
    ] = None
    context: Annotated[
        dict[
            Text,
            int
            | float
            | bool
            | Annotated[str, Field(max_length=10_000, pattern=r"^[^\u0000]*$")]
            | Annotated[list[Text], Field(max_length=100)]
            | None,
        ],
        Field(
            max_length=50,
            description="What the columns of users say of this one, who need not be "
            "named or known, such as country and age.",
        ),
    ] = {}


class SimilarRequest(AnswerOptions):
    """One item or several, to which similar ones are to be found."""

    id: Text | None = None
    ids: Annotated[list[Text], Field(min_length=1, max_length=1000)] | None = None
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    where: ColumnFilters = {}
    columns: Columns = []


class RankRequest(AnswerOptions):
    """Items that are to be put in order for a user."""

    user: Text
    ids: Annotated[list[Text], Field(min_length=1, max_length=1000)]
    columns: Columns = []


class AuctionRequest(AnswerOptions):
    """A page whose places are to be sold for a user."""

    user: Text
    k: Annotated[int, Field(ge=1, le=50, description="Places of the page.")] = 3
    kind: Literal["second_price", "gsp", "vcg"] = "gsp"
    reserve: Annotated[
        float, Field(ge=0, allow_inf_nan=False, description="Least price of a click.")
    ] = 0.0
    context: Annotated[
        dict[Text, Text | float | list[Text]],
        Field(max_length=50, description="What is known of the moment, by column."),
    ] = {}
    spent: Annotated[
        dict[Text, Annotated[float, Field(ge=0, allow_inf_nan=False)]],
        Field(max_length=10_000, description="What ads have cost today, by id."),
    ] = {}


class WeightsRequest(Strict):
    """Other weights of what a user may do; what is not named counts nothing."""

    weights: Annotated[
        dict[Text, Annotated[float, Field(allow_inf_nan=False)]],
        Field(min_length=1, max_length=100),
    ]


class HeadChange(BaseModel):
    """What would happen to one head at a place that is drawn."""

    head: str
    now: Annotated[float, Field(description="Mean of a place, with present weights.")]
    change: float
    interval: Annotated[
        list[float] | None, Field(description="None where the log cannot say.")
    ]


class GroupChange(BaseModel):
    """How much of the places a group would have more, or less."""

    group: str
    now: float
    change: float
    interval: list[float] | None


class WeightsPreview(BaseModel):
    """What the log says that other weights would change."""

    generation: str
    weights: dict[str, float]
    present: dict[str, float]
    n_decisions: int
    n_other: int
    n_told: int
    heads: list[HeadChange]
    groups: list[GroupChange]


class SoldPlace(BaseModel):
    """A place of a page, who has it, and what a click costs."""

    place: int
    id: str
    advertiser: str
    bid: float
    chance: Annotated[float, Field(description="Of a click in this place.")]
    price: Annotated[float, Field(description="Of a click.")]
    payment: Annotated[float, Field(description="Expected for the impression.")]


class SoldPage(BaseModel):
    """The places of a page as they were sold."""

    places: list[SoldPlace]
    revenue: float
    rules: list[str]
    left_out: dict[str, int]


class ExplainRecommendationRequest(Strict):
    """An item that was or was not recommended to a user."""

    user: Text
    id: Annotated[
        Text | None, Field(description="None explains the first recommendations.")
    ] = None
    k: Annotated[int, Field(ge=1, le=200)] = 10
    session_id: Text | None = None


class ExperimentRequest(Strict):
    """An experiment that is to run; what a kind does not need is left out."""

    key: Text
    system: Text
    kind: Literal["ab", "interleaving", "canary", "shadow"] = "ab"
    version: Annotated[int, Field(ge=1)] = 1
    design: Annotated[
        dict[str, JsonValue],
        Field(description="For ab: variants, metrics, unit, coverage and the rest."),
    ] = {}
    generations: Annotated[
        dict[Text, Text],
        Field(
            max_length=20,
            description="For ab: of a variant; one without is whatever answers.",
        ),
    ] = {}
    generation: Annotated[
        Text | None, Field(description="For the other kinds: what is tried.")
    ] = None
    coverage: Annotated[
        float | None, Field(description="For interleaving: share of the lists.")
    ] = None
    share: Annotated[
        float | None, Field(description="For canary and shadow: of the requests.")
    ] = None
    requests: Annotated[
        int | None, Field(description="For canary: after which it passes.")
    ] = None
    deadline: Annotated[
        float | None, Field(description="For canary: seconds until it is given up.")
    ] = None
    slow_ms: Annotated[
        float | None,
        Field(gt=0, description="Milliseconds after which an answer counts as slow."),
    ] = None


class CoverageRequest(Strict):
    """How much of an experiment's units are to be in it, from now on."""

    coverage: Annotated[float, Field(ge=0, le=1)]


class StopRequest(Strict):
    """Why an experiment ends, and which variant is to answer everybody."""

    reason: Annotated[str, Field(min_length=1, max_length=2_000)]
    winner: Annotated[
        Text | None, Field(description="A variant whose generation takes over.")
    ] = None


class NewItem(Strict):
    """An item that is added or replaced: its image, or its vector with its version."""

    id: Text
    label: int | Text | None = None
    attributes: Annotated[
        dict[Text, int | float | bool | Text], Field(max_length=50)
    ] = {}
    image: Picture | None = None
    vector: Annotated[list[float], Field(max_length=4096)] | None = None
    embedding_version: Text | None = None


class UpsertItemsRequest(Strict):
    """Items that are added or replaced together: all of them, or none."""

    items: Annotated[list[NewItem], Field(min_length=1, max_length=10_000)]


class NewCatalogueItem(Strict):
    """An item of a recommender that is added or replaced: its title and columns."""

    id: Text
    label: int | Text | None = None
    attributes: Annotated[
        dict[
            Text,
            int
            | float
            | bool
            | Annotated[str, Field(max_length=10_000, pattern=r"^[^\u0000]*$")]
            | Annotated[list[Text], Field(max_length=100)],
        ],
        Field(max_length=50),
    ] = {}


class UpsertCatalogueRequest(Strict):
    """Items that are added or replaced together: all of them, or none."""

    items: Annotated[list[NewCatalogueItem], Field(min_length=1, max_length=10_000)]


class NewDocument(Strict):
    """A document that is added or replaced."""

    id: Text
    title: Annotated[str | None, Field(max_length=1_000, pattern=r"^[^\u0000]*$")] = (
        None
    )
    text: Annotated[str, Field(max_length=1_000_000, pattern=r"^[^\u0000]*$")] = ""
    attributes: Annotated[
        dict[Text, int | float | bool | Text], Field(max_length=50)
    ] = {}


class UpsertDocumentsRequest(Strict):
    """Documents that are added or replaced together: all of them, or none."""

    items: Annotated[list[NewDocument], Field(min_length=1, max_length=10_000)]


class DeleteItemsRequest(Strict):
    """Items that are removed together."""

    ids: Annotated[list[Text], Field(min_length=1, max_length=10_000)]


class EventObject(BaseModel):
    """The thing that an event was about."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", allow_inf_nan=False)
    object_id: Text | None = None
    object_id_field: Text | None = None


class EventPosition(BaseModel):
    """Where the thing stood."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", allow_inf_nan=False)
    ordinal: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class EventAttributes(BaseModel):
    """What is known of an event, after OpenSearch UBI; further fields are kept."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", allow_inf_nan=False)
    object: EventObject | None = None
    position: EventPosition | None = None
    __pydantic_extra__: dict[str, JsonValue]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError(
            "year", "The year must lie from 1 to 9999 in UTC"
        ) from None


class Event(Strict):
    """Something a user did: impression, click, like, hide, purchase, dwell, ..."""

    event_id: Text
    action_name: Annotated[
        str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")
    ]
    timestamp: Annotated[
        AwareDatetime,
        AfterValidator(_in_utc),
        Field(description="When it happened, with its time zone."),
    ]
    application: Text | None = None
    query_id: Text | None = None
    session_id: Text | None = None
    client_id: Text | None = None
    user_id: Text | None = None
    value: Annotated[
        float | None, Field(description="Seconds of a dwell, price of a purchase.")
    ] = None
    message_type: Annotated[
        str | None, Field(max_length=100, pattern=r"^[^\u0000]*$")
    ] = None
    message: Annotated[
        str | None, Field(max_length=10_000, pattern=r"^[^\u0000]*$")
    ] = None
    event_attributes: EventAttributes | None = None


class EventsRequest(Strict):
    """Events that are stored together: all of them, or none."""

    events: Annotated[list[Event], Field(min_length=1, max_length=10_000)]


class NameRequest(Strict):
    """A generation or a snapshot by its name."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


# --- answers --------------------------------------------------------------------------


class SearchHit(BaseModel):
    """One item that was found."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")
    id: str
    label: int | str | None
    score: Annotated[float, Field(description="Higher is better.")]
    distance: float | None = None
    similarity: float | None = None
    rules: list[str] = []
    passage: Annotated[
        str | None, Field(description="Of a text: what answers best.")
    ] = None
    matches: Annotated[
        list[tuple[int, int]], Field(description="Matched words of the passage.")
    ] = []


class SearchHits(BaseModel):
    """The items most like one input, best first."""

    shuffled: Annotated[bool, Field(description="Whether the order is random.")] = False
    hits: list[SearchHit]
    did_you_mean: Annotated[
        str | None,
        Field(description="Of a search of texts: what a misspelt query was meant as."),
    ] = None
    cursor: Annotated[
        str | None,
        Field(description="Of a search of texts: for the next page, if there is one."),
    ] = None
    named: Annotated[
        list[dict[str, Any]] | None,
        Field(description="What classify says of the input, where that was asked."),
    ] = None


class FacetCounts(BaseModel):
    """How many items have each value of each attribute, the most frequent first."""

    system: str
    generation: str
    facets: dict[str, dict[str, int]]


class SimilarHits(BaseModel):
    """The items most like one item, best first."""

    id: Annotated[str, Field(description="The item that was sent.")]
    hits: list[SearchHit]


class Recommendation(BaseModel):
    """One thing that is recommended."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")
    rank: Annotated[int, Field(description="Position in the list, from 1.")]
    id: str
    title: str | None = None
    score: float
    propensity: Annotated[
        float, Field(description="Probability with which it was shown.")
    ]
    reason: str
    reason_code: str | None = None


class RecommendationList(BaseModel):
    """What is recommended to one user, best first."""

    user: Annotated[
        str | None, Field(description="None where only a history was sent.")
    ]
    known: Annotated[bool, Field(description="Whether the user was learned from.")]
    hits: list[Recommendation]
    rules: list[str]
    cursor: Annotated[
        str | None,
        Field(description="For the next page; None where there is none, or no pages."),
    ] = None


class Suggested(BaseModel):
    """One query that may be what is being typed."""

    query: str
    score: Annotated[float, Field(description="Higher is better.")]
    kind: Annotated[
        str,
        Field(
            description='"asked" before; "unseen" as yet; "spelling": begins with '
            'nearly what was typed; "within": a word of it does.'
        ),
    ]


class SuggestionList(BaseModel):
    """Suggestions for one text, the likeliest first."""

    text: str
    suggestions: list[Suggested]


class AnswerDocument(BaseModel):
    """What every answer says beside the answers themselves."""

    system: str
    generation: str
    embedding_version: str = ""
    revision: Annotated[
        int, Field(description="Of the last change of an item that was seen.")
    ] = 0
    query_id: str
    degraded: Annotated[
        bool, Field(description="Whether time ran out before all was answered.")
    ]
    experiment: Annotated[
        dict[str, Any] | None,
        Field(description="Key, version and variant, where one says what answers."),
    ] = None


class ExplanationDocument(BaseModel):
    """One answer and its reasons; an item's place where one was named."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")
    generation: str
    answer: dict[str, Any] | None = None
    reasons: list[str] | None = None


def answer_model(name: str, answer: Any) -> type[BaseModel]:
    """Return the model of answers whose elements are of this type."""
    fields: Any = {"answers": (list[answer], ...)}
    return create_model(name, __base__=AnswerDocument, **fields)


def record_model(kind: type[Answer]) -> type[BaseModel]:
    """Return the model of one answer of ``classify``: the fields that it shows."""
    types = get_type_hints(kind)
    fields: Any = {name: (types[name], ...) for name in shown_fields(kind)}
    fields["input"] = (int, Field(description="Which input it answers, from 0."))
    return create_model(kind.__name__, **fields)
