"""The commands of `entrepot --help`, by what they are for."""

import click

from .messages import _

SECTIONS = (
    (
        _("The server"),
        ("serve", "health", "setting", "job", "schedule", "gc", "scrub", "tier", "key", "secret"),
    ),
    (
        _("Images and tags"),
        ("repo", "history", "resolve", "diff", "rollback", "trash", "cost", "label"),
    ),
    (_("Projects and their rules"), ("project", "policy", "retention", "quota")),
    (
        _("Who may do what"),
        (
            *("user", "group", "robot", "token", "workload", "role", "grant"),
            *("explain", "whoami", "login", "logout", "audit"),
        ),
    ),
    (
        _("Set-up as a file, and other systems"),
        ("export", "plan", "apply", "client-setup", "webhook", "events", "remote", "replication"),
    ),
    (
        _("Backup, repair and moving"),
        (
            *("backup", "restore", "fsck", "rebuild"),
            *("migrate-storage", "migrate-catalog", "catalog", "bundle"),
        ),
    ),
    (_("This program"), ("completion", "bench", "conformance")),
)
"""Headings, and the commands below them; each command stands below one."""


class Sections(click.Group):
    """A group whose help has its commands in sections."""

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by sections, in columns of one width."""
        longest = max(len(name) for name in self.commands)
        limit = formatter.width - 6 - longest
        for heading, names in SECTIONS:
            rows = [
                (name.ljust(longest), self.commands[name].get_short_help_str(limit))
                for name in names
                if name in self.commands
            ]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)
