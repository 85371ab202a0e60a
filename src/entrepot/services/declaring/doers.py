"""Who makes, changes and removes each kind of item: the usual services."""

from collections.abc import Mapping
from typing import Protocol

from entrepot.oci.errors import Code, Fault
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.rules.declaring.difference import Step, Verb
from entrepot.rules.declaring.items import Item, Kind, Member, member_of
from entrepot.rules.quota import Limit
from entrepot.services.authority import Acting
from entrepot.services.grants import GrantService, Wanted
from entrepot.services.groups import GroupService
from entrepot.services.policies import PolicyService
from entrepot.services.projects import ProjectService
from entrepot.services.quotas import QuotaService
from entrepot.services.roles import RoleService

PAGE = 100


class Doer(Protocol):
    """Does steps with items of one kind."""

    async def do(self, step: Step, by: Acting) -> None:
        """Do it; raises `Fault` as the service does that it goes through."""
        ...


Doers = Mapping[Kind, Doer]


class ProjectDoer:
    """Projects, with their limit of storage."""

    def __init__(self, projects: ProjectService, quotas: QuotaService) -> None:
        self._projects = projects
        self._quotas = quotas

    async def do(self, step: Step, by: Acting) -> None:
        name, fields = step.item.name, step.fields
        if step.verb is Verb.REMOVE:
            await self._projects.remove(name, by)
            return
        networks = tuple(fields["networks"]) if "networks" in fields else None
        if step.verb is Verb.ADD:
            public = bool(fields.get("public"))
            await self._projects.create(name, by, public=public, networks=networks or ())
        elif "public" in fields or networks is not None:
            await self._projects.change(name, by, public=fields.get("public"), networks=networks)
        if "storage_limit" in fields:
            # What a file does not say of manifests stays.
            before = await self._quotas.find(KIND_PROJECT, name)
            limit = Limit(fields["storage_limit"], before.limit_manifests)
            await self._quotas.set_limits(KIND_PROJECT, name, limit, by.caller)


class PolicyDoer:
    """Policies of projects."""

    def __init__(self, policies: PolicyService) -> None:
        self._policies = policies

    async def do(self, step: Step, by: Acting) -> None:
        project, kind = step.item.project, step.item.name
        if step.verb is Verb.REMOVE:
            await self._policies.remove(project, kind, by.caller)
        else:
            await self._policies.put(project, kind, step.fields["document"], by.caller)


class MemberDoer:
    """Grants in projects."""

    def __init__(self, grants: GrantService) -> None:
        self._grants = grants

    async def do(self, step: Step, by: Acting) -> None:
        member = member_of(step.item)
        if step.verb is not Verb.ADD:
            await self._take(step.item, member, by)
        if step.verb is not Verb.REMOVE:
            permissions = tuple(step.fields.get("permissions", ()))
            wanted = Wanted(member.kind, member.name, member.scope, member.role, permissions)
            await self._grants.give(wanted, by)

    async def _take(self, item: Item, member: Member, by: Acting) -> None:
        found = await self._grants.of(member.kind, member.name)
        for row in found:
            if (row.scope, row.role) == (member.scope, member.role):
                await self._grants.take(row.id, by)
                return
        raise Fault(Code.NOT_FOUND, f"{item.name} is not there any more: plan again")


class RoleDoer:
    """Custom roles."""

    def __init__(self, roles: RoleService) -> None:
        self._roles = roles

    async def do(self, step: Step, by: Acting) -> None:
        name = step.item.name
        if step.verb is Verb.REMOVE:
            await self._roles.remove(name, by)
            return
        fields = step.fields
        if step.verb is Verb.CHANGE:
            before = await self._roles.find(name)
            fields = {
                "permissions": before.permissions,
                "description": before.description,
                **fields,
            }
        permissions, description = tuple(fields["permissions"]), fields.get("description", "")
        await self._roles.put(name, permissions, description, by)


class GroupDoer:
    """Groups and those of their members that administrators name."""

    def __init__(self, groups: GroupService) -> None:
        self._groups = groups

    async def do(self, step: Step, by: Acting) -> None:
        name, fields = step.item.name, step.fields
        if step.verb is Verb.REMOVE:
            await self._groups.remove(name, by)
            return
        if step.verb is Verb.ADD:
            await self._groups.make(name, fields.get("description", ""), by)
        elif "description" in fields:
            await self._groups.describe(name, fields["description"], by)
        for change in step.changes:
            if change.field == "members":
                await self._enter(name, set(change.before or ()), set(change.after), by)

    async def _enter(self, name: str, before: set[str], after: set[str], by: Acting) -> None:
        for user in sorted(after - before):
            await self._groups.enter(name, user, by)
        for user in sorted(before - after):
            await self._groups.leave(name, user, by)
