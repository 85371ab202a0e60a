"""What transactions must do: whole or not at all, alone, and durable."""

import asyncio

import pytest

from entrepot.oci.reference import Tag
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog, Event, Repository, Tx
from tests.adapters.catalog.databases import Disk, outcome, turns
from tests.adapters.catalog.rows import NAME, NOW, digest, move, note, notes, publish


class Transactions:
    async def test_an_error_undoes_the_block(self, catalog: Catalog) -> None:
        await note(catalog, "before")
        with pytest.raises(ZeroDivisionError):
            await note(catalog, "undone", fail=True)
        await note(catalog, "after")
        assert await notes(catalog) == ["before", "after"]

    async def test_a_database_error_undoes_the_block(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one")

        async def again() -> None:
            async with catalog.begin(write=True) as tx:
                await tx.outbox.append(Event("note", NAME, "undone", NOW))
                await tx.manifests.add(row, b"one", [])

        with pytest.raises(Exception, match=r"(?i)unique"):
            await again()
        assert await notes(catalog) == []

    @pytest.mark.parametrize("wrong", range(4))
    async def test_what_fails_late_undoes_its_block_alone(
        self, catalog: Catalog, wrong: int
    ) -> None:
        async with catalog.begin(write=True) as tx:
            await publish(tx, NAME, "one")

        async def write(number: int) -> str:
            async with catalog.begin(write=True) as tx:
                found = await tx.repositories.find(NAME)
                assert found is not None
                await tx.outbox.append(Event("note", NAME, f"{number}", NOW))
                if number == wrong:  # there is no such manifest
                    await tx.tags.move(found.id, 1 << 40, move("v1", None, digest("one")))
            return f"{number}"

        told = await asyncio.gather(*(write(number) for number in range(4)), return_exceptions=True)
        assert "foreign key" in str(told[wrong]).lower()
        done = [f"{number}" for number in range(4) if number != wrong]
        assert [one for one in told if isinstance(one, str)] == done
        assert await notes(catalog) == done
        await note(catalog, "next")
        assert await notes(catalog) == [*done, "next"]

    @pytest.mark.parametrize(
        "text",
        ["'", "''; SELECT 1", "\\", "\\'", "$1", ":at", "%s", "ü\U0001f40b\n", "x" * 200_000],
    )
    async def test_any_text_is_kept(self, catalog: Catalog, text: str) -> None:
        await note(catalog, text)
        await note(catalog, "next")
        assert await notes(catalog) == [text, "next"]

    @pytest.mark.parametrize("at", [0.1 + 0.2, 1e300, -0.0, 5e-324, 1_800_000_000.123456])
    async def test_any_time_is_kept(self, catalog: Catalog, at: float) -> None:
        async with catalog.begin(write=True) as tx:
            await tx.outbox.append(Event("note", NAME, "", at))
            assert [event.at for event in await tx.outbox.after(0, 10)] == [at]

    async def test_reads_together(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one", tag="v1", blobs=("layer",))

        async def tagged(tx: Tx, tag: str) -> list[str]:
            found = await tx.manifests.by_tag(row.repository_id, Tag(tag))
            edges = await tx.manifests.edges(found.id) if found else []
            return sorted(edge.kind for edge in edges)

        async def twice(tx: Tx) -> tuple[list[Tag], Account | None]:
            return await tx.together(tx.tags.of(row.id), tx.accounts.find("nobody"))

        for write in (False, True):
            async with catalog.begin(write=write) as tx:
                found = await tx.together(
                    tx.repositories.find(NAME),
                    tagged(tx, "v1"),
                    tagged(tx, "v2"),
                    twice(tx),
                    tx.manifests.find(row.repository_id, row.digest),
                )
                assert found == (
                    Repository(row.repository_id, NAME),
                    ["blob", "self"],
                    [],
                    ([Tag("v1")], None),
                    row,
                )
                many = (tx.blobs.find(digest(f"{n}" if n else "one")) for n in range(40))
                blobs = await tx.together(*many)
                assert [blob is not None for blob in blobs] == [True, *[False] * 39]
                assert await tx.together() == ()

    async def test_what_fails_together_fails_them_all(self, catalog: Catalog) -> None:
        async def fail(tx: Tx) -> None:
            await tx.repositories.find(NAME)
            raise ZeroDivisionError

        for write in (False, True):
            async with catalog.begin(write=write) as tx:
                with pytest.raises(ZeroDivisionError):
                    await tx.together(fail(tx), tx.repositories.find(NAME), fail(tx))
                assert await tx.together(tx.repositories.find(NAME), tx.accounts.find("a")) == (
                    None,
                    None,
                )

    async def test_an_error_caught_inside_undoes_one_statement_or_all(
        self, catalog: Catalog
    ) -> None:
        async def go_on() -> None:
            async with catalog.begin(write=True) as tx:
                row = await publish(tx, NAME, "one")
                with pytest.raises(Exception, match=r"(?i)unique"):
                    await tx.manifests.add(row, b"one", [])
                await tx.outbox.append(Event("note", NAME, "kept", NOW))

        failed = await outcome(go_on())
        assert await notes(catalog) == ([] if failed else ["kept"])

    async def test_a_block_sees_its_own_rows(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await tx.outbox.append(Event("note", NAME, "mine", NOW))
            assert [event.payload for event in await tx.outbox.after(0, 10)] == ["mine"]

    async def test_reading_cannot_write(self, catalog: Catalog) -> None:
        async with catalog.begin() as tx:
            with pytest.raises(Exception, match=r"read-?only"):
                await tx.outbox.append(Event("note", NAME, "no", NOW))
        assert await notes(catalog) == []

    async def test_a_transaction_inside_another_is_refused(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True):
            with pytest.raises(RuntimeError, match="inside another"):
                await note(catalog, "inner")
        await note(catalog, "later")
        assert await notes(catalog) == ["later"]

    async def test_a_transaction_that_is_over_does_nothing(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            pass
        with pytest.raises(RuntimeError, match="over"):
            await tx.outbox.append(Event("note", NAME, "late", NOW))

    async def test_many_at_once(self, catalog: Catalog) -> None:
        texts = [f"{number}" for number in range(200)]
        told = await asyncio.gather(*(note(catalog, text) for text in texts))
        assert told == texts
        assert sorted(await notes(catalog)) == sorted(texts)

    async def test_closing_waits_for_who_came_before(self, ruled: Catalog, disk: Disk) -> None:
        disk.stop()
        tasks = [asyncio.create_task(note(ruled, f"{number}")) for number in range(5)]
        await disk.asked()
        closing = asyncio.create_task(ruled.close())
        await turns()
        assert not closing.done()
        with pytest.raises(RuntimeError, match="closed"):
            await note(ruled, "late")
        disk.go()
        await closing
        assert await asyncio.gather(*tasks) == ["0", "1", "2", "3", "4"]


class Isolation:
    async def test_a_reader_sees_no_open_transaction(self, ruled: Catalog, disk: Disk) -> None:
        async with ruled.begin(write=True) as tx:
            await tx.outbox.append(Event("note", NAME, "open", NOW))
            assert await notes(ruled) == []
        assert await notes(ruled) == ["open"]

    async def test_a_block_returns_when_it_is_durable(self, ruled: Catalog, disk: Disk) -> None:
        disk.stop()
        task = asyncio.create_task(note(ruled, "one"))
        await disk.asked()
        await turns()
        assert not task.done()
        assert await notes(ruled) == []
        disk.go()
        await task
        assert await notes(ruled) == ["one"]

    async def test_nobody_touches_the_database_during_a_commit(
        self, ruled: Catalog, disk: Disk
    ) -> None:
        disk.stop()
        first = asyncio.create_task(note(ruled, "first"))
        await disk.asked()
        entered: list[bool] = []

        async def second() -> None:
            async with ruled.begin(write=True):
                entered.append(True)

        waiting = asyncio.create_task(second())
        await turns()
        assert not entered
        disk.go()
        await asyncio.gather(first, waiting)
        assert entered

    async def test_transactions_share_commits(self, ruled: Catalog, disk: Disk) -> None:
        disk.stop()
        tasks = [asyncio.create_task(note(ruled, f"{number}")) for number in range(20)]
        await disk.asked()
        await turns()
        assert disk.works == 1
        disk.go()
        await asyncio.gather(*tasks)
        assert disk.works == 2
        assert await notes(ruled) == [f"{number}" for number in range(20)]

    async def test_a_batch_is_bounded(
        self, ruled: Catalog, disk: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("entrepot.adapters.catalog.writer.BATCH_MAX", 4)
        await asyncio.gather(*(note(ruled, f"{number}") for number in range(9)))
        assert disk.works == 3  # 1, 4 and 4

    async def test_an_error_leaves_the_rest_of_the_batch(self, ruled: Catalog, disk: Disk) -> None:
        disk.stop()
        jobs = [note(ruled, f"{number}", fail=number % 3 == 0) for number in range(1, 10)]
        results = asyncio.gather(*jobs, return_exceptions=True)
        await disk.asked()
        disk.go()
        whole = [result for result in await results if isinstance(result, str)]
        assert whole == ["1", "2", "4", "5", "7", "8"]
        assert await notes(ruled) == whole
        assert disk.works == 2

    async def test_an_error_over_rows_of_the_batch_waits_too(
        self, ruled: Catalog, disk: Disk
    ) -> None:
        disk.stop()
        tasks = [asyncio.create_task(note(ruled, text)) for text in ("first", "second")]
        refused = asyncio.create_task(note(ruled, "third", fail=True))
        await disk.asked()
        disk.go()
        await tasks[0]
        disk.stop()
        await disk.asked()
        await turns()
        assert not refused.done()
        disk.go()
        assert isinstance(await outcome(refused), ZeroDivisionError)

    async def test_an_error_with_nobody_else_commits_nothing(
        self, ruled: Catalog, disk: Disk
    ) -> None:
        with pytest.raises(ZeroDivisionError):
            await note(ruled, "undone", fail=True)
        assert disk.works == 0

    async def test_a_failed_commit_fails_the_whole_batch(self, ruled: Catalog, disk: Disk) -> None:
        disk.stop()
        first = asyncio.create_task(note(ruled, "first"))
        await disk.asked()
        tasks = [asyncio.create_task(note(ruled, f"{number}")) for number in range(5)]
        await turns()
        disk.go()
        await first
        disk.error = OSError("no space left on device")
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert ["no space" in str(error) for error in errors] == [True] * 5
        assert len({id(error) for error in errors}) == 5
        assert await notes(ruled) == ["first"]
        await note(ruled, "next")
        assert await notes(ruled) == ["first", "next"]


class Cancelling:
    async def test_inside_a_block(self, ruled: Catalog, disk: Disk) -> None:
        async def stuck() -> None:
            async with ruled.begin(write=True) as tx:
                await tx.outbox.append(Event("note", NAME, "undone", NOW))
                await asyncio.Event().wait()

        task = asyncio.create_task(stuck())
        await turns()
        waiting = asyncio.create_task(note(ruled, "next"))
        await turns()
        task.cancel()
        assert isinstance(await outcome(task), asyncio.CancelledError)
        await waiting
        assert await notes(ruled) == ["next"]

    async def test_before_its_turn(self, ruled: Catalog, disk: Disk) -> None:
        disk.stop()
        tasks = [asyncio.create_task(note(ruled, f"{number}")) for number in range(4)]
        await disk.asked()
        await turns()
        for task in tasks[1:3]:
            task.cancel()
        disk.go()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [results[0], results[3]] == ["0", "3"]
        assert await notes(ruled) == ["0", "3"]

    async def test_everybody_before_their_turn(self, ruled: Catalog, disk: Disk) -> None:
        disk.stop()
        tasks = [asyncio.create_task(note(ruled, f"{number}")) for number in range(4)]
        await disk.asked()
        await turns()
        for task in tasks[1:]:
            task.cancel()
        disk.go()
        await asyncio.gather(*tasks, return_exceptions=True)
        await note(ruled, "next")
        assert await notes(ruled) == ["0", "next"]

    async def test_while_the_commit_is_under_way(self, ruled: Catalog, disk: Disk) -> None:
        disk.stop()
        first = asyncio.create_task(note(ruled, "first"))
        await disk.asked()
        await turns()
        first.cancel()
        assert isinstance(await outcome(first), asyncio.CancelledError)
        second = asyncio.create_task(note(ruled, "second"))
        await turns()
        disk.go()
        await second
        assert await notes(ruled) == ["first", "second"]

    async def test_in_a_batch_that_is_not_committed_yet(self, ruled: Catalog, disk: Disk) -> None:
        disk.stop()
        tasks = [asyncio.create_task(note(ruled, f"{number}")) for number in range(4)]
        await disk.asked()
        disk.go()
        await tasks[0]
        disk.stop()
        await disk.asked()
        tasks[2].cancel()
        await turns()
        disk.go()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [results[1], results[3]] == ["1", "3"]
        assert await notes(ruled) == ["0", "1", "2", "3"]
