"""Tags in answers, written as JSON: a page of artifacts has a thousand of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.oci.reference import Tag as TagName
from entrepot.ports.listing import ArtifactItem

from .answers import moment

NUMBERS = (1 << 53) - 111
"""A prime below which tags have numbers: those of JavaScript are exact up to 2**53."""
_APART = (1 << 52) - 47
"""How far numbers of one name are apart in two repositories, one after the other: a prime too."""


@dataclass(frozen=True, slots=True)
class TagTexts:
    """Writes the tags of one repository."""

    repository_id: int
    immutable: frozenset[TagName] = frozenset()

    def of(self, item: ArtifactItem, at: float, names: Sequence[str]) -> str:
        """Return each as the JSON of a `Tag`, with commas between; all were moved at one time.

        A tag has the same number each time: its name, read as one number, modulo `NUMBERS`.
        """
        number, begin, immutable = int.from_bytes, self.repository_id * _APART, self.immutable
        # A name has no character that JSON escapes (`oci.reference`).
        place = f'"artifact_id":{item.id},"repository_id":{self.repository_id},"name":"'
        # Pulls are counted by digest: when its artifact was pulled is the best that is known.
        times = f'"push_time":"{moment(at)}","pull_time":"{moment(item.pulled_at)}","immutable"'
        return ",".join(
            [
                f'{{"id":{(begin + number(name.encode())) % NUMBERS},{place}{name}",{times}:'
                f"{'true' if immutable and name in immutable else 'false'}}}"
                for name in names
            ]
        )
