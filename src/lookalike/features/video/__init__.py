"""Videos to frames: opened with limits, read by time, sampled (``video`` extra).

``opening`` says what is in a file, or in one sentence what is wrong with it; ``frames``
reads frames by their time; ``sampling`` chooses some; ``pooling`` makes one vector of
those of several frames.
"""

from lookalike.features.video.opening import LIMITS, VideoLimits
from lookalike.features.video.pooling import POOLINGS, pooled
from lookalike.features.video.sampling import SAMPLERS, Sampling

__all__ = [
    "LIMITS",
    "POOLINGS",
    "SAMPLERS",
    "Sampling",
    "VideoLimits",
    "pooled",
]
