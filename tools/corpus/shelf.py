"""The cache of built images: each is made once, whole, by one process."""

import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools.corpus import recipes
from tools.corpus.layout import Image, Layout
from tools.corpus.roots import NoDebian

Recipe = Callable[[Layout], None]

EDITION = 1
"""Raise it when a recipe changes: what was built before is then left aside."""

RECIPES: dict[str, Recipe] = {
    "layers-64": recipes.layers_64,
    "platforms": recipes.platforms,
    "helm-chart": recipes.helm_chart,
    "referred": recipes.referred,
    "edge": recipes.edge,
    "docker-schema2": recipes.docker_schema2,
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """Built images below one directory, made when first asked for.

    `strict`: a missing Debian root is an error, not a reason for another tree.
    """

    path: Path
    big_mib: int = 64
    strict: bool = False

    def image(self, name: str, reference: str = "latest") -> Image:
        """One of `RECIPES`, built if need be."""
        return Image(name, self._layout(name, RECIPES[name]), reference)

    def root(self) -> Image:
        """A real Debian root, or else `host-tree`: the image's name tells which."""
        try:
            return Image("debian", self._layout("debian", recipes.debian), "latest")
        except NoDebian as reason:
            if self.strict:
                raise
            print(f"corpus: no Debian root ({reason}): this machine's tree", file=sys.stderr)
        return Image("host-tree", self._layout("host-tree", recipes.host_tree), "latest")

    def big(self) -> Image:
        """One layer of `big_mib` MiB."""
        name = f"big-{self.big_mib}mib"
        recipe = partial(recipes.big, size_mib=self.big_mib)
        return Image(name, self._layout(name, recipe), "latest")

    def python(self) -> Image:
        """A base with Python, for amd64 and arm64. Raises `NoDebian`."""
        return Image("python", self._layout("python", recipes.python), "latest")

    def drop(self, image: Image) -> None:
        """Takes an image off the shelf, to give its disk space back."""
        shutil.rmtree(image.layout.path)

    def all(self) -> Iterator[Image]:
        """Every image of the corpus, each of its references once."""
        yield self.root()
        yield self.big()
        for name, recipe in RECIPES.items():
            layout = self._layout(name, recipe)
            for reference in layout.references():
                yield Image(name, layout, reference)

    def _layout(self, name: str, recipe: Recipe) -> Layout:
        home = self.path / f"edition-{EDITION}"
        home.mkdir(parents=True, exist_ok=True)
        final = home / name
        with _lock(home / f".{name}.lock"):
            if not final.exists():
                fresh = home / f".{name}.{os.getpid()}"
                try:
                    recipe(Layout.create(fresh))
                    fresh.rename(final)
                finally:
                    shutil.rmtree(fresh, ignore_errors=True)
        return Layout(final)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Holds an advisory lock on `path`; the kernel gives it back when we die."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
