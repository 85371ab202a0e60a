"""The journal in a directory: append-only files, one JSON document a line.

    journal/
      00000000000000000001.jsonl    named by the sequence of its first line
      00000000000000048213.jsonl    the next one, begun when that was large enough

A line is one event with a checksum of its text before `,"sum"`:

    {"sequence":1,"at":1800000000.0,"kind":"manifest.published","repository":"library/app",
     "payload":{...},"sum":"89abcdef"}

What a crash left at the end, and has not the right checksum, is cut off when the journal is opened;
the outbox still has it. Damage elsewhere is never touched: a reading tells where it is.
"""

from .files import FileJournal, open_journal
from .lines import decode_line, encode_line
from .objects import ObjectJournal

__all__ = ["FileJournal", "ObjectJournal", "decode_line", "encode_line", "open_journal"]
