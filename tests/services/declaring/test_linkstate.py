"""What there is of labels, registries, replication and webhooks."""

from entrepot.rules.declaring.document import read_document
from entrepot.rules.declaring.items import Kind
from entrepot.services.declaring.linkstate import labels, registries, replications, webhooks
from tests.faces.manage.doors import open_doors

DOCUMENT = {
    "labels": [{"name": "everywhere"}],
    "registries": [{"name": "cloud", "url": "https://cloud.example.com"}],
    "projects": [
        {
            "name": "team",
            "labels": [{"name": "here"}],
            "webhooks": [{"name": "chat", "url": "https://hooks.example.com/x"}],
            "replication": [{"name": "sync", "dest_namespace": "cloud/x"}],
        }
    ],
}


async def test_each_is_read_where_it_belongs() -> None:
    async with open_doors() as doors:
        declaring, catalog = doors.house.management.declaring, doors.house.gate.ground.catalog

        async def allowed(_: object) -> None:
            return

        plan = await declaring.plan(read_document(DOCUMENT))
        outcomes = [one async for one in declaring.apply(plan, await doors.acting(), allowed)]
        assert [one.fault for one in outcomes] == [None] * 5
        assert [item.name for item, _ in await labels(catalog, "")] == ["everywhere"]
        assert [item.name for item, _ in await labels(catalog, "team")] == ["here"]
        assert [item.name for item, _ in await registries(catalog)] == ["cloud"]
        assert [item.name for item, _ in await webhooks(catalog, "team")] == ["chat"]
        assert await webhooks(catalog, "other") == []
        ((item, fields),) = await replications(catalog, ["team"])
        assert (item.kind, item.project, fields["registry"]) == (
            Kind.REPLICATION,
            "team",
            "cloud",
        )
        assert await replications(catalog, ["other"]) == []
        assert (await declaring.plan(read_document(DOCUMENT))).steps == ()
