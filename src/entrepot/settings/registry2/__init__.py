"""The settings of registry:2 (the distribution project), understood."""

from .keys import KEYS, Fate, Key
from .overlay import names, read_yaml
from .translate import Translated, translate

__all__ = ["KEYS", "Fate", "Key", "Translated", "names", "read_yaml", "translate"]
