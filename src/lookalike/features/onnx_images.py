"""Encoders of images that are ONNX files, published or the user's own (onnx extra)."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from lookalike._arrays import unit
from lookalike._typing import Array
from lookalike.features.onnx_session import first_line, opened, read_model
from lookalike.features.preparation import Preparation

SIDE = 224


class OnnxEncoder:
    """Run an ONNX file on prepared images, one at a time, on the processor.

    The file takes float32 (n, colours, height, width), colours 1 or 3, and returns
    (n, n_dimensions). Where it leaves height and width open they are 224.

    Normalisation is read from the file's metadata, as JSON lists of one number a
    colour under ``mean`` and ``scale`` (also ``std``), for values of 0 to 1; what the
    caller gives comes first; without either it is none.

    Parameters
    ----------
    model : bytes
        The file.
    preparation : Preparation
    what : str
        What it is called in messages.
    channels_last : bool, default=False
        Whether it takes (n, height, width, colours).
    output : str, default=""
        Name of the tensor that is the description, also one inside the graph; "" is
        the first that the file returns.
    pooling : {"", "first token"}, default=""
        Of an output (n, n_tokens, n_dimensions), which token is taken.
    """

    def __init__(
        self,
        model: bytes,
        preparation: Preparation,
        what: str,
        *,
        channels_last: bool = False,
        output: str = "",
        pooling: str = "",
    ) -> None:
        self.preparation = preparation
        self.facts: dict[str, Any] = {"model": f"An ONNX file: {what}."}
        self._model = model
        self._what = what
        self._form = {
            "channels_last": channels_last,
            "output": output,
            "pooling": pooling,
        }
        self._session = opened(model, what, output)
        self._input = self._session.get_inputs()[0].name
        self._try()

    @classmethod
    def read(
        cls,
        path: str | os.PathLike[str],
        *,
        side: int | None = None,
        mean: tuple[float, ...] | None = None,
        scale: tuple[float, ...] | None = None,
    ) -> Self:
        """Read a file; size and normalisation as it says unless they are given.

        Raises
        ------
        ValueError
            If it is no ONNX file, or takes or gives other shapes, in one sentence.
        """
        model, name = read_model(path), Path(path).name
        return cls(model, _preparation(model, name, side, mean, scale), name)

    def transform(self, images: Array) -> Array:
        """Map images to vectors of length one."""
        given = self._numbers(images)
        # One at a time: runtimes may choose other kernels for another batch.
        rows = [self._run(given[i : i + 1]) for i in range(len(given))]
        found = np.concatenate(rows) if rows else np.empty((0, self._width))
        return np.asarray(unit(found.astype(np.float64)), np.float32)

    @property
    def n_dimensions(self) -> int:
        """How many numbers a vector has."""
        return int(self._width)

    def arrays(self) -> dict[str, Array]:
        """Return the file's bytes, and its form where that is not the usual one."""
        arrays = {"model": np.frombuffer(self._model, np.uint8)}
        if any(self._form.values()):
            form = json.dumps(self._form, sort_keys=True).encode()
            arrays["form"] = np.frombuffer(form, np.uint8)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], preparation: Preparation) -> Self:
        """Return the encoder with this file."""
        form = {}
        if "form" in arrays:
            form = json.loads(np.asarray(arrays["form"]).tobytes())
        model = np.asarray(arrays["model"]).tobytes()
        return cls(model, preparation, "an ONNX file", **form)

    def _numbers(self, images: Array) -> Array:
        """Prepared images as the file takes them."""
        given = self.preparation.normalise(images)
        if self._form["channels_last"]:
            given = np.ascontiguousarray(given.transpose(0, 2, 3, 1))
        return given

    def _run(self, image: Array) -> Array:
        wanted = [self._form["output"]] if self._form["output"] else None
        try:
            found = np.asarray(self._session.run(wanted, {self._input: image})[0])
        except Exception as error:  # the runtime's own classes are not public
            raise ValueError(
                f"{self._what} cannot be run on {image.shape}: {first_line(error)}"
            ) from None
        if self._form["pooling"] and found.ndim == 3:
            found = found[:, 0]
        if found.ndim > 2 and found[0].size == max(found.shape[1:]):
            found = found.reshape(len(found), -1)  # (n, n_dimensions, 1, 1)
        return found

    def _try(self) -> None:
        """Run it once: a wrong shape shows before anything is indexed."""
        blank = np.zeros((1, *self.preparation.shape), np.uint8)
        found = self._run(self._numbers(blank))
        if found.ndim != 2 or len(found) != 1 or found.dtype.kind != "f":
            raise ValueError(
                f"{self._what} must return one vector an image, (1, n_dimensions); got "
                f"{found.dtype} of shape {found.shape}."
            )
        self._width = found.shape[1]


def _preparation(
    model: bytes,
    what: str,
    side: int | None,
    mean: tuple[float, ...] | None,
    scale: tuple[float, ...] | None,
) -> Preparation:
    session = opened(model, what)
    inputs = session.get_inputs()
    shape = inputs[0].shape if inputs else []
    good = len(inputs) == 1 and len(shape) == 4 and shape[1] in (1, 3)
    if not good or inputs[0].type != "tensor(float)":
        found = "; ".join(f"{i.type} {i.shape}" for i in inputs) or "nothing"
        raise ValueError(
            f"{what} must take float images (n, 1 or 3, height, width); it takes "
            f"{found}."
        )
    sides = [s if isinstance(s, int) else side or SIDE for s in shape[2:]]
    if side is not None and sides != [side, side]:
        raise ValueError(
            f"{what} takes images of {sides[0]} by {sides[1]}, not {side}."
        )
    notes = session.get_modelmeta().custom_metadata_map
    return Preparation(
        sides[0],
        sides[1],
        "L" if shape[1] == 1 else "RGB",
        mean or _numbers(notes, what, "mean") or (0.0,),
        scale or _numbers(notes, what, "scale", "std") or (1.0,),
    )


def _numbers(
    notes: Mapping[str, str], what: str, *names: str
) -> tuple[float, ...] | None:
    for name in names:
        if name in notes:
            try:
                return tuple(float(v) for v in json.loads(notes[name]))
            except (TypeError, ValueError):
                raise ValueError(
                    f"{what} says {name} = {notes[name]!r}; expected a JSON list of "
                    "numbers."
                ) from None
    return None
