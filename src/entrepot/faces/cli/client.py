"""The server that a command speaks to, and what is raised when it cannot be done."""

from entrepot.client.errors import ClientError
from entrepot.client.transport import NOT_OURS, Transport

Client = Transport
CommandError = ClientError
"""The command cannot be done; the message says why and what to do."""

__all__ = ["NOT_OURS", "Client", "CommandError"]
