"""JSON Web Tokens signed and read (RFC 7515), with one key or a ring of them."""

from .certificate import Chain, ChainUnusable, load_chain
from .jose import TOKEN_MAX_BYTES, Es256Mint, Es256Signer, new_key, reader
from .ring import RingSigner

__all__ = [
    "TOKEN_MAX_BYTES",
    "Chain",
    "ChainUnusable",
    "Es256Mint",
    "Es256Signer",
    "RingSigner",
    "load_chain",
    "new_key",
    "reader",
]
