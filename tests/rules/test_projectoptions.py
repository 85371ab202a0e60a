"""Options of a project, kept until somebody enforces them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.rules.projectoptions import (
    CVES_MAX,
    DEFAULTS,
    CveAllowlist,
    ProjectOptions,
    Severity,
    document_of,
    parse,
)


def test_what_is_left_out() -> None:
    assert parse({}) == DEFAULTS == ProjectOptions()


def test_all_that_can_be_said() -> None:
    document = {
        "scan_on_push": True,
        "sbom_on_push": True,
        "prevent_vulnerable": True,
        "severity": "high",
        "require_cosign": True,
        "require_notation": True,
        "reuse_system_cve_allowlist": False,
        "cve_allowlist": {
            "items": ["CVE-2024-3094", "GHSA-jfh8-c2jp-5v3q", "CVE-2024-3094"],
            "expires_at": 1_900_000_000,
        },
        "redirect_blobs": False,
    }
    allowed = CveAllowlist(("CVE-2024-3094", "GHSA-jfh8-c2jp-5v3q"), 1_900_000_000.0)
    assert parse(document) == ProjectOptions(
        True, True, True, Severity.HIGH, True, True, False, allowed, False
    )


@pytest.mark.parametrize(
    "document, told",
    [
        ([], "object"),
        ({"scan": True}, "scan"),
        ({"scan_on_push": "true"}, "scan_on_push"),
        ({"severity": "worst"}, "severity"),
        ({"cve_allowlist": ["CVE-2024-1"]}, "cve_allowlist"),
        ({"cve_allowlist": {"items": [""]}}, "no vulnerability"),
        ({"cve_allowlist": {"items": ["CVE 1"]}}, "no vulnerability"),
        ({"cve_allowlist": {"items": ["C"] * (CVES_MAX + 1)}}, "allow list"),
        ({"cve_allowlist": {"expires_at": -1}}, "expires_at"),
        ({"cve_allowlist": {"expires_at": 1e30}}, "expires_at"),
    ],
)
def test_what_cannot_be_kept(document: object, told: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(document)
    assert caught.value.code is Code.REQUEST_INVALID
    assert told in caught.value.message


@given(
    st.builds(
        ProjectOptions,
        severity=st.sampled_from(Severity),
        scan_on_push=st.booleans(),
        reuse_system_cve_allowlist=st.booleans(),
        cve_allowlist=st.builds(
            CveAllowlist,
            st.lists(st.from_regex(r"\ACVE-[0-9]{4}-[0-9]{4}\Z"), unique=True, max_size=3).map(
                tuple
            ),
            st.none() | st.floats(0, 1e10),
        ),
    )
)
def test_what_is_written_is_read(options: ProjectOptions) -> None:
    assert parse(document_of(options)) == options
