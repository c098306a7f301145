"""Compiled loops: plain arrays in, plain arrays out, nothing checked.

Kernels are compiled at their first call and cached on disk. ``kernels.cache`` keys the
cache on the sources of all kernels.
"""

from lookalike.kernels.cache import use_digest_of_sources

use_digest_of_sources()
