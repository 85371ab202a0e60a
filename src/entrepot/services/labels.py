"""Labels of projects and of the registry, and what they are on."""

from collections.abc import Sequence
from dataclasses import replace

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.labels import Label, Mark
from entrepot.rules.labels import LabelText, check_label

from .auditing import Act, record
from .context import Caller

EVERYWHERE = ""
"""The project of labels of the whole registry."""
LABELS_MAX = 1000
"""Most labels of one project, and of the whole registry: a list of them is never paged."""
MARKS_MAX = 64
"""Most labels on one artifact."""
STEP = 256
"""Marks that go in one transaction."""
PAGE_MAX = 1000


class LabelService:
    """Keeps labels. The caller has checked rights."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def create(self, project: str, text: LabelText, caller: Caller) -> Label:
        """Make a label of a project, or `EVERYWHERE`.

        `Fault`: REQUEST_INVALID, NOT_FOUND for the project, CONFLICT for a name that is taken,
        DENIED for too many.
        """
        _check(text)
        now = self._clock.now()
        label = Label(0, project, text.name, text.description, text.color, now, now)
        async with self._catalog.begin(write=True) as tx:
            if project != EVERYWHERE and await tx.projects.find(project) is None:
                raise Fault(
                    Code.NOT_FOUND,
                    f"there is no project {project[:64]!a}: list them, or make it first",
                    {"project": project[:64]},
                )
            if len(await tx.labels.of(project, LABELS_MAX)) >= LABELS_MAX:
                raise Fault(
                    Code.DENIED, f"there are {LABELS_MAX} labels already: remove one of them first"
                )
            label_id = await tx.labels.add(label)
            if label_id is None:
                raise _taken(text.name)
            label = replace(label, id=label_id)
            await record(tx, caller, now, _act("label.created", label))
        return label

    async def change(
        self,
        label_id: int,
        caller: Caller,
        *,
        name: str | None = None,
        description: str | None = None,
        color: str | None = None,
    ) -> Label:
        """Change what is given; `Fault`: NOT_FOUND, REQUEST_INVALID, CONFLICT."""
        async with self._catalog.begin(write=True) as tx:
            before = await _found(tx, label_id)
            text = LabelText(
                before.name if name is None else name,
                before.description if description is None else description,
                before.color if color is None else color,
            )
            _check(text)
            after = replace(before, name=text.name, description=text.description, color=text.color)
            if after == before:
                return before
            if after.name != before.name:
                labels = await tx.labels.of(before.project, LABELS_MAX)
                if any(one.name == after.name for one in labels):
                    raise _taken(after.name)
            after = replace(after, changed_at=self._clock.now())
            await tx.labels.change(after)
            await record(tx, caller, after.changed_at, _act("label.changed", after))
        return after

    async def remove(self, label_id: int, caller: Caller) -> None:
        """Remove a label from wherever it is; `Fault(NOT_FOUND)`.

        In bounded steps: cut off in between it is still there, on fewer artifacts, and goes when
        somebody asks again.
        """
        while True:
            async with self._catalog.begin(write=True) as tx:
                label = await _found(tx, label_id)
                if await tx.marks.clear(label_id, STEP) < STEP:
                    await tx.labels.remove(label_id)
                    await record(tx, caller, self._clock.now(), _act("label.removed", label))
                    return
            await self._clock.sleep(0)

    async def find(self, label_id: int, project: str | None = None) -> Label:
        """Return a label; `Fault(NOT_FOUND)` too if it is another project's than the one named."""
        async with self._catalog.begin() as tx:
            label = await _found(tx, label_id)
        if project not in (None, label.project):
            raise _no_label(label_id)
        return label

    async def of(self, project: str, part: str = "") -> list[Label]:
        """Return the labels of a project or `EVERYWHERE`, by name: those with `part` in theirs.

        Case does not matter. They are at most `LABELS_MAX`.
        """
        async with self._catalog.begin() as tx:
            found = await tx.labels.of(project, LABELS_MAX)
        wanted = part.casefold()
        return [label for label in found if wanted in label.name.casefold()]

    async def mark(self, label_id: int, mark: Mark, caller: Caller) -> bool:
        """Put a label on an artifact; False where it was.

        `Fault`: NOT_FOUND for the label, or one of another project; MANIFEST_UNKNOWN; DENIED for
        too many.
        """
        async with self._catalog.begin(write=True) as tx:
            label = await _usable(tx, label_id, mark.repository)
            await _check_there(tx, mark)
            here = (await tx.marks.of(mark.repository, [mark.digest])).get(mark.digest, [])
            if label in here:
                return False
            if len(here) >= MARKS_MAX:
                raise Fault(
                    Code.DENIED,
                    f"{mark.digest} has {MARKS_MAX} labels already: take one of them away first",
                )
            await tx.marks.add(label_id, mark)
            await record(tx, caller, self._clock.now(), _mark_act("label.marked", label, mark))
        return True

    async def unmark(self, label_id: int, mark: Mark, caller: Caller) -> bool:
        """Take a label from an artifact; False where it was not. `Fault(NOT_FOUND)`."""
        async with self._catalog.begin(write=True) as tx:
            label = await _usable(tx, label_id, mark.repository)
            if not await tx.marks.remove(label_id, mark):
                return False
            await record(tx, caller, self._clock.now(), _mark_act("label.unmarked", label, mark))
        return True

    async def marks(
        self, repository: RepositoryName, digests: Sequence[Digest]
    ) -> dict[Digest, list[Label]]:
        """Return the labels of those manifests of a repository that have any, by name.

        At most `PAGE_MAX` digests, ValueError for more; a hundred take one query.
        """
        if len(digests) > PAGE_MAX:
            raise ValueError(f"{len(digests)} digests at once, of {PAGE_MAX} at most")
        async with self._catalog.begin() as tx:
            return await tx.marks.of(repository, digests)

    async def artifacts(self, label_id: int, after: Mark | None, limit: int) -> list[Mark]:
        """Return where a label is, by repository and digest; `Fault(NOT_FOUND)`.

        Manifests in the trash are among them.
        """
        async with self._catalog.begin() as tx:
            await _found(tx, label_id)
            return await tx.marks.page(label_id, after, min(limit, PAGE_MAX + 1))


def _check(text: LabelText) -> None:
    wrong = check_label(text)
    if wrong is not None:
        raise wrong


async def _found(tx: Tx, label_id: int) -> Label:
    label = await tx.labels.find(label_id)
    if label is None:
        raise _no_label(label_id)
    return label


async def _usable(tx: Tx, label_id: int, repository: RepositoryName) -> Label:
    """Return a label that artifacts of the repository can have."""
    label = await tx.labels.find(label_id)
    # Whether another project has a label of that id is none of their business.
    if label is None or label.project not in (EVERYWHERE, repository.project):
        raise _no_label(label_id)
    return label


async def _check_there(tx: Tx, mark: Mark) -> None:
    repository = await tx.repositories.find(mark.repository)
    if repository is None or await tx.manifests.find(repository.id, mark.digest) is None:
        raise Fault(
            Code.MANIFEST_UNKNOWN,
            f"there is no manifest {mark.digest} in {mark.repository.wire}: list its tags",
            {"name": mark.repository.wire, "digest": mark.digest},
        )


def _no_label(label_id: int) -> Fault:
    return Fault(
        Code.NOT_FOUND,
        f"there is no label {label_id} here: list labels, which shows their ids",
        {"label": label_id},
    )


def _taken(name: str) -> Fault:
    return Fault(
        Code.CONFLICT, f"there is a label {name!a} already: use it, or another name", {"name": name}
    )


def _act(operation: str, label: Label) -> Act:
    detail = {"id": label.id, "color": label.color}
    return Act(operation, label.name, label.project, detail)


def _mark_act(operation: str, label: Label, mark: Mark) -> Act:
    detail = {"id": label.id, "label": label.name}
    resource = f"{mark.repository.wire}@{mark.digest}"
    return Act(operation, resource, mark.repository.project, detail)
