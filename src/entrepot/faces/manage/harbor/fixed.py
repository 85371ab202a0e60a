"""What the file of settings says, under the names that Harbor has for it."""

from entrepot.rules.robots import PREFIX
from entrepot.rules.websessions import IDLE_SECONDS
from entrepot.settings import Ldap, Oidc, Settings

from .configurations import Value

_SCOPES = {"one": 1, "subtree": 2}


def fixed_values(settings: Settings, auth_mode: str) -> dict[str, Value]:
    """Return all values that only the settings change; no secret is among them."""
    return {
        "audit_log_forward_endpoint": settings.audit.syslog,
        "auth_mode": auth_mode,
        "disabled_audit_log_event_types": "",
        "notification_enable": True,
        "primary_auth_mode": False,
        "quota_per_project_enable": True,
        "read_only": settings.storage.read_only,
        "robot_name_prefix": PREFIX,
        "robot_token_duration": -1,
        "scanner_skip_update_pulltime": False,
        "self_registration": False,
        "session_timeout": int(IDLE_SECONDS // 60),
        "skip_audit_log_database": False,
        "token_expiration": max(1, int(settings.auth.token_seconds // 60)),
        **_of_ldap(settings.ldap),
        **_of_oidc(settings.oidc),
    }


WHERE = {
    "audit_log_forward_endpoint": "audit.syslog",
    "auth_mode": "ldap.url and oidc.issuer",
    "read_only": "storage.read_only",
    "storage_per_project": "quota.project_bytes",
    "token_expiration": "auth.token_seconds",
    **dict.fromkeys(("ldap_url", "ldap_verify_cert"), "ldap.url"),
    "ldap_base_dn": "ldap.base",
    "ldap_filter": "ldap.filter",
    "ldap_group_admin_dn": "ldap.admin_group",
    "ldap_group_attribute_name": "ldap.group_name_attribute",
    "ldap_group_base_dn": "ldap.group_base",
    "ldap_group_search_filter": "ldap.group_filter",
    "ldap_scope": "ldap.scope",
    "ldap_search_dn": "ldap.bind_dn",
    "ldap_search_password": "ldap.bind_password",
    "ldap_timeout": "ldap.answer_seconds",
    "ldap_uid": "ldap.name_attribute",
    "oidc_admin_group": "oidc.admin_group",
    "oidc_client_id": "oidc.client_id",
    "oidc_client_secret": "oidc.client_secret",
    "oidc_endpoint": "oidc.issuer",
    "oidc_groups_claim": "oidc.groups_claim",
    "oidc_scope": "oidc.scopes",
    "oidc_user_claim": "oidc.name_claim",
}
"""Which setting fixes a value."""


def _of_ldap(ldap: Ldap) -> dict[str, Value]:
    return {
        "ldap_base_dn": ldap.base,
        "ldap_filter": ldap.filter if ldap.url else "",
        "ldap_group_admin_dn": ldap.admin_group,
        "ldap_group_attach_parallel": False,
        "ldap_group_attribute_name": ldap.group_name_attribute if ldap.url else "",
        "ldap_group_base_dn": ldap.group_base,
        "ldap_group_membership_attribute": "memberof",
        "ldap_group_search_filter": ldap.group_filter if ldap.url else "",
        "ldap_group_search_scope": 2,
        "ldap_scope": _SCOPES.get(ldap.scope, 2),
        "ldap_search_dn": ldap.bind_dn,
        "ldap_timeout": int(ldap.answer_seconds),
        "ldap_uid": ldap.name_attribute if ldap.url else "cn",
        "ldap_url": ldap.url[0] if ldap.url else "",
        "ldap_verify_cert": True,
    }


def _of_oidc(oidc: Oidc) -> dict[str, Value]:
    return {
        "oidc_admin_group": oidc.admin_group,
        "oidc_auto_onboard": bool(oidc.issuer),
        "oidc_client_id": oidc.client_id,
        "oidc_endpoint": oidc.issuer,
        "oidc_extra_redirect_parms": "{}",
        "oidc_group_filter": "",
        "oidc_groups_claim": oidc.groups_claim if oidc.issuer else "",
        "oidc_logout": False,
        "oidc_name": "",
        "oidc_scope": ",".join(("openid", *oidc.scopes)) if oidc.issuer else "",
        "oidc_user_claim": oidc.name_claim if oidc.issuer else "",
        "oidc_verify_cert": True,
    }
