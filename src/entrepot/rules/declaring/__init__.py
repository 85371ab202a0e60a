"""Declared configuration: what a file says there shall be, against what there is."""

from .difference import Change, Step, Verb, difference
from .document import Document, read_document
from .items import Fields, Item, Kind, Wanted, wanted_of
from .writing import document_of

__all__ = [
    "Change",
    "Document",
    "Fields",
    "Item",
    "Kind",
    "Step",
    "Verb",
    "Wanted",
    "difference",
    "document_of",
    "read_document",
    "wanted_of",
]
