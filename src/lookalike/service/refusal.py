"""A request that is refused: a status and a sentence."""


class Refusal(Exception):
    """What the client did that cannot be served, in one sentence.

    Parameters
    ----------
    status : int
        The HTTP status, 400 to 599.
    sentence : str
        What was expected and what came.
    retry_after : float, optional
        Seconds after which another try may succeed.
    """

    def __init__(
        self, status: int, sentence: str, retry_after: float | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        if self.retry_after is None:
            return {}
        return {"Retry-After": str(max(1, round(self.retry_after)))}
