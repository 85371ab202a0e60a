"""Repository names: the grammar of the distribution spec and the library rule."""

import re
from typing import Self

from .errors import Code, Fault

NAME_LENGTH_MAX = 255
DEFAULT_PROJECT = "library"

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")


class RepositoryName(str):
    """A repository's full name, `project/path`; it has two components or more.

    `myapp` and `library/myapp` are one repository, whose full name is `library/myapp` and whose
    name on the wire is `myapp`, as with Docker Hub's official images.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the full name for `text` as a client writes it, or raise `Fault(NAME_INVALID)`."""
        full = text if "/" in text else f"{DEFAULT_PROJECT}/{text}"
        # The length is checked first: the grammar need never look at a megabyte.
        if len(full) > NAME_LENGTH_MAX or not _NAME.fullmatch(text):
            raise Fault(
                Code.NAME_INVALID,
                f"'{text[:80]}' is not a repository name: use lower-case letters, digits and "
                f"single . _ or - between them, parts joined by /, at most {NAME_LENGTH_MAX} "
                "characters",
                {"name": text[:NAME_LENGTH_MAX]},
            )
        return cls(full)

    @property
    def project(self) -> str:
        return self.partition("/")[0]

    @property
    def wire(self) -> str:
        """The name as lists show it: without `library/` where one component remains."""
        project, _, rest = self.partition("/")
        return rest if project == DEFAULT_PROJECT and "/" not in rest else str(self)
