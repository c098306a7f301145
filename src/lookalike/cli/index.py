"""``lookalike index``: the user's folders of images, texts or videos, searchable."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike._shown import shown
from lookalike.cli import _index_texts as texts
from lookalike.cli import _index_videos as videos
from lookalike.cli._common import Folder, Json, columns, say, warn
from lookalike.cli._indexed import IndexedBy, indexed_by
from lookalike.cli._progress import progress
from lookalike.cli._service import (
    DatabaseUrl,
    State,
    database_url,
    serve_extra,
    state_of,
)
from lookalike.core.progress import stage_of

SYSTEM = "images"
index: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Folders of images, texts or videos, made searchable."
)


@index.command()
def add(
    place: Annotated[Path, typer.Argument(help="A folder of images, texts or videos.")],
    system: IndexedBy = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="A name that `encoders list` lists, or an ONNX file of your own that "
            "maps images to vectors."
        ),
    ] = None,
    text_model: Annotated[
        Path | None,
        typer.Option(
            help="The ONNX file of your encoder that maps texts to the same vectors; "
            "with --tokenizer."
        ),
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option(help="Its tokenizer.json, with --text-model.")
    ] = None,
    side: Annotated[
        int | None, typer.Option(help="Pixels a side, where the ONNX file is open.")
    ] = None,
    mean: Annotated[
        str | None, typer.Option(help="For the ONNX file, as 0.485,0.456,0.406.")
    ] = None,
    scale: Annotated[
        str | None, typer.Option(help="For the ONNX file, as 0.229,0.224,0.225.")
    ] = None,
    image_encoder: Annotated[
        Path | None,
        typer.Option(help="For videos: an ONNX file that maps pictures to vectors."),
    ] = None,
    text_encoder: Annotated[
        Path | None,
        typer.Option(
            help="For videos: the ONNX file that maps texts to the same vectors; with "
            "--tokenizer."
        ),
    ] = None,
    sampler: Annotated[
        str | None,
        typer.Option(
            help="For videos: uniform, seek, keys or scenes: which frames are taken."
        ),
    ] = None,
    frames: Annotated[
        int | None, typer.Option(help="For videos: frames of one, at least.")
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(help="For videos: seconds between frames of a longer one."),
    ] = None,
    recall: Annotated[
        float | None, typer.Option(help="Least recall of the index; 1 is exact.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(help="Bytes that the index may hold in memory.")
    ] = None,
    duplicates: Annotated[
        bool | None,
        typer.Option(help="Show all images that look the same, or the best of them."),
    ] = None,
    afresh: Annotated[
        bool, typer.Option(help="Forget what is indexed, and embed all again.")
    ] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Forget a folder that is empty now.")
    ] = False,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Index what is new in a folder; what is indexed already is not read again.

    A folder with images is searched by images, one with texts alone by documents. Where
    no image search answers yet, the built-in encoder of photographs does; where no
    search of texts does, one learns from the folder. Marks stay, whatever is forgotten.
    """
    if not place.is_dir():
        raise ValueError(f"{shown(place)} is no folder.")
    chosen = indexed_by(system, place, folder)
    own = _of_videos(image_encoder, text_encoder, tokenizer, sampler, frames, interval)
    if chosen == videos.SYSTEM:
        of_images = encoder, text_model, side, mean, scale, recall, memory, duplicates
        if of_images != (None,) * 8:
            raise ValueError(
                "Videos are encoded with --image-encoder, --text-encoder and "
                "--tokenizer, and sampled with --sampler, --frames and --interval; "
                "other options of encoders and indexes are for images."
            )
        videos.add(place, folder, own, afresh, allow_empty, json)
        return
    if any(own[name] is not None for name in own if name != "tokenizer"):
        raise ValueError(
            "--image-encoder, --text-encoder, --sampler, --frames and --interval are "
            "for videos."
        )
    if chosen == texts.SYSTEM:
        told = encoder, text_model, tokenizer, side, mean, scale, recall, memory
        if (*told, duplicates) != (None,) * 9 or afresh:
            raise ValueError(
                "Texts have no encoder: of the options, --allow-empty, --folder, "
                "--database, --state and --json are for them."
            )
        texts.add(place, folder, database, state, allow_empty, json)
        return
    library = _library(folder)
    library.check_writable()
    with progress() as on_progress:
        on_progress("opening the encoder", 0.0)
        opened, number = _encoder_of(
            library, encoder, (text_model, tokenizer), side, mean, scale
        )
        with _database(library, database, state) as store:
            from lookalike.service.image_folders import ImageFolders

            folders = ImageFolders(store)
            if number is None:  # what is refused leaves no generation behind
                version = opened.manifest_.embedding_version
                folders.check(place, version, allow_empty, afresh)
                number = library.add(opened.save)
            result = folders.add(
                place, opened.encoder_, on_progress, allow_empty, afresh
            )
            folders.choose(recall=recall, memory=memory, duplicates=duplicates)
            about = folders.counts() | folders.chosen()
            stored_at = store.shown
    for sentence in result.broken:
        warn(sentence)
    answer: dict[str, Any] = {
        "system": SYSTEM,
        "generation": number,
        **asdict(result),
        "seconds": round(result.seconds, 2),
        "images_a_second": round(result.images_a_second, 1),
        **about,
    }
    say(answer, json, [*_lines_of(result, about), f"database: {stored_at}"])


@index.command()
def status(
    system: IndexedBy = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Say what is indexed, and which files could not be."""
    chosen = indexed_by(system, None, folder)
    if chosen == videos.SYSTEM:
        videos.status(folder, json)
        return
    if chosen == texts.SYSTEM:
        texts.status(folder, database, state, json)
        return
    with _database(_library(folder), database, state) as store:
        folders = _folders(store)
        counts, broken = folders.counts(), folders.broken()
    lines = columns([(name.replace("_", " "), str(n)) for name, n in counts.items()])
    say({**counts, "broken": broken}, json, [*lines, *broken])


@index.command()
def learn(
    network: Annotated[
        bool,
        typer.Option(
            "--network",
            help="Teach the network too: what was clicked for one query is alike.",
        ),
    ] = False,
    system: IndexedBy = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Let what was shown and clicked change the order, by the service's event log."""
    chosen = indexed_by(system, None, folder)
    if chosen != SYSTEM and network:
        raise ValueError(f"--network is for images: {chosen} have no network.")
    if chosen == videos.SYSTEM:
        videos.learn(folder, database, state, json)
        return
    if chosen == texts.SYSTEM:
        texts.learn(folder, database, state, json)
        return
    library = _library(folder)
    with progress() as on_progress, _database(library, database, state) as store:
        from lookalike.service.clicks import clicked_pairs, shown_items
        from lookalike.service.image_folders import with_folders

        on_progress("opening the system", 0.0)
        opened = with_folders(_system(library)[0], store)
        on_progress("reading the log", 0.3)
        row_of, version = opened.row_of_, opened.manifest_.embedding_version
        shown, similarity = shown_items(store, row_of, SYSTEM, version)
        on_progress("learning", 0.4)
        opened.learn_clicks(similarity, shown)
        answer: dict[str, Any] = {"system": SYSTEM, "shown": len(shown)}
        answer["clicked"] = int(shown.clicked.sum())
        if network:
            pairs = clicked_pairs(store, row_of, SYSTEM)
            answer["pairs"] = len(pairs)
            opened.learn_pairs(pairs, stage_of(on_progress, 0.5, 0.5))
        number = library.add(opened.save)
    answer["generation"] = number
    taught = f" and {answer['pairs']:,} pairs" if network else ""
    lines = [
        f"learned from {len(shown):,} impressions and {answer['clicked']:,} "
        f"clicks{taught}: generation {number} of {SYSTEM} answers"
    ]
    say(answer, json, lines)


@index.command()
def mark(
    image: Annotated[str, typer.Argument(help="A file that is indexed.")],
    as_: Annotated[
        str, typer.Option("--as", help="blocked, private, or shown again.")
    ] = "blocked",
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Let an image no longer appear in answers, or again.

    The mark follows the file and its pixels; images that only look alike have theirs.
    """
    with _database(_library(folder), database, state) as store:
        alike = _folders(store).mark(image, "" if as_ == "shown" else as_)
    lines = [f"{shown(image)} is {as_} now."]
    if alike:
        lines += ["These look the same and are still shown:", *alike]
    say({"image": image, "mark": as_, "look_alikes": alike}, json, lines)


@index.command()
def remove(
    place: Annotated[str, typer.Argument(help="A folder or a file, there or not.")],
    system: IndexedBy = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Forget a file, or all files below a folder; the files themselves stay."""
    chosen = indexed_by(system, None, folder)
    if chosen == videos.SYSTEM:
        videos.remove(place, folder, json)
        return
    if chosen == texts.SYSTEM:
        texts.remove(place, folder, database, state, json)
        return
    with _database(_library(folder), database, state) as store:
        n = _folders(store).remove(place)
    say({"removed": n}, json, [f"{n:,} files of {shown(place)} are forgotten."])


@index.command("duplicates")
def list_duplicates(
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """List files that are the same image or look the same, the one shown first."""
    with _database(_library(folder), database, state) as store:
        groups = _folders(store).duplicates()
    lines = [
        name if at == 0 else f"  {name}"
        for names in groups
        for at, name in enumerate(names)
    ]
    say({"duplicates": groups}, json, lines or ["No two files look the same."])


def _of_videos(
    image_encoder: Path | None,
    text_encoder: Path | None,
    tokenizer: Path | None,
    sampler: str | None,
    frames: int | None,
    interval: float | None,
) -> dict[str, Any]:
    """Options of video search as its class takes them, None where nothing was said."""
    return {
        "encoder": None if image_encoder is None else "onnx",
        "image_encoder": image_encoder,
        "text_encoder": text_encoder,
        "tokenizer": tokenizer,
        "sampler": sampler,
        "n_frames": frames,
        "interval": interval,
    }


def _library(folder: Path | None) -> Any:
    """The library of image search."""
    from lookalike.core.library import find_library

    return find_library(SYSTEM, folder)


def _database(library: Any, url: str | None, state: Path | None) -> closing[Any]:
    """The service's database, its tables made."""
    with serve_extra():
        from lookalike.service.database.migrate import open_database

        return closing(open_database(url or database_url(state_of(library, state))))


def _folders(store: Any) -> Any:
    """What is indexed, if anything is."""
    from lookalike.service.image_folders import ImageFolders

    folders = ImageFolders(store)
    if folders.is_empty() and not folders.broken():
        raise ValueError(
            "Nothing is indexed yet: `lookalike index add FOLDER` does it."
        )
    return folders


def _system(library: Any) -> tuple[Any, str]:
    """The system that answers, with the images of its generation."""
    from lookalike.systems.images.system import ImageSearch

    found, complaint = library.open()
    warn(complaint)
    return ImageSearch.load(found, n_jobs=-1), found.folder.name


def _encoder_of(
    library: Any,
    encoder: str | None,
    texts: tuple[Path | None, Path | None],
    side: int | None,
    mean: str | None,
    scale: str | None,
) -> tuple[Any, str | None]:
    """The system with the encoder that was asked for, and its generation if it has one.

    Without one that is the system that answers, or else the built-in encoder.
    """
    from lookalike.systems.images.encoders.base import BUILT_IN
    from lookalike.systems.images.encoders.catalogue import CATALOGUE
    from lookalike.systems.images.system import ImageSearch

    ready = BUILT_IN, *CATALOGUE
    if encoder is not None and encoder not in ready:
        if not Path(encoder).exists():
            raise ValueError(
                f"{shown(encoder)} does not exist; expected an ONNX file, or one of "
                f"{', '.join(ready)}."
            )
        system = ImageSearch.from_onnx(
            encoder, *texts, side=side, mean=_numbers(mean), scale=_numbers(scale)
        )
        return system, None
    if (*texts, side, mean, scale) != (None, None, None, None, None):
        raise ValueError(
            "--text-model, --tokenizer, --side, --mean and --scale are for an ONNX "
            "file of your own."
        )
    if encoder is None and library.names():
        return _system(library)
    return ImageSearch.ready(encoder or BUILT_IN), None


def _lines_of(result: Any, about: dict[str, Any]) -> list[str]:
    """What indexing has changed and what there is now, for a reader."""
    return [
        f"{result.new:,} new, {result.changed:,} changed, {result.vanished:,} "
        f"vanished, {result.unchanged:,} unchanged, {len(result.broken):,} broken; "
        f"{result.embedded:,} embedded in {result.seconds:.1f} s "
        f"({result.images_a_second:,.0f} images a second)",
        f"{about['images']:,} images of {about['files']:,} files, "
        f"{about['look_alikes']:,} of them look like an earlier one",
    ]


def _numbers(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"Expected numbers with commas between, got {text!r}."
        ) from None
