"""Clips that tests write: a few frames, each of its own brightness."""

import numpy as np

SIDE = 64


def write_clip(path, times=None, levels=None, gop=5, name="mpeg4"):
    """Write frames at these seconds; the n-th is grey of level 12 n, or as given."""
    import av

    times = np.arange(20) / 10 if times is None else np.asarray(times)
    levels = 12 * np.arange(len(times)) if levels is None else levels
    with av.open(str(path), "w") as container:
        stream = container.add_stream(name, rate=100)
        stream.width, stream.height = SIDE, 48
        stream.pix_fmt = "yuv420p"
        stream.gop_size = gop
        stream.bit_rate = 2_000_000
        stream.options = {"sc_threshold": "1000000000"}  # no key frame at a cut
        for seconds, level in zip(times, levels, strict=True):
            image = np.full((48, SIDE, 3), level, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = round(100 * seconds)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def level_of(frame):
    """Return which of the levels a frame has."""
    return round(float(frame.image.mean()) / 12)


def write_sound(path):
    """Write a second of silence, without a picture."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        silence = np.zeros((1, 16000), np.float32)
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        frame.sample_rate = 16000
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    return path
