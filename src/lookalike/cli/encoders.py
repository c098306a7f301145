"""``lookalike encoders``: encoders of photographs: listed, fetched, taken into use."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli._common import Folder, Json, columns, say
from lookalike.cli._progress import progress
from lookalike.core.progress import ProgressCallback

encoders: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Encoders of photographs: list, get, use."
)
Name = Annotated[
    str, typer.Argument(help="Name of the encoder; `encoders list` lists.")
]


@encoders.command("list")
def list_(json: Json = False) -> None:
    """List the encoders that need no training: is each here, its size and licence."""
    from lookalike.systems.images.encoders.base import BUILT_IN
    from lookalike.systems.images.encoders.catalogue import CATALOGUE
    from lookalike.systems.images.encoders.locate import is_here

    known: list[dict[str, Any]] = [
        {
            "name": BUILT_IN,
            "state": "built in",
            "bytes": 0,
            "text": False,
            "licence": "Apache 2.0",
            "home": None,
            "about": "colour, texture, edges and layout; nothing to fetch",
        }
    ]
    for name, encoder in CATALOGUE.items():
        here = [file.name for file in encoder.files if is_here(encoder, file)]
        whole = len(here) == len(encoder.files)
        known.append(
            {
                "name": name,
                "state": "here" if whole else ", ".join(here) or "not here",
                "bytes": encoder.size,
                "text": encoder.text is not None,
                "licence": encoder.licence,
                "home": encoder.home,
                "about": encoder.about,
                "dimensions": encoder.n_dimensions,
                "files": [
                    {
                        "name": file.name,
                        "bytes": file.size,
                        "sha256": file.sha256,
                        "url": file.url,
                    }
                    for file in encoder.files
                ],
            }
        )
    rows = [("name", "state", "size", "licence", "what it is")]
    for each in known:
        size = f"{each['bytes'] / 1e6:.1f} MB" if each["bytes"] else ""
        rows.append((each["name"], each["state"], size, each["licence"], each["about"]))
    footer = (
        "`lookalike encoders get NAME` downloads, `encoders use NAME` lets it answer; "
        "`encoders list --json` names homes, addresses and checksums."
    )
    say({"encoders": known}, json, [*columns(rows), "", footer])


@encoders.command()
def get(
    name: Name,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Take it from this machine: the ONNX file of images, or a folder "
            "that holds its files by their names.",
        ),
    ] = None,
    sha256: Annotated[
        str | None,
        typer.Option(help="Of the ONNX file, where it is not the catalogue's."),
    ] = None,
    images_only: Annotated[
        bool, typer.Option("--images-only", help="Leave out what texts need.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where encoders lie; else the user's cache.")
    ] = None,
    json: Json = False,
) -> None:
    """Download an encoder, or take it from a file; it is verified either way.

    A download that was interrupted goes on where it stopped.
    """
    from lookalike.systems.images.encoders.locate import get as download
    from lookalike.systems.images.encoders.locate import known, take

    entry = known(name)
    if sha256 is not None and source is None:
        raise ValueError("--sha256 is for a file that --from names.")
    files = entry.files[:1] if images_only else entry.files
    if source is not None and not source.is_dir():
        files = entry.files[:1]
    paths = []
    with progress() as report:
        for file in files:
            title = f"{name}: {file.name}"
            report(title, 0.0)
            if source is None:
                paths.append(download(entry, file, folder, _bytes_of(title, report)))
            else:
                given = source / file.name if source.is_dir() else source
                own = sha256 if file is entry.image else None
                paths.append(take(entry, file, given, folder, own))
    found = {"name": name, "licence": entry.licence, "paths": list(map(str, paths))}
    say(found, json, [*map(str, paths), f"licence: {entry.licence}"])


@encoders.command()
def use(name: Name, folder: Folder = None, json: Json = False) -> None:
    """Let an encoder answer in image search: a generation with nothing indexed yet."""
    from lookalike.core.library import find_library
    from lookalike.systems.images.system import ImageSearch

    library = find_library("images", folder)
    library.check_writable()
    with progress() as report:
        report("opening the encoder", 0.0)
        system = ImageSearch.ready(name)
        report("saving", 0.9)
        number = library.add(system.save)
    version = system.manifest_.embedding_version
    found = {"encoder": name, "generation": number, "embedding_version": version}
    lines = [
        f"images, generation {number}, answers with {name} (embeddings {version})",
        "`lookalike index add FOLDER` indexes with it; what was indexed with another "
        "encoder needs --afresh.",
    ]
    say(found, json, lines)


def _bytes_of(title: str, report: ProgressCallback) -> Any:
    """What shows the bytes of one file that have come."""

    def show(done: int, whole: int | None) -> None:
        report(f"{title}, {done / 1e6:.1f} MB", done / whole if whole else 0.0)

    return show
