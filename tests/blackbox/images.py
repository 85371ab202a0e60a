"""An image made for one test: a few layers, one of them in several parts."""

import random
from pathlib import Path

from tools.corpus.layers import File, file_layer, noise_layer
from tools.corpus.layout import Image, Layout
from tools.corpus.recipes import image_of

SMALL_LAYERS = 4
BIG_MIB = 9


def few_layers(home: Path, *, big_mib: int = BIG_MIB) -> Image:
    """Make it in `home`; it is like no other in its small layers."""
    layout, chance = Layout.create(home), random.Random(str(home))
    layers = [
        file_layer(layout, [File(f"srv/{number}", chance.randbytes(3000))])
        for number in range(SMALL_LAYERS)
    ]
    layout.publish(image_of(layout, [noise_layer(layout, big_mib), *layers]), "latest")
    return Image("few", layout, "latest")
