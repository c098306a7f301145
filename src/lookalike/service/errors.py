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
