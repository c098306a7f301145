"""What a request may hold, and reading it: JSON, a form with files, or one image.

The documents that pydantic checks are here, each with its limits; `described` puts
them into the OpenAPI document, as the routes read their bodies themselves.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Request
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
)

from lookalike._typing import Array
from lookalike.service.multipart import parts
from lookalike.service.refusal import Refusal
from lookalike.service.settings import Settings

# Without control characters and lone surrogates: no database stores those.
Text = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\u0000-\u001f\u007f]*$")
]
Document = TypeVar("Document", bound=BaseModel)
_FIELDS = 20  # of a form, beside its files
_REF = "#/components/schemas/{model}"


class Strict(BaseModel):
    """A document whose every field is known."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Picture(Strict):
    """An image: a file in base64, or its rows of pixels from 0 (black) to 255."""

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


class Requested(Strict):
    """What every request may say that is answered in time and logged."""

    deadline_ms: Annotated[int, Field(ge=1, le=60_000)] | None = None
    query_id: Text | None = None
    session_id: Text | None = None
    client_id: Text | None = None


class Asked(Requested):
    """One image or several, and what is to be done with them."""

    image: Picture | None = None
    images: Annotated[list[Picture], Field(max_length=1000)] | None = None
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    where: Annotated[
        dict[Text, Annotated[list[int | Text], Field(max_length=100)]],
        Field(max_length=8, description="Attributes and the values let through."),
    ] = {}
    user_id: Text | None = None


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


class NewItems(Strict):
    """Items that are added or replaced together: all of them, or none."""

    items: Annotated[list[NewItem], Field(min_length=1, max_length=10_000)]


class GoneItems(Strict):
    """Items that are removed together."""

    ids: Annotated[list[Text], Field(min_length=1, max_length=10_000)]


class EventObject(BaseModel):
    """What an event was about."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)
    object_id: Text | None = None
    object_id_field: Text | None = None


class EventPosition(BaseModel):
    """Where it stood."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)
    ordinal: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class EventAttributes(BaseModel):
    """What is known of an event, after OpenSearch UBI; further fields are kept."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)
    object: EventObject | None = None
    position: EventPosition | None = None
    __pydantic_extra__: dict[str, JsonValue]


class Event(Strict):
    """Something a user did: impression, click, like, hide, purchase, dwell, ..."""

    event_id: Text
    action_name: Annotated[
        str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")
    ]
    timestamp: Annotated[
        AwareDatetime, Field(description="When it happened, with its time zone.")
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


class Events(Strict):
    """Events that are stored together: all of them, or none."""

    events: Annotated[list[Event], Field(min_length=1, max_length=10_000)]


class Why(Strict):
    """A result to be explained: an image, and an item that was or was not found."""

    id: Text
    image: Picture
    k: Annotated[int, Field(ge=1, le=200)] = 10


class ToSuggest(Requested):
    """One user or several, to whom something is to be suggested."""

    user: Text | None = None
    users: Annotated[list[Text], Field(min_length=1, max_length=1000)] | None = None
    k: Annotated[int, Field(ge=1, le=1000)] = 10


class InOrder(Requested):
    """Things that are to be put in order for a user."""

    user: Text
    ids: Annotated[list[Text], Field(min_length=1, max_length=1000)]


class WhyThis(Strict):
    """A thing that was or was not suggested to a user."""

    user: Text
    id: Text
    k: Annotated[int, Field(ge=1, le=200)] = 10


class Named(Strict):
    """A generation or a snapshot by its name."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


async def document(request: Request, kind: type[Document]) -> Document:
    """The request's body as a document of this kind.

    Raises
    ------
    Refusal
        422 with the first thing that is wrong with it, and where.
    """
    return checked(await request.body(), kind)


def checked(body: bytes, kind: type[Document]) -> Document:
    """A document of this kind, or a refusal that says what is wrong."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise Refusal(422, sentence(error)) from None


def sentence(error: ValidationError) -> str:
    """What is wrong and where, without repeating what was sent."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[
        0
    ]
    where = ".".join(str(part) for part in first["loc"])
    what = str(first["msg"]).encode("utf-8", "replace").decode()
    return f"{where}: {what}." if where else f"{what}."


async def asked(
    request: Request, settings: Settings
) -> tuple[Asked, list[bytes | Array]]:
    """What is asked, and the images, whichever of the three forms it came in."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _form(request, settings)
    if kind.startswith("image/") or kind == "application/octet-stream":
        return _options(request.query_params), [await request.body()]
    if kind not in ("application/json", ""):
        raise Refusal(
            415, "Send application/json, multipart/form-data or an image itself."
        )
    found = await document(request, Asked)
    pictures = found.images or []
    if (found.image is None) == (found.images is None) or found.images == []:
        raise Refusal(422, "Send either image or images, with at least one of them.")
    if found.image is not None:
        pictures = [found.image]
    _check_count(len(pictures), settings)
    return _filled(found, request), [picture(each) for each in pictures]


def picture(sent: Picture) -> Any:
    """The file's contents, or the rows of pixels."""
    if (sent.base64 is None) == (sent.pixels is None):
        raise Refusal(422, "An image has either base64 or pixels.")
    if sent.base64 is None:
        return sent.pixels
    try:
        return base64.b64decode(sent.base64, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(422, "The image's base64 is no base64.") from None


async def _form(
    request: Request, settings: Settings
) -> tuple[Asked, list[bytes | Array]]:
    kind = request.headers["content-type"]
    try:
        found = parts(await request.body(), kind, settings.max_batch + _FIELDS)
    except ValueError as error:
        raise Refusal(422, f"The form cannot be read: {error}") from None
    files: list[bytes | Array] = []
    fields: dict[str, str] = {}
    for part in found:
        if not part.is_file:
            fields[part.name] = part.content.decode("utf-8", "replace")
        elif part.name == "image":
            files.append(part.content)
        else:
            raise Refusal(422, f"Files are named image here, got {part.name!r:.50}.")
    if not files:
        raise Refusal(422, "The form holds no file named image.")
    _check_count(len(files), settings)
    return _filled(_options(fields), request), files


def _filled(said: Asked, request: Request) -> Asked:
    """What the body says, and what the address says beside it."""
    address = _options(request.query_params)
    more = address.model_fields_set - said.model_fields_set
    return said.model_copy(update={name: getattr(address, name) for name in more})


def _options(fields: Mapping[str, str]) -> Asked:
    """What a form or an address can say beside the image: numbers and JSON as text."""
    if not fields:
        return Asked()
    wanted: dict[str, Any] = dict(fields)
    try:
        if "where" in wanted:
            wanted["where"] = json.loads(wanted["where"])
        return Asked.model_validate(wanted)
    except ValidationError as error:
        raise Refusal(422, sentence(error)) from None
    except (ValueError, RecursionError):
        raise Refusal(422, "where must be JSON.") from None


def _check_count(n: int, settings: Settings) -> None:
    if n > settings.max_batch:
        raise Refusal(413, f"At most {settings.max_batch} images at once; got {n}.")


def described(kind: type[BaseModel], *others: str) -> dict[str, Any]:
    """What the OpenAPI document says of a route that takes this document."""
    schema = {"$ref": _REF.format(model=kind.__name__)}
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    for other in others:
        file: dict[str, Any] = {"type": "string", "format": "binary"}
        if other == "multipart/form-data":
            file = {
                "type": "object",
                "properties": {"image": file},
                "required": ["image"],
            }
        content[other] = {"schema": file}
    return {"requestBody": {"required": True, "content": content}}


def schemas(*kinds: type[BaseModel]) -> dict[str, Any]:
    """The schemas of these documents and of all that they hold, by name."""
    found: dict[str, Any] = {}
    for kind in kinds:
        schema = kind.model_json_schema(ref_template=_REF)
        found |= schema.pop("$defs", {})
        found[kind.__name__] = schema
    return found
