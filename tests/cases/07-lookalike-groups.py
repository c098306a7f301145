"""Grouping frames of one scene: twice as many take about twice as long."""

import time

import numpy as np
from lookalike.features.perceptual_hash import difference_hash, groups_of, thumbnail

from _case import check, end, within

within(150)
rng = np.random.default_rng(0)
base = np.kron(rng.integers(30, 220, (8, 9)), np.ones((8, 8))).astype(np.int16)
took = {}
for n in (50, 250, 500, 1000):
    frames = [
        np.clip(base + rng.integers(-2, 3, base.shape), 0, 255).astype(np.uint8)
        for _ in range(n)
    ]
    hashes = np.array([difference_hash(f) for f in frames], np.uint64)
    small = np.stack([thumbnail(f) for f in frames])
    start = time.process_time()
    groups_of(hashes, small)
    took[n] = time.process_time() - start
came = ", ".join(f"{n}: {s:.2f} s" for n, s in took.items())
right = took[1000] < 3 * took[500] + 0.1 and took[1000] < 1
check("frames of one scene", right, "1,000 below 1 s, and about twice 500", came)
end()
