"""Broken manifests: a fault that can be told, or what everybody reads."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from tests.oci.documents import DOCUMENTS, raw_of
from tools.fuzz.manifests import MESSAGE_MAX, batch, check_fault, judge, made
from tools.fuzz.mutations import heavy, mutate


def test_a_share_of_the_campaign() -> None:
    outcome = batch(1, 0, 3000)
    assert outcome.failures == []
    assert outcome.counts["admitted"] > 0
    assert outcome.counts["MANIFEST_INVALID"] > 0


@given(DOCUMENTS, st.integers(0, 2**32))
def test_manifests_of_every_shape_then_damaged(document: object, seed: int) -> None:
    chance = random.Random(seed)
    judge(mutate(chance, [raw_of(document)]), "", chance)


@pytest.mark.parametrize("seed", range(40))
def test_as_large_and_as_deep_as_may_be(seed: int) -> None:
    chance = random.Random(seed)
    assert judge(heavy(chance), "", chance) in {"MANIFEST_INVALID", "DIGEST_INVALID", "admitted"}


def test_a_number_makes_the_same_manifest_again() -> None:
    assert made(3, 17)[:2] == made(3, 17)[:2]
    assert made(3, 17)[0] != made(3, 18)[0]


def test_a_fault_that_cannot_be_told_is_found() -> None:
    with pytest.raises(AssertionError, match="characters"):
        check_fault(Fault(Code.MANIFEST_INVALID, "x" * (MESSAGE_MAX + 1)))
    with pytest.raises(UnicodeEncodeError):
        check_fault(Fault(Code.MANIFEST_INVALID, "\ud800"))
