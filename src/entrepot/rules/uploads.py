"""Where a chunk of an upload may start."""

from entrepot.oci.errors import Code, Fault
from entrepot.oci.ranges import Span


def check_chunk(span: Span | None, content_length: int | None, offset: int) -> Fault | None:
    """Return what is wrong with a chunk, or None.

    `span` is its Content-Range, where sent; `offset` how many bytes the session has (I6).
    """
    if span is None:
        return None
    if span.offset != offset:
        return Fault(
            Code.RANGE_INVALID,
            f"the chunk starts at byte {span.offset} but the upload stands at {offset}: "
            "ask for the upload's status and go on from there",
            {"offset": offset, "start": span.offset},
        )
    if content_length is not None and content_length != span.length:
        return Fault(
            Code.SIZE_INVALID,
            f"Content-Range names {span.length} bytes but Content-Length is {content_length}: "
            "send just the bytes of the range",
            {"contentRange": span.length, "contentLength": content_length},
        )
    return None


def range_header(offset: int) -> str:
    """Return the Range that says how far an upload is: `0-<last byte>`.

    An empty session reads `0-0`, as clients cannot parse an end before the start.
    """
    return f"0-{max(0, offset - 1)}"
