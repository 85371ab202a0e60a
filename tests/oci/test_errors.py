from entrepot.oci.errors import Code, Fault

# distribution-spec, "Error Codes".
SPECIFIED = {
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "SIZE_INVALID",
    "UNAUTHORIZED",
    "DENIED",
    "UNSUPPORTED",
    "TOOMANYREQUESTS",
}


def test_every_specified_code_is_there() -> None:
    assert set(Code) >= SPECIFIED


def test_a_code_is_its_name() -> None:
    assert all(code.name == code.value == str(code) for code in Code)


def test_a_fault_says_what_it_is() -> None:
    fault = Fault(Code.DENIED, "not yours", {"name": "x"})
    assert (fault.code, fault.message, fault.detail) == (Code.DENIED, "not yours", {"name": "x"})
    assert str(fault) == "not yours"
    assert repr(fault) == "Fault(DENIED, 'not yours')"
    assert Fault(Code.DENIED, "not yours").detail is None
