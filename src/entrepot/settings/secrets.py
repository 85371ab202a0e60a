"""Checks of what signing keys and sealed secrets need."""

from .model import Auth, Secrets, SettingsError

WORDS_MAX = 64
"""Words of a command."""


def check_secrets(secrets: Secrets, auth: Auth) -> None:
    """Raise `SettingsError` for what cannot be used."""
    if secrets.keys_file and secrets.keys_command:
        raise SettingsError(
            "secrets.keys_command: secrets.keys_file names the master keys already; say one of them"
        )
    words = secrets.keys_command
    if len(words) > WORDS_MAX:
        raise SettingsError(f"secrets.keys_command: it may have {WORDS_MAX} words; write a script")
    if words and (not words[0].startswith("/") or any("\0" in word for word in words)):
        raise SettingsError(
            f"secrets.keys_command: '{words[0][:80]}' must be the program's full path, and its "
            'arguments further words: ["/usr/bin/program", "argument"]'
        )
    if bool(auth.token_key) != bool(auth.token_certs):
        raise SettingsError("auth.token_key and auth.token_certs: both files are needed, or none")
