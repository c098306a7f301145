"""An encoder of texts that somebody trained: an ONNX file and its ``tokenizer.json``.

A text becomes token numbers, and these a vector of length one, so that texts are alike
that mean the same in other words; or images, where the vectors are of their space, as
those of CLIP are (onnx extra).
"""

import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from lookalike._arrays import unit
from lookalike._shown import shown
from lookalike._typing import Array
from lookalike.features.onnx_session import first_line, opened, read_model

Pooling = Literal["", "mean", "first token"]
MASK, SEGMENTS = "attention_mask", "token_type_ids"
CONTEXT = 77
"""Most tokens of a text where neither file says how many; those of CLIP."""
_KINDS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class TextEncoder:
    """Run an ONNX file on texts, one at a time, on the processor.

    The file takes token numbers, whole numbers (n, n_tokens), and where it has further
    inputs, ``attention_mask``, which of them are of the text, and ``token_type_ids``,
    all 0. It returns (n, n_dimensions), or (n, n_tokens, n_dimensions) where
    ``pooling`` says what becomes of these. What a text has more than ``context`` tokens
    is cut off, before the mark of its end. A file that leaves n_tokens open is given a
    text's own tokens; one that has it fixed, or whose ``pad`` is named, is given
    ``context`` of them.

    Both files are opened when the first text comes: who asks without texts waits for
    neither.

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
    pooling : {"", "mean", "first token"}, default=""
        How vectors of tokens become one: their mean, as of most encoders of sentences,
        or the first; "" takes no such file.
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
        pooling: Pooling = "",
    ) -> None:
        self._files = {"model": model, "tokeniser": tokeniser}
        self._what = what
        self._output, self._context, self._pad = output, context, pad
        self._pooling = pooling

    @classmethod
    def read(
        cls,
        model: str | os.PathLike[str],
        tokeniser: str | os.PathLike[str],
        pooling: Pooling = "",
    ) -> Self:
        """Read the user's own two files."""
        files = read_model(model), read_model(tokeniser, "a tokenizer.json")
        held, its = (np.frombuffer(file, np.uint8) for file in files)
        return cls(held, its, os.path.basename(model), pooling=pooling)

    @classmethod
    def of_folder(
        cls, folder: str | os.PathLike[str], pooling: Pooling = "mean"
    ) -> Self:
        """Read ``model.onnx`` and ``tokenizer.json`` as publishers lay them out.

        The model may lie in ``onnx/`` below the folder.

        Raises
        ------
        ValueError
            If the folder or one of the files is not there.
        """
        place = Path(folder).expanduser()
        if not place.is_dir():
            raise ValueError(
                f"{shown(place)} is no folder; expected one with model.onnx and "
                "tokenizer.json."
            )
        below = place / "onnx" / "model.onnx"
        model = below if below.is_file() else place / "model.onnx"
        return cls.read(model, place / "tokenizer.json", pooling)

    def transform(self, texts: Sequence[str]) -> Array:
        """Map texts to vectors of length one, float32 (n_texts, n_dimensions).

        Raises
        ------
        ValueError
            If a text has no token that is known, or the files cannot be run.
        """
        # One at a time: runtimes may choose other kernels for another batch.
        found = np.concatenate([self._run(self.tokens(text)) for text in texts])
        return np.asarray(unit(found.astype(np.float64)), np.float32)

    def knows(self, text: str) -> bool:
        """Whether any token of a text is known: whether it can be transformed."""
        return bool(self._tokeniser.encode(text).ids)

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
        """Open both files, and refuse them if vectors have another length.

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
        form = {
            "output": self._output,
            "context": self._context,
            "pad": self._pad,
            "pooling": self._pooling,
        }
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
        known = {MASK: mask, SEGMENTS: np.zeros(len(filled))}
        given = {
            each.name: np.asarray([known.get(each.name, filled)]).astype(
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
        if found.ndim == 3 and found.shape[1] == len(filled) and self._pooling:
            one = self._pooling == "first token"
            found = found[:, 0] if one else found[:, mask].mean(axis=1)
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
        numbers = [each for each in taken if each.name not in (MASK, SEGMENTS)]
        good = len(numbers) == 1 and all(
            each.type in _KINDS and len(each.shape) == 2 for each in taken
        )
        if not good:
            found = "; ".join(f"{i.name} {i.type} {i.shape}" for i in taken)
            raise ValueError(
                f"{self._what} must take token numbers (n, n_tokens) and nothing else "
                f"but {MASK} and {SEGMENTS}; it takes {found or 'nothing'}."
            )
        return session

    @cached_property
    def _length(self) -> tuple[int, int | None]:
        """How many tokens it takes at most, and what fills them up, if anything."""
        lengths = [each.shape[1] for each in self._session.get_inputs()]
        fixed = next((n for n in lengths if isinstance(n, int)), None)
        context, pad = self._context, self._pad
        cut, filled = self._read.truncation, self._read.padding or {}
        if pad is None and filled.get("length"):
            context, pad = context or filled["length"], filled["pad_id"]
        if fixed is not None:
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
