"""`entrepot gc`: what would go, what went, and its proof."""

from entrepot.faces.cli.gc import collector
from tests.faces.cli.shop import Shop


async def abandon(shop: Shop) -> list[str]:
    rows = [await shop.lifecycle.house.add_blob(b"%d" % number * 2000) for number in range(2)]
    shop.lifecycle.house.clock.seconds += 1000
    return [row.digest for row in rows]


async def test_a_dry_run_lists_and_removes_nothing(lifeshop: Shop) -> None:
    digests = await abandon(lifeshop)
    lines = (await lifeshop.said(collector, "run", "--dry-run")).splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == digests
    assert lines[-1] == "blobs that would go: 2, 3.9 KiB; nothing was changed"
    assert len(await lifeshop.asked(collector, "run", "--dry-run")) == 2


async def test_a_pass_is_followed_and_proved(lifeshop: Shop) -> None:
    digests = await abandon(lifeshop)
    told = await lifeshop.said(collector, "run", "--wait")
    assert "2 removed (4000 bytes)" in told
    done = await lifeshop.run(collector, "report", "1", "--verify")
    assert done.exit_code == 0
    assert all(digest in done.stdout for digest in digests)
    assert done.stderr == "entrepot: verified: 2 lines, signed by this registry for job 1\n"
    plain = await lifeshop.run(collector, "report", "1")
    # Signed anew each time.
    assert plain.stdout.splitlines()[:-1] == done.stdout.splitlines()[:-1]
    assert plain.stderr == ""


async def test_a_pass_is_started(lifeshop: Shop) -> None:
    told = await lifeshop.said(collector, "run", "--wait")
    assert told.splitlines()[-1] == "job 1 (gc) is done"
    told = await lifeshop.said(collector, "run")
    assert told.startswith("job 2 (gc) is waiting for its turn; `entrepot job log 2 --wait`")


async def test_a_pass_is_forced(lifeshop: Shop) -> None:
    job = await lifeshop.asked(collector, "run", "--force")
    assert job["args"] == {"force": True}


async def test_there_is_no_report_of_anything_else(lifeshop: Shop) -> None:
    done = await lifeshop.run(collector, "report", "7", "--verify")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "there is no report of job 7" in done.stderr
