"""Artifacts in Harbor's words."""

from urllib.parse import quote

import pytest

from entrepot.oci.name import RepositoryName
from tests.faces.manage.harbor.pictures import push_chart, push_image, push_index, push_referrer
from tests.faces.manage.harbor.yard import ALICE, Yard

BASE = "/projects/team/repositories/app/artifacts"
COSIGN = "application/vnd.dev.sigstore.bundle.v0.3+json"
COPY = RepositoryName("other/copy")


async def test_an_image(yard: Yard) -> None:
    digest = await push_image(yard, "v1", annotations={"a": "b"})
    got = await yard.get(f"{BASE}/v1")
    assert await yard.get(f"{BASE}/{digest}") == got
    assert await yard.get(BASE) == [got]
    tag = got["tags"][0]
    assert (tag["name"], tag["artifact_id"], tag["immutable"]) == ("v1", got["id"], False)
    assert tag["push_time"] == "2027-01-15T08:00:00.000Z"
    assert got == {
        "accessories": None,
        "addition_links": {
            "build_history": {
                "absolute": False,
                "href": f"/api/v2.0{BASE}/{digest}/additions/build_history",
            }
        },
        "annotations": {"a": "b"},
        "artifact_type": "application/vnd.oci.image.config.v1+json",
        "digest": digest,
        "extra_attrs": {
            "architecture": "amd64",
            "author": "one",
            "config": {"Cmd": ["sh"]},
            "created": "2024-01-01T00:00:00Z",
            "os": "linux",
        },
        "icon": "sha256:0048162a053eef4d4ce3fe7518615bef084403614f8bca43b40ae2e762e11e06",
        "id": got["id"],
        "labels": None,
        "manifest_media_type": "application/vnd.oci.image.manifest.v1+json",
        "media_type": "application/vnd.oci.image.config.v1+json",
        "project_id": await yard.project_id(),
        "pull_time": "0001-01-01T00:00:00.000Z",
        "push_time": "2027-01-15T08:00:00.000Z",
        "references": None,
        "repository_id": got["repository_id"],
        "repository_name": "team/app",
        "size": got["size"],
        "tags": got["tags"],
        "type": "IMAGE",
    }


async def test_an_index(yard: Yard) -> None:
    one, two = await push_image(yard, "", "one"), await push_image(yard, "", "two")
    await push_index(yard, "multi", {"amd64": one, "arm64": two})
    found = await yard.get(BASE)
    assert [artifact["tags"][0]["name"] for artifact in found] == ["multi"]
    got = found[0]
    assert (got["type"], "extra_attrs" in got, "artifact_type" in got) == ("IMAGE", False, False)
    assert [reference["child_digest"] for reference in got["references"]] == [one, two]
    assert got["references"][1]["platform"] == {
        "architecture": "arm64",
        "os": "linux",
        "'os.features'": None,
    }
    child = await yard.get(f"{BASE}/{one}")
    assert (child["tags"], got["references"][0]["child_id"]) == (None, child["id"])
    assert got["size"] > child["size"]
    answer = await yard.ask("DELETE", f"{BASE}/{one}")
    assert (answer.status, answer.code) == (412, "PRECONDITION")
    assert await yard.refused("GET", f"{BASE}/multi/additions/build_history") == 400


async def test_what_hangs_on_an_image(yard: Yard) -> None:
    digest = await push_image(yard, "v1")
    await push_referrer(yard, digest, COSIGN)
    await push_referrer(yard, digest, "application/spdx+json")
    got = await yard.get(f"{BASE}/v1")
    assert [one["type"] for one in got["accessories"]] == ["signature.cosign", "subject.accessory"]
    assert got["accessories"][0]["subject_artifact_digest"] == digest
    assert await yard.get(f"{BASE}/v1/accessories") == got["accessories"]
    assert (await yard.get(f"{BASE}?with_accessory=false"))[0]["accessories"] is None
    legacy = f"sha256-{digest.encoded}.sig"
    await yard.push(legacy, "signature")
    found = (await yard.get(f"{BASE}/v1"))["accessories"]
    assert [one["type"] for one in found].count("signature.cosign") == 2


async def test_additions(yard: Yard) -> None:
    await push_image(yard, "v1")
    history = await yard.ask("GET", f"{BASE}/v1/additions/build_history")
    assert history.header("Content-Type") == "application/json; charset=utf-8"
    assert history.json == [
        {"created": "2024-01-01T00:00:00Z", "created_by": "ADD file"},
        {"created_by": "CMD", "empty_layer": True},
    ]
    assert await yard.refused("GET", f"{BASE}/v1/additions/vulnerabilities") == 404
    assert await yard.refused("GET", f"{BASE}/v1/additions/values.yaml") == 400
    files = {"web/Chart.yaml": "name: web", "web/values.yaml": "a: 1", "web/README.md": "# Web"}
    await push_chart(yard, "chart", files)
    got = await yard.get(f"{BASE}/chart")
    assert (got["type"], got["extra_attrs"]["name"]) == ("CHART", "web")
    assert list(got["addition_links"]) == ["values.yaml", "readme.md", "dependencies"]
    values = await yard.ask("GET", f"{BASE}/chart/additions/values.yaml")
    readme = await yard.ask("GET", f"{BASE}/chart/additions/readme.md")
    assert (values.body, readme.body) == (b"a: 1", b"# Web")
    assert readme.header("Content-Type") == "text/markdown; charset=utf-8"
    needs = await yard.get(f"{BASE}/chart/additions/dependencies")
    assert needs == [{"name": "db", "version": "1.0"}]


@pytest.mark.parametrize(
    "query, found",
    [
        ("", ["chart", "v2", "v1"]),
        ("sort=push_time", ["v1", "v2", "chart"]),
        ("sort=nosuch", ["chart", "v2", "v1"]),
        ("page_size=1&page=2", ["v2"]),
        ("q=tags%3Dv1", ["v1"]),
        ("q=tags%3D~v", ["v2", "v1"]),
        ("q=tags%3D*", ["chart", "v2", "v1"]),
        ("q=tags%3Dnil", [None]),
        ("q=type%3DCHART", ["chart"]),
        ("q=type%3DIMAGE,tags%3D*", ["v2", "v1"]),
        ("q=type%3DWASM", []),
        ("q=push_time%3D[2027-01-15 08:00:05~2027-01-15 08:00:15]", ["v2"]),
        ("q=nosuch%3D1&page_size=3", ["chart", "v2", "v1"]),
    ],
)
async def test_artifacts_that_are_asked_for(
    yard: Yard, query: str, found: list[str | None]
) -> None:
    await push_image(yard, "v1", "one")
    await push_image(yard, "v2", "two")
    await push_chart(yard, "chart", {})
    if None in found:
        await push_image(yard, "", "three")
    answer = await yard.ask("GET", f"{BASE}?{quote(query, safe='=&%*~,')}")
    assert answer.status == 200, answer.body
    names = [one["tags"][0]["name"] if one["tags"] else None for one in answer.json]
    assert names == found


async def test_lists_that_there_are_not(yard: Yard) -> None:
    assert await yard.get(BASE) == []
    assert await yard.refused("GET", "/projects/nosuch/repositories/a/artifacts") == 404
    assert await yard.refused("GET", f"{BASE}?q=labels%3D(x)") == 400
    assert await yard.refused("GET", f"{BASE}?page_size=101") == 422
    assert await yard.refused("GET", BASE, who="user") == 403
    answer = await yard.ask("GET", f"{BASE}/nosuch")
    assert (answer.status, answer.message) == (
        404,
        "artifact team/app:nosuch not found: list those that there are",
    )
    assert await yard.refused("GET", f"{BASE}/{quote('no such')}") == 404


async def test_artifacts_of_a_project(yard: Yard) -> None:
    await push_image(yard, "v1", "one")
    await push_image(yard, "v2", "two")
    await push_image(yard, "v1", "one", RepositoryName("team/web"))
    path = f"/projects/{await yard.project_id()}/artifacts"
    found = await yard.ask("GET", path)
    assert found.header("X-Total-Count") == "3"
    latest = await yard.get(f"{path}?latest_in_repository=true")
    assert sorted((one["repository_name"], one["tags"][0]["name"]) for one in latest) == [
        ("team/app", "v2"),
        ("team/web", "v1"),
    ]
    assert await yard.refused("GET", path, who="user") == 403


async def test_an_artifact_is_deleted(yard: Yard) -> None:
    await push_image(yard, "v1")
    assert await yard.refused("DELETE", f"{BASE}/v1", who="developer of the project") == 403
    await yard.do("DELETE", f"{BASE}/v1", who="maintainer of the project")
    assert await yard.refused("DELETE", f"{BASE}/v1") == 404
    await push_image(yard, "v2", "two")
    await yard.doors.house.policies.put("team", "immutability", [{"tag": "v*"}], ALICE)
    assert await yard.refused("DELETE", f"{BASE}/v2") == 412


async def test_labels_on_artifacts(yard: Yard) -> None:
    await push_image(yard, "v1", "one")
    await push_image(yard, "v2", "two")
    place = await yard.make("/labels", {"name": "good", "scope": "g", "color": "#00FF00"})
    number = int(place.rpartition("/")[2])
    developer = "developer of the project"
    await yard.do("POST", f"{BASE}/v1/labels", {"id": number}, who=developer)
    await yard.do("POST", f"{BASE}/v1/labels", {"id": number})
    shown = (await yard.get(f"{BASE}/v1?with_label=true"))["labels"]
    assert [(one["id"], one["name"], one["scope"]) for one in shown] == [(number, "good", "g")]
    assert (await yard.get(f"{BASE}/v1"))["labels"] is None
    marked = await yard.get(f"{BASE}?q=labels%3D({number})&with_label=true")
    assert [one["tags"][0]["name"] for one in marked] == ["v1"]
    guest = "guest of the project"
    assert await yard.refused("POST", f"{BASE}/v2/labels", {"id": number}, who=guest) == 403
    await yard.do("DELETE", f"{BASE}/v1/labels/{number}")
    assert await yard.refused("DELETE", f"{BASE}/v1/labels/{number}") == 404
    assert await yard.refused("POST", f"{BASE}/v1/labels", {"id": 99}) == 404
    body = {"name": "theirs", "scope": "p", "project_id": await yard.project_id("other")}
    theirs = await yard.make("/labels", body)
    number = int(theirs.rpartition("/")[2])
    assert await yard.refused("POST", f"{BASE}/v1/labels", {"id": number}) == 404


async def test_an_artifact_is_copied(yard: Yard) -> None:
    one, two = await push_image(yard, "", "one"), await push_image(yard, "", "two")
    digest = await push_index(yard, "multi", {"amd64": one, "arm64": two})
    await push_referrer(yard, digest, COSIGN)
    target = "/projects/other/repositories/copy/artifacts"
    place = await yard.make(f"{target}?from=team/app:multi", None)
    assert place == f"{target}/multi"
    got = await yard.get(place)
    assert (got["digest"], got["repository_name"]) == (digest, "other/copy")
    assert [reference["child_digest"] for reference in got["references"]] == [one, two]
    assert [accessory["type"] for accessory in got["accessories"]] == ["signature.cosign"]
    assert await yard.make(f"{target}?from=team/app@{digest}", None) == f"{target}/{digest}"
    async with yard.catalog.begin() as tx:
        repository = await tx.repositories.find(COPY)
        assert repository is not None
        assert await tx.tags.page(repository.id, "", 9) == ["multi"]


@pytest.mark.parametrize(
    "source, who, status",
    [
        ("team/app:nosuch", "admin", 404),
        ("team/nosuch:v1", "admin", 404),
        ("app:v1", "admin", 400),
        ("team/app", "admin", 400),
        ("team/app@sha256:1", "admin", 400),
        ("", "admin", 400),
        ("team/app:v1", "maintainer of the project", 403),
    ],
)
async def test_what_cannot_be_copied(yard: Yard, source: str, who: str, status: int) -> None:
    await push_image(yard, "v1")
    path = f"/projects/other/repositories/copy/artifacts?from={source}"
    assert await yard.refused("POST", path, who=who) == status
    nowhere = f"/projects/nosuch/repositories/copy/artifacts?from={source}"
    assert await yard.refused("POST", nowhere, who=who) in (status, 403, 404)


async def test_who_may_not_pull_does_not_copy(yard: Yard) -> None:
    await push_image(yard, "v1", name=RepositoryName("other/app"))
    path = f"{BASE}?from=other/app:v1"
    assert await yard.refused("POST", path, who="developer of the project") == 403


async def test_extracts_change_no_answer(yard: Yard) -> None:
    one = await push_image(yard, "v1", annotations={"a": "b", "module.wasm.image/variant": "x"})
    two = await push_image(yard, "", "two", annotations={"module.wasm.image/variant": "compat"})
    await push_index(yard, "all", {"amd64": one, "arm64": two})
    await push_chart(yard, "chart", {})
    await push_referrer(yard, one, COSIGN)
    pages = [
        f"{BASE}?with_label=true&with_immutable_status=true",
        f"{BASE}/v1",
        f"{BASE}/{two}",
        f"{BASE}/all",
        f"{BASE}/v1/accessories",
        f"{BASE}/all/tags",
    ]
    before = [(await yard.ask("GET", page)).body for page in pages]
    assert await yard.doors.house.extractor.fill() >= 5
    assert [(await yard.ask("GET", page)).body for page in pages] == before
    await push_image(yard, "v1", "three")
    assert before[0] != (await yard.ask("GET", pages[0])).body
