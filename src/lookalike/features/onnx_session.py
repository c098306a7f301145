"""Opening an ONNX file: one session on the processor, errors as one sentence."""

import os
from pathlib import Path
from typing import Any

from lookalike._shown import shown

MOST_BYTES = 2 * 1024**3


def read_model(path: str | os.PathLike[str], what: str = "an ONNX file") -> bytes:
    """Return the bytes of a file of an encoder.

    Raises
    ------
    ValueError
        If it is not there, empty or too large.
    """
    file = Path(path)
    if not file.is_file():
        raise ValueError(f"{shown(file)} does not exist; expected {what}.")
    size = file.stat().st_size
    if not 0 < size < MOST_BYTES:
        raise ValueError(
            f"{shown(file)} must be {what} of less than 2 GiB, got {size:,} bytes."
        )
    return file.read_bytes()


def opened(model: bytes, what: str, output: str = "") -> Any:
    """Return a session of onnxruntime for the bytes of an ONNX file.

    Parameters
    ----------
    model : bytes
    what : str
        What it is called in messages.
    output : str, default=""
        A tensor inside the graph that it is to return too.

    Raises
    ------
    ModuleNotFoundError
        If onnxruntime is not here; the sentence names the extra.
    ValueError
        If it is no ONNX file, in one sentence.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "An ONNX encoder needs onnxruntime: pip install 'lookalike[onnx]'."
        ) from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4

    def read(file: bytes) -> Any:
        try:
            return onnxruntime.InferenceSession(
                file, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime's own classes are not public
            raise ValueError(
                f"{what} is no ONNX file that can be read: {first_line(error)}"
            ) from None

    session = read(model)
    if not output or output in [each.name for each in session.get_outputs()]:
        return session
    return read(model + _further_output(output))


def _further_output(name: str) -> bytes:
    """Bytes that, after those of an ONNX file, let it return another tensor.

    Protocol buffers join a message that comes twice: the second model holds nothing but
    a graph with one output more.
    """

    def message(field: int, body: bytes) -> bytes:
        length, size = b"", len(body)
        while size > 127:
            length, size = length + bytes([size % 128 + 128]), size // 128
        return bytes([field * 8 + 2]) + length + bytes([size]) + body

    value_info = message(1, name.encode())
    return message(7, message(12, value_info))


def first_line(error: BaseException) -> str:
    """Return what an error of the runtime says first."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
