"""Reading the body of a request: JSON, a form with files, or one image.

FastAPI reads JSON bodies that have one form. What a system is asked with may come in
three, which are read here; ``described`` puts them into the OpenAPI document.
"""

import base64
import binascii
import codecs
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from fastapi import Request
from multipart import MultipartError, PushMultipartParser, parse_options_header
from pydantic import BaseModel, ValidationError

from lookalike.features.image import count_pixels
from lookalike.service.errors import ServiceError
from lookalike.service.schemas import (
    ImageRequest,
    Picture,
    PostDocument,
    PostRequest,
)
from lookalike.service.settings import Settings

Document = TypeVar("Document", bound=BaseModel)
Images = TypeVar("Images", bound=ImageRequest)
_DATA = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)
_MAX_FIELDS = 20  # of a form, beside its files
_REF = "#/components/schemas/{model}"


async def image_request(
    request: Request, settings: Settings, kind: type[Images]
) -> tuple[Images, list[Any]]:
    """Return the options and the images, whichever of the three forms they came in.

    An image is the contents of a file, or rows of pixels; or there are texts in their
    place, where this kind of request has them.

    Raises
    ------
    ServiceError
        If the body cannot be read; the sentence says where and why.
    """
    form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if form == "multipart/form-data":
        return await _form(request, settings, kind)
    if form.startswith("image/") or form == "application/octet-stream":
        options = _options(request.query_params, kind)
        _check_no_texts(options)
        return options, [await request.body()]
    if form not in ("application/json", ""):
        raise ServiceError(
            415, "Send application/json, multipart/form-data or an image itself."
        )
    found = _completed(parsed(await request.body(), kind), request)
    one, many = _texts_of(found)
    if one is None and many is None:
        pictures = one_or_many(found.image, found.images, "image", settings)
        return found, [picture(each) for each in pictures]
    if found.image is not None or found.images is not None:
        raise ServiceError(422, "Send either images or texts.")
    return found, one_or_many(one, many, "text", settings)


def _texts_of(sent: ImageRequest) -> tuple[Any, Any]:
    """What was sent as text and as texts."""
    return getattr(sent, "text", None), getattr(sent, "texts", None)


def _check_no_texts(sent: ImageRequest) -> None:
    if _texts_of(sent) != (None, None):
        raise ServiceError(422, "Send either images or texts.")


def parsed(body: bytes, kind: type[Document]) -> Document:
    """Return a document of this kind, or refuse it and say what is wrong."""
    try:
        return kind.model_validate_json(body.removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        raise ServiceError(422, _sentence(error)) from None


def sentence_of(where: Sequence[int | str], what: str) -> str:
    """Return what is wrong with a body and where, without repeating what was sent."""
    text = what.encode("utf-8", "replace").decode()
    return ".".join(map(str, where)) + f": {text}." if where else f"{text}."


def _sentence(error: ValidationError) -> str:
    [first, *_] = error.errors(
        include_url=False, include_input=False, include_context=False
    )
    return sentence_of(first["loc"], first["msg"])


def picture(sent: Picture) -> Any:
    """Return the file's contents, or the rows of pixels."""
    if (sent.base64 is None) == (sent.pixels is None):
        raise ServiceError(422, "An image has either base64 or pixels.")
    if sent.base64 is None:
        return sent.pixels
    # As browsers give it, data:image/png;base64,..., and as mail does, in lines.
    text = sent.base64.rpartition(",")[2] if _DATA.match(sent.base64) else sent.base64
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ServiceError(422, "The image's base64 is no base64.") from None


def one_or_many(one: Any, many: Any, noun: str, settings: Settings) -> list[Any]:
    """Return what was sent as one or as several, or refuse both and neither."""
    if (one is None) == (many is None):
        raise ServiceError(422, f"Send either {noun} or {noun}s.")
    found = [one] if many is None else list(many)
    check_count(len(found), settings, f"{noun}s")
    return found


def posts_of(sent: PostRequest, settings: Settings) -> list[Any]:
    """Return texts as they are, and posts as mappings of their parts.

    Raises
    ------
    ServiceError
        If there is neither, or one beside several.
    """
    others = (sent.picture, sent.author, sent.reactions)
    if all(part is None for part in others) and sent.posts is None:
        return one_or_many(sent.text, sent.texts, "text", settings)
    if sent.texts is not None:
        raise ServiceError(422, "Send either texts or posts.")
    one = sent if any(part is not None for part in (sent.text, *others)) else None
    return [parts_of(each) for each in one_or_many(one, sent.posts, "post", settings)]


def parts_of(sent: PostDocument | PostRequest) -> dict[str, Any]:
    """Return the parts of a post that there are, the picture a file or pixels."""
    found = {
        name: part
        for name in ("text", "author", "reactions")
        if (part := getattr(sent, name)) is not None
    }
    if sent.picture is not None:
        found["picture"] = picture(sent.picture)
    return found


def check_count(n: int, settings: Settings, noun: str) -> None:
    """Refuse more inputs than one request may bring."""
    if n > settings.max_batch:
        raise ServiceError(
            413, f"At most {settings.max_batch} {noun} at once; got {n}."
        )


def check_pixels(inputs: Sequence[Any], settings: Settings) -> None:
    """Refuse more pixels than one request may bring, before any is decoded.

    What is no picture has none: it is refused when it is decoded, or it is a clip,
    which is held to limits of its own then.

    Raises
    ------
    ServiceError
        If the images have more pixels together.
    """
    given = [s.get("picture") if isinstance(s, Mapping) else s for s in inputs]
    files = [sent for sent in given if isinstance(sent, bytes)]
    if len(files) < 2:  # one alone is held to the pixels of an image
        return
    n_pixels, most = sum(map(_n_pixels, files)), settings.max_request_pixels
    if n_pixels > most:
        raise ServiceError(
            413,
            f"The images of one request may have {most:,} pixels together; got "
            f"{n_pixels:,}.",
        )


def _n_pixels(file: bytes) -> int:
    try:
        return count_pixels(file)
    except ValueError:
        return 0


async def _form(
    request: Request, settings: Settings, kind: type[Images]
) -> tuple[Images, list[Any]]:
    files: list[Any] = []
    fields: dict[str, str] = {}
    try:
        parts = _parts(await request.body(), request.headers["content-type"], settings)
    except MultipartError as error:
        # What follows may repeat what was sent.
        raise ServiceError(422, f"The form cannot be read: {error.args[0]}.") from None
    for name, is_file, content in parts:
        if not is_file:
            fields[name] = content.decode("utf-8", "replace")
        elif name == "image":
            files.append(content)
        else:
            raise ServiceError(422, f"Files are named image here, got {name!r:.50}.")
    if not files:
        raise ServiceError(422, "The form holds no file named image.")
    check_count(len(files), settings, "images")
    options = _completed(_options(fields, kind), request)
    _check_no_texts(options)
    return options, files


def _parts(
    body: bytes, content_type: str, settings: Settings
) -> list[tuple[str, bool, bytes]]:
    """Return name, whether it is a file, and content of each part of a form."""
    _, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if not boundary:
        raise MultipartError("its boundary is missing")
    found: list[tuple[str, bool, bytes]] = []
    content = bytearray()
    with PushMultipartParser(
        boundary,
        content_length=len(body),
        max_segment_count=settings.max_batch + _MAX_FIELDS,
        max_segment_size=settings.max_body,
    ) as parser:
        segment: Any = None
        for event in parser.parse(body):
            if event is None:
                found.append(
                    (segment.name, segment.filename is not None, bytes(content))
                )
            elif isinstance(event, bytes | bytearray):
                content += event
            else:
                segment, content = event, bytearray()
    return found


def _completed(sent: Images, request: Request) -> Images:
    """Return what the body says, and what the address says beside it."""
    address = _options(request.query_params, type(sent))
    more = address.model_fields_set - sent.model_fields_set
    return sent.model_copy(update={name: getattr(address, name) for name in more})


def _options(fields: Mapping[str, str], kind: type[Images]) -> Images:
    """Return what a form or an address says: numbers, and JSON as text."""
    if not fields:
        return kind()
    values: dict[str, Any] = dict(fields)
    try:
        if "where" in values:
            values["where"] = json.loads(values["where"])
        return kind.model_validate(values)
    except ValidationError as error:
        raise ServiceError(422, _sentence(error)) from None
    except (ValueError, RecursionError):
        raise ServiceError(422, "where must be JSON.") from None


def described(kind: type[BaseModel], *others: str) -> dict[str, Any]:
    """Return what the OpenAPI document says of a body that is read here."""
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


def schemas_of(*kinds: type[BaseModel]) -> dict[str, Any]:
    """Return the schemas of these documents and of all that they hold, by name."""
    found: dict[str, Any] = {}
    for kind in kinds:
        schema = kind.model_json_schema(ref_template=_REF)
        found |= schema.pop("$defs", {})
        found[kind.__name__] = schema
    return found
