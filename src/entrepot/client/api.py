"""All that is served, by program.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from entrepot.client.transport import Transport

from .made.access import AccessApi
from .made.audit import AuditApi
from .made.configuration import ConfigurationApi
from .made.deliveries import DeliveriesApi
from .made.events import EventsApi
from .made.grants import GrantsApi
from .made.groups import GroupsApi
from .made.history import HistoryApi
from .made.jobs import JobsApi
from .made.keys import KeysApi
from .made.labels import LabelsApi
from .made.policies import PoliciesApi
from .made.projects import ProjectsApi
from .made.quotas import QuotasApi
from .made.remotes import RemotesApi
from .made.replication import ReplicationApi
from .made.repositories import RepositoriesApi
from .made.retention import RetentionApi
from .made.robots import RobotsApi
from .made.roles import RolesApi
from .made.schedules import SchedulesApi
from .made.second_factors import SecondFactorsApi
from .made.settings import SettingsApi
from .made.storage import StorageApi
from .made.tokens import TokensApi
from .made.trash import TrashApi
from .made.users import UsersApi
from .made.webhooks import WebhooksApi
from .made.workloads import WorkloadsApi


class Client:
    """The API of one server, by its parts."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.access = AccessApi(transport)
        self.audit = AuditApi(transport)
        self.configuration = ConfigurationApi(transport)
        self.deliveries = DeliveriesApi(transport)
        self.events = EventsApi(transport)
        self.grants = GrantsApi(transport)
        self.groups = GroupsApi(transport)
        self.history = HistoryApi(transport)
        self.jobs = JobsApi(transport)
        self.keys = KeysApi(transport)
        self.labels = LabelsApi(transport)
        self.policies = PoliciesApi(transport)
        self.projects = ProjectsApi(transport)
        self.quotas = QuotasApi(transport)
        self.remotes = RemotesApi(transport)
        self.replication = ReplicationApi(transport)
        self.repositories = RepositoriesApi(transport)
        self.retention = RetentionApi(transport)
        self.robots = RobotsApi(transport)
        self.roles = RolesApi(transport)
        self.schedules = SchedulesApi(transport)
        self.second_factors = SecondFactorsApi(transport)
        self.settings = SettingsApi(transport)
        self.storage = StorageApi(transport)
        self.tokens = TokensApi(transport)
        self.trash = TrashApi(transport)
        self.users = UsersApi(transport)
        self.webhooks = WebhooksApi(transport)
        self.workloads = WorkloadsApi(transport)
