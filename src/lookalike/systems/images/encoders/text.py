"""The text side of an encoder of images: an ONNX file and its ``tokenizer.json``.

A text becomes token numbers, these become a vector of length one in the space of the
images, so that a text finds images and names what is on one (onnx extra).
"""

import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np

from lookalike._shown import shown
from lookalike._typing import Array
from lookalike.systems.images.encoders.catalogue import PublishedEncoder
from lookalike.systems.images.encoders.linear import unit
from lookalike.systems.images.encoders.locate import find
from lookalike.systems.images.encoders.session import first_line, opened, read_model

MASK = "attention_mask"
CONTEXT = 77
"""Most tokens of a text where neither file says how many; those of CLIP."""
_KINDS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class TextEncoder:
    """Run an ONNX file on texts, one at a time, on the processor.

    The file takes token numbers, whole numbers (n, n_tokens), and where it has a second
    input, ``attention_mask``, which of them are of the text; it returns
    (n, n_dimensions). What a text has more than ``context`` tokens is cut off, before
    the mark of its end. A file that leaves n_tokens open is given a text's own tokens;
    one that has it fixed, or whose ``pad`` is named, is given ``context`` of them.

    Both files are opened when the first text comes: who only asks with images waits
    for neither.

    Parameters
    ----------
    model : ndarray of uint8
        The bytes of the ONNX file.
    tokeniser : ndarray of uint8
        Those of the ``tokenizer.json``.
    what : str
        What it is called in messages.
    output : str, default=""
        Name of the tensor that is the vector; "" is the first that the file returns.
    context : int or None, default=None
        Most tokens; None is what the file says, or the tokeniser, or 77.
    pad : int or None, default=None
        Number of the token that fills up the context; None is what the tokeniser says.
        Where that says nothing it is 0 for a file of fixed length, and none for others.
    """

    def __init__(
        self,
        model: Array,
        tokeniser: Array,
        what: str,
        *,
        output: str = "",
        context: int | None = None,
        pad: int | None = None,
    ) -> None:
        self._files = {"model": model, "tokeniser": tokeniser}
        self._what = what
        self._output, self._context, self._pad = output, context, pad

    @classmethod
    def published(cls, encoder: PublishedEncoder) -> Self:
        """Return the text side of an encoder of the catalogue, whose files are here.

        Raises
        ------
        ValueError
            If the encoder has none.
        FileNotFoundError
            If a file is not here; the message says how to get it.
        """
        side = encoder.text
        if side is None:
            raise ValueError(f"{encoder.name} knows no words.")
        model, tokeniser = (
            np.frombuffer(find(encoder, file).read_bytes(), np.uint8)
            for file in (side.model, side.tokeniser)
        )
        return cls(
            model,
            tokeniser,
            f"{encoder.name}'s text side",
            output=side.output,
            context=side.context,
            pad=side.pad,
        )

    @classmethod
    def read(
        cls, model: str | os.PathLike[str], tokeniser: str | os.PathLike[str]
    ) -> Self:
        """Read the user's own two files."""
        files = read_model(model), read_model(tokeniser, "a tokenizer.json")
        held, its = (np.frombuffer(file, np.uint8) for file in files)
        return cls(held, its, os.path.basename(model))

    def transform(self, texts: Sequence[str]) -> Array:
        """Map texts to vectors of length one, float32 (n_texts, n_dimensions).

        Raises
        ------
        ValueError
            If a text has no token that is known, or the files cannot be run.
        """
        # One at a time: runtimes may choose other kernels for another batch.
        return unit(np.concatenate([self._run(self.tokens(text)) for text in texts]))

    def tokens(self, text: str) -> list[int]:
        """Return the token numbers of a text, cut off and not filled up.

        Raises
        ------
        ValueError
            If there is none.
        """
        found: list[int] = self._tokeniser.encode(text).ids
        if not found:
            raise ValueError(f"No word of {shown(text)!r} is known to the encoder.")
        return found

    def check(self, n_dimensions: int) -> None:
        """Open both files, and refuse them if vectors are not those of the images.

        Raises
        ------
        ValueError
            In one sentence.
        """
        found = self.transform(["a photo"]).shape[1]
        if found != n_dimensions:
            raise ValueError(
                f"{self._what} must return {n_dimensions} numbers a text, as its "
                f"encoder does an image; got {found}."
            )

    def arrays(self) -> dict[str, Array]:
        """Return the bytes of both files, and how they are used."""
        form = {"output": self._output, "context": self._context, "pad": self._pad}
        text = json.dumps(form, sort_keys=True).encode()
        return {**self._files, "form": np.frombuffer(text, np.uint8)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the text side that these arrays were taken from."""
        form = json.loads(np.asarray(arrays["form"]).tobytes())
        return cls(arrays["model"], arrays["tokeniser"], "The text side", **form)

    # --- inside -----------------------------------------------------------------------

    def _run(self, tokens: list[int]) -> Array:
        context, pad = self._length
        filled = tokens if pad is None else tokens + [pad] * (context - len(tokens))
        mask = np.arange(len(filled)) < len(tokens)
        given = {
            each.name: np.asarray([mask if each.name == MASK else filled]).astype(
                _KINDS[each.type]
            )
            for each in self._session.get_inputs()
        }
        wanted = [self._output] if self._output else None
        try:
            found = np.asarray(self._session.run(wanted, given)[0])
        except Exception as error:  # the runtime's own classes are not public
            raise ValueError(
                f"{self._what} cannot be run on {len(filled)} tokens: "
                f"{first_line(error)}"
            ) from None
        if found.ndim != 2 or len(found) != 1 or found.dtype.kind != "f":
            raise ValueError(
                f"{self._what} must return one vector a text, (1, n_dimensions); got "
                f"{found.dtype} of shape {found.shape}."
            )
        return found

    @cached_property
    def _session(self) -> Any:
        session = opened(
            np.asarray(self._files["model"]).tobytes(),
            self._what,
            self._output,
        )
        taken = session.get_inputs()
        numbers = [each for each in taken if each.name != MASK]
        good = len(numbers) == 1 and all(
            each.type in _KINDS and len(each.shape) == 2 for each in taken
        )
        if not good:
            found = "; ".join(f"{i.name} {i.type} {i.shape}" for i in taken)
            raise ValueError(
                f"{self._what} must take token numbers (n, n_tokens) and nothing else "
                f"but {MASK}; it takes {found or 'nothing'}."
            )
        return session

    @cached_property
    def _length(self) -> tuple[int, int | None]:
        """How many tokens it takes at most, and what fills them up, if anything."""
        [fixed] = [i.shape[1] for i in self._session.get_inputs() if i.name != MASK]
        context, pad = self._context, self._pad
        cut, filled = self._read.truncation, self._read.padding or {}
        if pad is None and filled.get("length"):
            context, pad = context or filled["length"], filled["pad_id"]
        if isinstance(fixed, int):
            return fixed, filled.get("pad_id", 0) if pad is None else pad
        return context or (cut or {}).get("max_length") or CONTEXT, pad

    @cached_property
    def _read(self) -> Any:
        """The tokeniser as its file has it."""
        try:
            from tokenizers import Tokenizer
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                "Texts need tokenizers: pip install 'lookalike[onnx]'."
            ) from None
        try:
            return Tokenizer.from_buffer(np.asarray(self._files["tokeniser"]).tobytes())
        except Exception as error:  # of no class of its own
            raise ValueError(
                f"The tokeniser of {self._what} is no tokenizer.json that can be read: "
                f"{first_line(error)}"
            ) from None

    @cached_property
    def _tokeniser(self) -> Any:
        context, _ = self._length
        tokeniser = self._read
        tokeniser.no_padding()  # ours knows what the model takes
        tokeniser.enable_truncation(max_length=context)
        return tokeniser
