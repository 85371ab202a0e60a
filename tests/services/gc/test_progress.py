"""Progress: what is written is read again."""

from entrepot.oci.json import encode
from entrepot.services.gc.progress import Phase, Progress, read, write


def test_it_is_read_as_it_was_written() -> None:
    progress = Progress(Phase.LINKS, 1.5, generation=7, link_digest="sha256:a", blobs_bytes=9)
    assert read(write(progress)) == progress
    assert encode(write(progress))
    assert read({}) == Progress()


def test_progress_of_another_version_does_no_harm() -> None:
    assert read({"phase": "sweep", "unknown": 1}) == Progress(Phase.SWEEP)
