"""`python -m tools.corpus`: builds and lists the corpus."""

import argparse
import os
from pathlib import Path

from tools.corpus.shelf import Shelf

DEFAULT_SHELF = Path(__file__).parents[2] / ".tools" / "corpus"


def main() -> None:
    """Builds every image that is not there yet, and prints one line for each."""
    parser = argparse.ArgumentParser(description="Build the corpus of test images.")
    parser.add_argument("--shelf", type=Path, default=DEFAULT_SHELF)
    parser.add_argument("--big-mib", type=int, default=64)
    options = parser.parse_args()
    shelf = Shelf(options.shelf, options.big_mib, strict=os.environ.get("CI") == "true")
    for image in shelf.all():
        name = f"{image.name}:{image.reference}"
        print(f"{name:30} {image.size_bytes:>12} bytes  {image.digest}")


if __name__ == "__main__":
    main()
