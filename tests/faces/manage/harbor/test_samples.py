"""What was recorded from a running Harbor is answered alike."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from entrepot.oci.name import RepositoryName
from entrepot.ports.notes import OF_USER
from entrepot.rules.roles import Role
from entrepot.services.context import Caller
from tests.faces.manage.harbor.yard import Yard, open_yard
from tests.faces.registry.client import Answer, call
from tests.services.house import image

SAMPLES = Path(__file__).parent / "samples" / "harbor.jsonl"
PROJECTS = 45
"""As many as there were, five of them public."""

OURS = {
    "cache-control": "nothing of management is for caches",
    "x-harbor-csrf-token": "told to who has not logged in too",
}
"""Headers that only we send."""
THEIRS: dict[str, str] = {}
"""Headers that only Harbor sends; `Set-Cookie` of `sid` with every answer was not recorded."""
KNOWN = {
    "GET /api/v2.0/audit-logs?page_size=1: headers ['link'] too many, [] missing": (
        "Harbor's old log was empty; ours is the same as the new one"
    ),
}
"""What is otherwise, and why."""
PULL = {
    "kind": "project",
    "namespace": "library",
    "access": [{"resource": "repository", "action": "pull"}],
}
PASSWORDS = {
    "Aa123456": "Purple4lanterns",
    "Harbor12345": "Purple4lanterns",
}
"""Those of the recording are among the first that are tried, and refused by us."""


class Sample(msgspec.Struct):
    """A request, and what Harbor answered."""

    ask: str
    status: int
    headers: dict[str, str]
    user: str = ""
    send: dict[str, str] = {}
    body: str | None = None
    answer: Any = None
    cut: bool = False


def samples() -> list[Sample]:
    lines = SAMPLES.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Sample) for line in lines]


async def test_answers_are_alike() -> None:
    wrong: list[str] = []
    async with open_yard() as yard:
        await _set_up(yard)
        for sample in samples():
            answer = await _ask(yard, sample)
            wrong += [f"{sample.ask}: {one}" for one in _differences(sample, answer)]
    assert sorted(set(wrong) - set(KNOWN)) == [], "\n".join(wrong)
    assert set(KNOWN) <= set(wrong), "it is alike by now"


def test_differences_are_found() -> None:
    sample = Sample(
        "GET /x", 200, {"Link": "<a>"}, answer={"a": [{"b": 1, "c": None}], "d": "2026"}
    )
    body = b'{"a":[{"b":"1","c":null}],"e":1}'
    answer = Answer(201, (("Content-Type", "application/json"),), body)
    assert list(_differences(sample, answer)) == [
        "status 201, not 200",
        "headers ['content-type'] too many, ['link'] missing",
        "$ has ['e'] too many, ['d'] missing",
        "$.a[0].b is str, not int",
    ]


async def _set_up(yard: Yard) -> None:
    """Let there be what there was when it was recorded."""
    house = yard.doors.house
    parts = house.management.tenancy.parts
    await house.accounts.add("admin", PASSWORDS["Harbor12345"], Role.ADMIN)
    await parts.people.profiles.put("admin", "", "system admin", by=None, caller=Caller("admin"))
    await parts.notes.put(OF_USER, "admin", "admin user")
    login = _login("admin:Harbor12345")
    names = ["conformance", *(f"project-{number:02}" for number in range(PROJECTS - 4))]
    public = {"project-00", "project-01", "project-02", "project-03"}
    await _make(yard, "library", login, is_public=True)
    for name in names:
        # One of them is somebody else's.
        whose = login if name != "project-40" else yard.doors.visitors["user"].headers
        await _make(yard, name, whose, is_public=name in public)
    robot = {"name": "z", "level": "system", "duration": -1, "permissions": [PULL]}
    made = await yard.ask("POST", "/robots", robot, who="anonymous", headers=login)
    assert made.status == 201
    await yard.push("test", name=RepositoryName("library/image"), raw=await _image(yard))


async def _make(yard: Yard, name: str, login: dict[str, str], *, is_public: bool) -> None:
    body = {"project_name": name, "public": is_public}
    await yard.make("/projects", body, who="anonymous", headers=login)


async def _image(yard: Yard) -> bytes:
    await yard.add_blob(b"{}", RepositoryName("library/image"))
    return image([])


def _login(user: str) -> dict[str, str]:
    name, _, password = user.partition(":")
    shown = f"{name}:{PASSWORDS.get(password, password)}"
    return {"Authorization": f"Basic {base64.b64encode(shown.encode()).decode()}"}


async def _ask(yard: Yard, sample: Sample) -> Answer:
    method, _, path = sample.ask.partition(" ")
    headers = {**sample.send, **(_login(sample.user) if sample.user else {})}
    text = sample.body or ""
    for theirs, ours in PASSWORDS.items():
        text = text.replace(theirs, ours)
    return await call(yard.app, method, path, headers, text.encode())


def _differences(sample: Sample, answer: Answer) -> Any:
    if answer.status != sample.status:
        yield f"status {answer.status}, not {sample.status}"
    ours = {key.lower() for key, _ in answer.headers} - set(OURS) - {"content-length"}
    theirs = {key.lower() for key in sample.headers} - set(THEIRS)
    if ours != theirs:
        yield f"headers {sorted(ours - theirs)} too many, {sorted(theirs - ours)} missing"
    given = (answer.header("content-type") or "").partition(";")[0]
    wanted = sample.headers.get("content-type", given).partition(";")[0]
    if given != wanted:
        yield f"content-type {given}, not {wanted}"
    if sample.answer is None or sample.cut:
        return
    if isinstance(sample.answer, str):
        if answer.body.decode() != sample.answer:
            yield f"{answer.body!r}"
        return
    if answer.status >= 400 and answer.code != sample.answer["errors"][0]["code"]:
        yield f"code {answer.code}"
    yield from _shapes(sample.answer, answer.json, "$")


def _shapes(theirs: Any, ours: Any, place: str) -> Any:
    """Yield where keys or types are others; an empty list says nothing of its entries."""
    if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
        if set(theirs) != set(ours):
            more, less = sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours))
            yield f"{place} has {more} too many, {less} missing"
        for key in theirs:
            if key in ours:
                yield from _shapes(theirs[key], ours[key], f"{place}.{key}")
    elif isinstance(theirs, list) and isinstance(ours, list):
        if theirs:
            for at, one in enumerate(ours):
                yield from _shapes(theirs[0], one, f"{place}[{at}]")
    elif type(theirs) is not type(ours):
        yield f"{place} is {type(ours).__name__}, not {type(theirs).__name__}"
