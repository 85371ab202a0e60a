"""Blobs in an object store: S3 and what speaks as it does, Google's or Azure's.

Below the prefix that the URL names:

    blobs/sha256/ab/ab12….7         a blob of less than 5 MiB: its bytes; hex.generation
    refs/sha256/ab/ab12….7          a bigger one: JSON, which names the objects that have its bytes
    data/0123….4567/0, 1, …         those: segments, by upload id and chance; whole, never changed
    uploads/0123…                   an upload under way: a line of JSON, then bytes in no part yet

A blob of less than 5 MiB that comes in one request is one PUT. Finishing a bigger one copies
nothing: its segments stay where they are.

On S3 a segment is a multipart upload that any process goes on with, by its id and its parts in the
record. Elsewhere there are no such ids: what one request brings is streamed into a segment of its
own, and less than 5 MiB of it waits in the record. So a blob that came in several requests has
several segments there; the pointer names them all, and nothing is joined at the end.

Every change is made of these steps, in this order. A crash between two leaves what the next one
who repeats the verb goes on from.

    append   parts, in parallel; the record (one PUT, which makes all of it durable and known)
    commit   below 5 MiB: the bytes to `blobs/`; the record is removed
             else: the last part; the record, with the blob it becomes; the segment is completed;
             the pointer, only if there is none; the record is removed
    abort    the pointer, if it is this upload's; parts and segments; the record
    delete   a record that names the segments; the pointer; the segments; the record
             or the bytes at `blobs/`

A segment is never whole without a record or a pointer that names it. What is left when a push was
never written down is an incomplete multipart upload, which `reap` removes.
"""

from .opening import open_store
from .store import STALE_SECONDS, ObjectStore

__all__ = ["STALE_SECONDS", "ObjectStore", "open_store"]
