"""Users in an htpasswd file, bcrypt only; read again when it changes."""

from .file import NEW_NAME, Htpasswd, HtpasswdUnusable, provision
from .passwords import BcryptPasswords

__all__ = ["NEW_NAME", "BcryptPasswords", "Htpasswd", "HtpasswdUnusable", "provision"]
