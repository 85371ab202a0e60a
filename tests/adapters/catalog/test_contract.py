"""The contract suite, on every database."""

from tests.adapters.catalog import (
    contract,
    contract_artifacts,
    contract_audit,
    contract_blobs,
    contract_collection,
    contract_extracts,
    contract_factors,
    contract_history,
    contract_jobs,
    contract_keys,
    contract_ledgers,
    contract_listing,
    contract_transactions,
    contract_trash,
)


class TestRepositories(contract.Repositories): ...


class TestManifests(contract.Manifests): ...


class TestTags(contract.Tags): ...


class TestUploadsAndEvents(contract.UploadsAndEvents): ...


class TestAccounts(contract.Accounts): ...


class TestBlobs(contract_blobs.Blobs): ...


class TestCollection(contract_collection.Collection): ...


class TestInspection(contract_blobs.Inspection): ...


class TestArtifacts(contract_artifacts.Artifacts): ...


class TestAudit(contract_audit.Audit): ...


class TestLedgers(contract_ledgers.Ledgers): ...


class TestPolicies(contract_ledgers.Policies): ...


class TestPulls(contract_ledgers.Pulls): ...


class TestFactors(contract_factors.Factors): ...


class TestSessions(contract_factors.Sessions): ...


class TestHistory(contract_history.History): ...


class TestJobs(contract_jobs.Jobs): ...


class TestJobLines(contract_jobs.JobLines): ...


class TestSchedules(contract_jobs.Schedules): ...


class TestTransactions(contract_transactions.Transactions): ...


class TestIsolation(contract_transactions.Isolation): ...


class TestCancelling(contract_transactions.Cancelling): ...


class TestTrash(contract_trash.Trash): ...


class TestPages(contract_trash.Pages): ...


class TestSigningKeys(contract_keys.SigningKeys): ...


class TestSealedSecrets(contract_keys.SealedSecrets): ...


class TestArtifactLists(contract_listing.ArtifactLists): ...


class TestExtractRows(contract_extracts.ExtractRows): ...


class TestTagLists(contract_listing.TagLists): ...


class TestOtherLists(contract_listing.OtherLists): ...
