"""The network made small: half of its weights gone, or all of them in a byte.

Both return a network that answers as the small one would, and the bytes that it takes.
Whether they pay is measured (`lookalike bench jaywalking --only small`): the matrices
are so small that a zero saves no time, since nothing skips it.

References
----------
.. [1] Han, Pool, Tran and Dally (2015). "Learning both weights and connections for
   efficient neural networks". NIPS. (pruning by magnitude)
.. [2] Jacob et al. (2018). "Quantization and training of neural networks for efficient
   integer-arithmetic-only inference". CVPR. (one scale a column)
"""

import numpy as np

from lookalike._typing import Array
from lookalike.systems.jaywalking.sequence import SequenceModel


def whole_bytes(network: SequenceModel) -> int:
    """Return the bytes of the weights as they are."""
    return sum(array.nbytes for array in network.arrays().values())


def pruned(network: SequenceModel, share: float = 0.5) -> tuple[SequenceModel, int]:
    """Return the network without the smallest weights of each matrix.

    What is kept is counted as float32, and one bit a weight says where.
    """
    arrays, size = {}, 0
    for name, array in network.arrays().items():
        kept = array
        if array.ndim == 2 and array.shape[1] > 1:
            least = np.quantile(np.abs(array), share)
            kept = np.where(np.abs(array) > least, array, 0).astype(array.dtype)
            size += 4 * int((kept != 0).sum()) + -(-array.size // 8)
        else:
            size += array.nbytes
        arrays[name] = kept
    return SequenceModel.from_arrays(arrays, network.fusion), size


def in_bytes(network: SequenceModel) -> tuple[SequenceModel, int]:
    """Return the network with each matrix in int8, one scale a column."""
    arrays, size = {}, 0
    for name, array in network.arrays().items():
        if array.ndim == 2:
            codes, scale = quantised(array)
            arrays[name] = codes.astype(np.float32) * scale
            size += codes.nbytes + scale.nbytes
        else:
            arrays[name] = array
            size += array.nbytes
    return SequenceModel.from_arrays(arrays, network.fusion), size


def quantised(weights: Array) -> tuple[Array, Array]:
    """Return int8 codes (n, m) and float32 scales (m,) with weights = codes * scales.

    Examples
    --------
    >>> quantised(np.array([[1.0, -0.2], [-0.5, 0.1]]))
    (array([[ 127, -127],
           [ -64,   64]], dtype=int8), array([0.01, 0.  ], dtype=float32))
    """
    scale = np.abs(weights).max(axis=0) / 127
    scale = np.where(scale > 0, scale, 1.0).astype(np.float32)
    return np.rint(weights / scale).astype(np.int8), scale
