"""What the rows of signing keys and sealed secrets must do, on every database."""

from dataclasses import replace

from entrepot.ports.catalog import Catalog
from entrepot.ports.keys import SealedValue, SecretRow, SigningKeyRow
from entrepot.rules.keyring import KeyTimes
from tests.adapters.catalog.rows import NOW

KEY = SigningKeyRow("b", b"\x00\xff", NOW, NOW, None)
SECRET = SecretRow("s", b"\x00\xfe", NOW)


class SigningKeys:
    async def test_keys_are_kept_by_when_they_begin(self, catalog: Catalog) -> None:
        later = SigningKeyRow("a", b"later", NOW, NOW + 600, NOW + 700)
        async with catalog.begin(write=True) as tx:
            await tx.signing_keys.add(later)
            await tx.signing_keys.add(KEY)
            assert await tx.signing_keys.all() == [KEY, later]
            await tx.signing_keys.move(KeyTimes("b", 0.0, NOW + 900, NOW + 950))
            moved = replace(KEY, activates_at=NOW + 900, retires_at=NOW + 950)
            assert await tx.signing_keys.all() == [later, moved]
            assert await tx.signing_keys.remove("a")
            assert not await tx.signing_keys.remove("a")
        async with catalog.begin() as tx:
            assert await tx.signing_keys.all() == [moved]

    async def test_they_are_sealed_anew(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await tx.signing_keys.add(KEY)
            await tx.signing_keys.add(replace(KEY, kid="c"))
            assert await tx.signing_keys.page_sealed("", 1) == [SealedValue("b", "b", KEY.sealed)]
            assert await tx.signing_keys.page_sealed("b", 9) == [SealedValue("c", "c", KEY.sealed)]
            await tx.signing_keys.reseal("b", b"new")
            first, second = await tx.signing_keys.all()
        assert (first, second) == (replace(KEY, sealed=b"new"), replace(KEY, kid="c"))


class SealedSecrets:
    async def test_secrets_are_put_found_and_removed(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            assert await tx.sealed_secrets.find("s") is None
            await tx.sealed_secrets.put(replace(SECRET, sealed=b"before", changed_at=1.0))
            await tx.sealed_secrets.put(SECRET)
            await tx.sealed_secrets.put(replace(SECRET, name="t"))
            assert await tx.sealed_secrets.find("s") == SECRET
            assert await tx.sealed_secrets.page("", 1) == [SECRET]
            assert await tx.sealed_secrets.page("s", 9) == [replace(SECRET, name="t")]
            await tx.sealed_secrets.reseal("t", b"new")
            (sealed,) = await tx.sealed_secrets.page_sealed("s", 9)
            assert sealed == SealedValue("t", "t", b"new")
            assert await tx.sealed_secrets.remove("s")
            assert not await tx.sealed_secrets.remove("s")
