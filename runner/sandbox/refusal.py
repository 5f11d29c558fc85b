"""The one way a request ends without its answer: a code of the documentation, and why."""


class Refused(Exception):
    """A request is answered with an error code; nothing of it was executed.

    Shapes: ``detail`` says in words for the request log and a header of the answer why; it names
        parameters, never their values, so that nothing a caller sent is echoed into a header.
        ``status`` overrides the HTTP status where HTTP itself has the word (404, 405, 413);
        ``allow`` is the header of a 405.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        duplicate: bool = False,
        allow: str = "",
    ) -> None:
        """Keep the facts."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = status
        self.duplicate = duplicate
        self.allow = allow
