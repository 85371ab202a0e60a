"""Integers as Go has them: what is larger is refused before it gets anywhere."""

from typing import Annotated

import msgspec

Int64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
