r"""The score of a document: BM25, with Lucene's form of the weight of a term.

.. math::
   s(d, q) = \sum_{t \in q} c_{t,q} \sum_f w_f \, \ln\!\left(1 +
   \frac{N - n_{t,f} + 0.5}{n_{t,f} + 0.5}\right)
   \frac{\mathit{tf}}{\mathit{tf} + k_1 (1 - b + b\, l_{d,f} / \bar l_f)}

with N documents, of which n hold the term t in the field f; tf, how often d holds it
there; l, the words of that field of d, exactly, and their mean over all documents; c,
how often the query holds the term; and w, the weight of the field. It is the variant of
Lucene since 8.0: the weight is never negative, and the constant factor (k1 + 1) is left
out, which changes no order.

Each summand is rounded to a multiple of 2^-32 (of a larger power of two where the sum
might exceed 500,000) and is at least that. So sums are exact in float64 whatever their
order, equal scores are equal to the last bit, and their ties go to the document that
comes first.

Robertson and Zaragoza (2009), "The probabilistic relevance framework: BM25 and beyond";
Kamphuis, de Vries, Boytsov and Lin (2020), "Which BM25 do you mean?".
"""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from lookalike._typing import Floats, Ints


@dataclass(frozen=True)
class BM25:
    """Its two parameters.

    k1 : above 0; how much a second occurrence of a term adds
    b : 0 to 1; how much long documents have to hold more
    """

    k1: float
    b: float

    @classmethod
    def of(cls, k1: Any, b: Any) -> "BM25":
        """Check the parameters.

        Raises
        ------
        ValueError
            If one is out of its range.
        """
        real = isinstance(k1, Real) and isinstance(b, Real)
        if not real or not 1e-3 <= float(k1) <= 1e3 or not 0.0 <= float(b) <= 1.0:
            raise ValueError(
                "k1 must lie between 0.001 and 1000 and b between 0 and 1, "
                f"got {k1!r} and {b!r}."
            )
        return cls(float(k1), float(b))

    def norms(self, n_documents: int, totals: Ints) -> tuple[Floats, Floats]:
        """Constant and factor of each field: a norm is constant + factor * length.

        totals : (n_fields,), the words of each field in all documents
        """
        means = np.asarray(totals, np.float64) / max(n_documents, 1)
        factors = self.k1 * self.b / np.where(means > 0, means, 1.0)
        return np.full(len(means), self.k1 * (1.0 - self.b)), factors
