"""``lookalike index``: the user's own folders of images, made searchable."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli._common import Folder, Json, columns, progress, say, warn

SYSTEM = "images"
index = typer.Typer(no_args_is_help=True, help="Folders of images, made searchable.")


@index.command()
def add(
    images: Annotated[Path, typer.Argument(help="A folder of images.")],
    encoder: Annotated[
        Path | None,
        typer.Option(help="An ONNX file of your own that maps images to vectors."),
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
    recall: Annotated[
        float | None, typer.Option(help="Least recall of the index; 1 is exact.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(help="Bytes that the index may hold in memory.")
    ] = None,
    afresh: Annotated[
        bool, typer.Option(help="Forget what is indexed, and embed all again.")
    ] = False,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Index what is new in a folder; what is indexed already is not read again."""
    from lookalike.core.library import Library
    from lookalike.systems.images.catalogue import ImageCatalogue
    from lookalike.systems.images.encoders.base import version_of
    from lookalike.systems.images.system import CATALOGUE, ImageSearch

    if not images.is_dir():
        raise ValueError(f"{images} is no folder.")
    library = Library(SYSTEM, folder)
    library.check_writable()
    file = library.folder / CATALOGUE
    if afresh:
        ImageCatalogue.forget(file)
    if encoder is not None:
        own = ImageSearch.of_file(
            encoder, side=side, mean=_numbers(mean), scale=_numbers(scale)
        )
        ImageCatalogue(file, version_of(own.encoder_))
        library.add(own.save)
    with progress() as report:
        report("opening the encoder", 0.0)
        embedding, number = _encoder(library)
        catalogue = ImageCatalogue(file, version_of(embedding))
        added = catalogue.add(images, embedding, report)
        catalogue.choose(recall=recall, memory=memory)
    for sentence in added.broken:
        warn(sentence)
    answer: dict[str, Any] = {
        "system": SYSTEM,
        "generation": number,
        "new": added.new,
        "changed": added.changed,
        "vanished": added.vanished,
        "unchanged": added.unchanged,
        "embedded": added.embedded,
        "broken": added.broken,
        "seconds": round(added.seconds, 2),
        "images_a_second": round(added.images_a_second, 1),
        **catalogue.counts(),
        **catalogue.chosen(),
    }
    lines = [
        f"{added.new:,} new, {added.changed:,} changed, {added.vanished:,} vanished, "
        f"{added.unchanged:,} unchanged, {len(added.broken):,} broken; "
        f"{added.embedded:,} embedded in {added.seconds:.1f} s "
        f"({added.images_a_second:,.0f} images a second)",
        f"{answer['images']:,} images of {answer['files']:,} files, "
        f"{answer['look_alikes']:,} of them look like an earlier one",
        f"catalogue: {file}",
    ]
    say(answer, json, lines)


@index.command()
def status(folder: Folder = None, json: Json = False) -> None:
    """Say what is indexed, and which files could not be."""
    catalogue, _ = _open(folder)
    answer = {**catalogue.counts(), "broken": catalogue.broken()}
    rows = [(name.replace("_", " "), str(n)) for name, n in answer.items() if n != []]
    lines = columns([row for row in rows if row[0] != "broken"])
    say(answer, json, [*lines, *answer["broken"]])


@index.command()
def learn(
    database: Annotated[str, typer.Argument(help="URL of the service's database.")],
    network: Annotated[
        bool,
        typer.Option(
            "--network",
            help="Teach the network too: what was clicked for one query is alike.",
        ),
    ] = False,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Let what was shown and clicked change the order, by the service's event log."""
    from lookalike.cli._systems import open_system
    from lookalike.core.library import Library
    from lookalike.service.database import Database
    from lookalike.service.training import training_rows
    from lookalike.systems.images.impressions import impressions_of, pairs_of

    with progress() as report:
        report("opening the system", 0.0)
        system, _ = open_system(SYSTEM, folder)
        report("reading the log", 0.3)
        log = Database(database)
        try:
            rows = training_rows(log)
        finally:
            log.close()
        version = system.about_["embedding_version"]
        shown, similarity = impressions_of(rows, system.places(), version)
        report("learning", 0.4)
        system.learn_clicks(similarity, shown)
        answer: dict[str, Any] = {"system": SYSTEM, "shown": len(shown)}
        answer["clicked"] = int(shown.clicked.sum())
        if network:
            pairs = pairs_of(rows, system.places())
            answer["pairs"] = len(pairs)
            system.learn_pairs(pairs, lambda what, share: report(what, 0.5 + share / 2))
        number = Library(SYSTEM, folder).add(system.save)
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
    json: Json = False,
) -> None:
    """Let an image no longer appear in answers, or again."""
    catalogue, _ = _open(folder)
    catalogue.mark(image, "" if as_ == "shown" else as_)
    say({"image": image, "mark": as_}, json, [f"{image} is {as_} now."])


def _encoder(library: Any) -> tuple[Any, str]:
    """The encoder of the generation that answers, its catalogue left aside."""
    from lookalike.systems.images.system import ImageSearch

    found, complaint = library.open()
    warn(complaint)
    return ImageSearch.load_encoder(found), found.folder.name


def _open(folder: Path | None) -> tuple[Any, str]:
    from lookalike.core.library import Library
    from lookalike.systems.images.catalogue import ImageCatalogue
    from lookalike.systems.images.encoders.base import version_of
    from lookalike.systems.images.system import CATALOGUE

    library = Library(SYSTEM, folder)
    file = library.folder / CATALOGUE
    if not file.exists():
        raise ValueError(
            "Nothing is indexed yet: `lookalike index add FOLDER` does it."
        )
    encoder, number = _encoder(library)
    return ImageCatalogue(file, version_of(encoder)), number


def _numbers(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"Expected numbers with commas between, got {text!r}."
        ) from None
