"""Plans, and what comes of them."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.declaring.difference import Step, Verb
from entrepot.rules.declaring.document import read_document
from entrepot.services.declaring.state import Scope
from tests.faces.manage.doors import open_doors


async def allowed(_: Step) -> None:
    return


async def test_what_is_refused_ends_it() -> None:
    async def check(step: Step) -> None:
        if step.item.name == "b":
            raise Fault(Code.DENIED, "not b")

    async with open_doors() as doors:
        declaring = doors.house.management.declaring
        names = [{"name": name} for name in ("a", "b", "c")]
        document = read_document({"projects": names})
        plan = await declaring.plan(document)
        outcomes = [one async for one in declaring.apply(plan, await doors.acting(), check)]
        assert [one.fault is None for one in outcomes] == [True, False]
        left = await declaring.plan(document)
        assert [step.item.name for step in left.steps] == ["b", "c"]
        again = [one async for one in declaring.apply(left, await doors.acting(), allowed)]
        assert [one.fault for one in again] == [None, None]
        assert (await declaring.plan(document)).steps == ()


async def test_documents_of_policies_are_read_before_anything_is_done() -> None:
    async with open_doors() as doors:
        declaring = doors.house.management.declaring
        wrong = {"projects": [{"name": "a"}, {"name": "b", "retention": ["keep it all"]}]}
        with pytest.raises(Fault) as caught:
            await declaring.plan(read_document(wrong))
        assert caught.value.message.startswith("projects[1].retention: ")


async def test_an_export_plans_to_nothing() -> None:
    async with open_doors() as doors:
        declaring = doors.house.management.declaring
        document = read_document(await declaring.export(Scope()))
        assert (await declaring.plan(document, prune=True)).steps == ()
        nothing = read_document({"projects": [{"name": "team"}]})
        gone = (await declaring.plan(nothing, prune=True)).steps
        assert {step.verb for step in gone} == {Verb.REMOVE}
