"""Who else knows people and machines: directory, provider, issuers."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from entrepot.adapters.logging import Log
from entrepot.adapters.oidc import LateIssuers, Site
from entrepot.faces.manage.sso import CALLBACK
from entrepot.ports.federation import OidcProvider
from entrepot.ports.identity import Directory, Source, SourceFailed
from entrepot.rules.federation.people import OidcRules
from entrepot.services.people import PeopleService
from entrepot.services.sso import SsoService, SsoTerms
from entrepot.services.welcoming import Welcomer
from entrepot.services.workloads import WorkloadService
from entrepot.settings import Oidc, Settings, SettingsError, Workloads, issuer_and_file
from entrepot.wiring.gate import Sources
from entrepot.wiring.outside import Outside

SECRET_MAX_BYTES = 4096


class _Checked(Protocol):
    async def check(self) -> None: ...


async def open_sources(
    settings: Settings, outside: Outside, log: Log, stack: contextlib.AsyncExitStack
) -> Outside:
    """Return `outside` with the sources that are configured; `stack` closes them.

    A source that is down now is logged, and asked again as people come. Raises `SettingsError` for
    files that cannot be used.
    """
    issuers = LateIssuers(_sites(settings.workloads))
    stack.push_async_callback(issuers.close)
    admins = {Source.LDAP: settings.ldap.admin_group, Source.OIDC: settings.oidc.admin_group}
    welcomer = Welcomer(
        outside.catalog,
        outside.clock,
        admins_of=frozenset(source for source, group in admins.items() if group),
    )
    sources = Sources(
        people=await _people(settings, outside, welcomer, log, stack),
        workloads=WorkloadService(outside.catalog, issuers, outside.clock, log),
        sso=await _sso(settings, outside, welcomer, log, stack),
        # What the helper of docker asks for: the name by which clients know the registry.
        audience=urlsplit(settings.server.public_url).netloc or settings.auth.service,
    )
    return replace(outside, sources=sources)


def _sites(workloads: Workloads) -> list[Site]:
    authorities = dict(map(issuer_and_file, workloads.ca))
    keys = dict(map(issuer_and_file, workloads.keys))
    for key, files in (("ca", authorities), ("keys", keys)):
        for file in files.values():
            if not Path(file).is_file():
                raise SettingsError(
                    f"workloads.{key}: {file} is no file: write it, or name another"
                )
    return [
        Site(
            issuer,
            Path(authorities[issuer]) if issuer in authorities else None,
            Path(keys[issuer]) if issuer in keys else None,
        )
        for issuer in {**authorities, **keys}
    ]


async def _people(
    settings: Settings,
    outside: Outside,
    welcomer: Welcomer,
    log: Log,
    stack: contextlib.AsyncExitStack,
) -> PeopleService | None:
    if not settings.ldap.url:
        return None

    def report(line: str) -> None:
        log.warning("directory", line=line)

    try:
        # In a thread: most of a second, in which others are to be served.
        directory = await asyncio.to_thread(_directory, settings, report)
    except SourceFailed as error:
        raise SettingsError(str(error)) from error
    stack.push_async_callback(directory.close)
    _check_soon(directory, "directory", log, stack)
    ldap = settings.ldap
    return PeopleService(
        outside.catalog,
        outside.clock,
        directory=directory,
        welcomer=welcomer,
        log=log,
        looks_up=bool(ldap.bind_dn) or not ldap.bind_template,
    )


async def _sso(
    settings: Settings,
    outside: Outside,
    welcomer: Welcomer,
    log: Log,
    stack: contextlib.AsyncExitStack,
) -> SsoService | None:
    oidc = settings.oidc
    if not oidc.issuer or outside.sealer is None:
        return None
    rules = OidcRules(
        oidc.name_claim,
        oidc.display_claim,
        oidc.groups_claim,
        oidc.admin_group,
        oidc.allowed_groups,
        oidc.email_domains,
        oidc.kept_groups,
        oidc.email_proved,
    )
    try:
        provider = await asyncio.to_thread(_provider, oidc, rules, outside)
    except SourceFailed as error:
        raise SettingsError(f"oidc.ca: {error}") from error
    stack.push_async_callback(provider.close)
    _check_soon(provider, "identity provider", log, stack)
    return SsoService(
        outside.clock,
        outside.random,
        provider=provider,
        sealer=outside.sealer,
        welcomer=welcomer,
        terms=SsoTerms(rules, settings.server.public_url.rstrip("/") + CALLBACK),
        log=log,
    )


def _directory(settings: Settings, report: Callable[[str], None]) -> Directory:
    from entrepot.adapters.ldap import LdapDirectory

    return LdapDirectory(settings.ldap, report)


def _provider(oidc: Oidc, rules: OidcRules, outside: Outside) -> OidcProvider:
    from entrepot.adapters.oidc.provider import Client, HttpOidcProvider

    client = Client(
        oidc.issuer,
        oidc.client_id,
        _secret(oidc),
        oidc.scopes,
        rules.wanted,
        oidc.client_auth,
        Path(oidc.ca) if oidc.ca else None,
    )
    return HttpOidcProvider(client, outside.clock)


def _secret(oidc: Oidc) -> str:
    if not oidc.client_secret_file:
        return oidc.client_secret
    path = Path(oidc.client_secret_file)
    try:
        with path.open("rb") as stream:
            data = stream.read(SECRET_MAX_BYTES + 1)
        text = data.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        # Without what it was raised from, which may hold the text.
        raise SettingsError(f"oidc.client_secret_file: {path}: {reason}") from None
    if not text or len(data) > SECRET_MAX_BYTES:
        raise SettingsError(
            f"oidc.client_secret_file: {path} must hold the secret, of up to {SECRET_MAX_BYTES} "
            "bytes"
        )
    return text


def _check_soon(source: _Checked, what: str, log: Log, stack: contextlib.AsyncExitStack) -> None:
    """Ask it beside the start, and say what is wrong: the registry serves without it."""

    async def look() -> None:
        try:
            await source.check()
        except SourceFailed as error:
            log.warning("source of identities cannot be asked now", source=what, reason=str(error))
        else:
            log.info("source of identities answers", source=what)

    stack.callback(asyncio.ensure_future(look()).cancel)
