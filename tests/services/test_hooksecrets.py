"""Secrets of webhooks, sealed for one of them alone."""

import pytest

from entrepot.adapters.sealing import Keyring
from entrepot.oci.errors import Fault
from entrepot.ports.sealing import SealBroken
from entrepot.services.hooksecrets import (
    HookSecrets,
    check_secrets,
    new_secret,
    seal,
    unseal,
)
from tests.services.house import Counting

SEALER = Keyring({"test": bytes(32)})


def test_they_open_for_the_webhook_that_they_were_sealed_for() -> None:
    secrets = HookSecrets("s" * 20, authorization="Bearer x").rotated("t" * 20, 5.0)
    sealed = seal(SEALER, 7, secrets)
    assert b"Bearer" not in sealed
    assert unseal(SEALER, 7, sealed) == secrets
    with pytest.raises(SealBroken):
        unseal(SEALER, 8, sealed)


def test_which_sign() -> None:
    assert HookSecrets().signing(1.0) == ()
    first = HookSecrets("one")
    assert first.signing(1.0) == ("one",)
    both = first.rotated("two", 5.0)
    assert both.signing(4.9) == ("two", "one")
    assert both.signing(5.0) == ("two",)
    assert both.rotated("three", 9.0).signing(1.0) == ("three", "two"), "two at most"
    assert HookSecrets().rotated("one", 5.0).signing(1.0) == ("one",)


def test_new_ones_are_different_and_usable() -> None:
    chance = Counting()
    made = {new_secret(chance) for _ in range(3)}
    assert len(made) == 3
    for one in made:
        check_secrets(one, None)
    check_secrets("", "")
    for bad in ("short", "x" * 300, "a\nb" * 10):
        with pytest.raises(Fault):
            check_secrets(bad, None)
