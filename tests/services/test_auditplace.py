"""The place of the audit log's reader, in the catalog."""

from entrepot.adapters.catalog import open_catalog
from entrepot.services.auditplace import NotedPlace


async def test_another_replica_goes_on_from_there() -> None:
    catalog = await open_catalog("sqlite:///:memory:")
    assert await NotedPlace(catalog).read() is None
    await NotedPlace(catalog).write(17)
    assert await NotedPlace(catalog).read() == 17
    await catalog.close()
