"""Permissions are known by names that never change."""

import re

from entrepot.rules.permissions import Level, Permission, known, permission


def test_names_are_resource_and_action_and_each_is_told() -> None:
    for one in Permission:
        assert re.fullmatch(r"[a-z]+\.[a-z]+", one.value)
        assert one.about[0].islower()
        assert not one.about.endswith(".")


def test_names_that_robots_and_roles_are_written_with() -> None:
    """Rows hold them: one that is renamed is lost to all who have it."""
    assert {one.value for one in Permission if one.level is Level.REPOSITORY} == {
        "repository.pull",
        "repository.push",
        "repository.delete",
        "repository.list",
        "history.read",
        "history.rollback",
        "trash.read",
        "trash.restore",
        "trash.purge",
        "repository.update",
        "label.mark",
    }
    assert {one.value for one in Permission if one.level is Level.PROJECT} == {
        "project.read",
        "project.update",
        "project.delete",
        "grant.read",
        "grant.manage",
        "robot.read",
        "robot.manage",
        "policy.read",
        "policy.manage",
        "label.manage",
        "webhook.read",
        "webhook.manage",
        "quota.read",
        "audit.read",
    }
    assert {one.value for one in Permission if one.level is Level.REGISTRY} == {
        "catalog.list",
        "project.create",
        "user.read",
        "user.manage",
        "role.manage",
        "site.manage",
        "replication.manage",
        "remote.manage",
        "workload.manage",
        "quota.manage",
        "job.read",
        "job.manage",
        "key.manage",
        "access.explain",
    }


def test_by_name() -> None:
    assert permission("repository.pull") is Permission.PULL
    assert permission("repository.fly") is None
    assert known(["repository.pull", "repository.fly"]) == {Permission.PULL}
    assert Permission.PULL.level is Level.REPOSITORY
