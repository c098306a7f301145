"""Published encoders that are ONNX files, of the catalogue (onnx extra)."""

from lookalike.features.onnx_images import OnnxEncoder
from lookalike.features.preparation import Preparation
from lookalike.systems.images.encoders.catalogue import PublishedEncoder
from lookalike.systems.images.encoders.locate import find


def published_images(encoder: PublishedEncoder) -> OnnxEncoder:
    """Return an encoder of the catalogue, whose file is here.

    Raises
    ------
    FileNotFoundError
        If it is not here; the message says how to get it.
    """
    form = encoder.form
    return OnnxEncoder(
        find(encoder, encoder.image).read_bytes(),
        Preparation(form.side, form.side, "RGB", form.mean, form.scale, form.shorter),
        encoder.name,
        channels_last=form.channels_last,
        output=form.output,
        pooling=form.pooling,
    )
