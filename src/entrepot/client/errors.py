"""What a client cannot do."""


class ClientError(Exception):
    """It cannot be done; the message says why and what to do.

    `text` is the message with names in braces, and `facts` are what stands for them, so that it can
    be told in another language; without facts the text is the message as it is.
    """

    def __init__(self, text: str, **facts: object) -> None:
        super().__init__(text.format(**facts) if facts else text)
        self.text = text
        self.facts = facts


class Unreachable(ClientError):
    """There is no answer from the server."""


class NotOurs(ClientError):
    """The answer is not from an Entrepot server, or from a very different version."""


class Refused(ClientError):
    """The server answered that it does not do this.

    `title` is its word for programs, such as NOT_FOUND, and `detail` what is to be told to people.
    """

    def __init__(self, status: int, title: str, detail: str, **facts: object) -> None:
        super().__init__(detail, **facts)
        self.status = status
        self.title = title
        self.detail = str(self)
