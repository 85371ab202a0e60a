"""How large a made registry is: everything in proportion to one number."""

from dataclasses import dataclass

DAY_SECONDS = 86_400.0
SPAN_SECONDS = 730 * DAY_SECONDS
"""Pushes are spread over two years."""
QUIET_SECONDS = 2 * DAY_SECONDS
"""How long ago the last of them was: all leases are over."""
LEAN = 0.8
"""How unequal repositories are: the one of rank r has a share of (r + 10) ** -LEAN."""

UNIT_KINDS = "IIIMIIIR"
"""Pushes to a repository come in this round: image, multi-platform index, referrer."""
UNIT_MANIFESTS = {"I": 1, "M": 3, "R": 1}
ROUND_MANIFESTS = sum(UNIT_MANIFESTS[kind] for kind in UNIT_KINDS)
ROUND_IMAGES = 8
ROUND_TAGGED = 7
UNITS_MIN = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """What there is of each kind; 1.0 is the size that the goals are told for."""

    scale: float

    @property
    def projects(self) -> int:
        return max(2, round(100 * self.scale))

    @property
    def repositories(self) -> int:
        return max(4, round(5_000 * self.scale))

    @property
    def users(self) -> int:
        return max(2, round(50 * self.scale))

    @property
    def shared_layers(self) -> int:
        """Layers that any image of any project may begin with."""
        return max(4, round(200 * self.scale))

    def units(self) -> list[int]:
        """Return how many pushes each repository has had, the largest first."""
        shares = [(rank + 10) ** -LEAN for rank in range(self.repositories)]
        wanted = 200_000 * self.scale * len(UNIT_KINDS) / ROUND_MANIFESTS
        return [max(UNITS_MIN, round(wanted * share / sum(shares))) for share in shares]

    # Per round of pushes, so that the sums come out at 1 M blobs and 1 M tags.
    @property
    def own_layers(self) -> float:
        """Layers that an image shares with no other when it comes, on average."""
        return (1_000_000 - 200_000 - 50_000) / 20_000 / ROUND_IMAGES - 1 - 1 / ROUND_IMAGES

    @property
    def orphans(self) -> float:
        """Blobs that no manifest has come for, for each push."""
        return 50_000 / 20_000 / len(UNIT_KINDS)

    @property
    def tags(self) -> float:
        """Tags of each tagged push, `latest` not among them."""
        return (1_000_000 - 5_000) / 20_000 / ROUND_TAGGED


def part(average: float, number: int) -> int:
    """Return the share of the one of this number, so that all together have the average."""
    return int((number + 1) * average) - int(number * average)
