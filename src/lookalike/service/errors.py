"""A request that cannot be served: a status and a sentence."""

from starlette.exceptions import HTTPException


class ServiceError(HTTPException):
    """What was wrong with a request, or with the service, in one sentence.

    Parameters
    ----------
    status : int
        The HTTP status, 400 to 599.
    sentence : str
        What was expected and what came.
    retry_after : float, optional
        Seconds after which another try may succeed; sent as ``Retry-After``.
    """

    def __init__(
        self, status: int, sentence: str, retry_after: float | None = None
    ) -> None:
        headers = {}
        if retry_after is not None:
            headers["Retry-After"] = str(max(1, round(retry_after)))
        super().__init__(status, sentence, headers)
        self.retry_after = retry_after


def without_paths(sentence: str) -> str:
    """Return a sentence without the folders of this machine.

    Examples
    --------
    >>> without_paths("/srv/shop/0002/items.npy is damaged.")
    'items.npy is damaged.'
    """
    return " ".join(
        word.rsplit("/", 1)[-1] if "/" in word else word for word in sentence.split()
    )
