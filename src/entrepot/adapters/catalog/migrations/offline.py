"""A revision's statements for PostgreSQL, as Alembic writes them unconnected."""

from importlib import import_module

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext


class _Buffer:
    """Takes what Alembic writes: one statement at a time."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def write(self, text: str) -> None:
        text = text.strip()
        if text and not text.startswith("--"):
            self.texts.append(text.removesuffix(";"))

    def flush(self) -> None:
        """Nothing is held back."""


def statements(name: str) -> tuple[str, ...]:
    """Return what the revision does, in order."""
    module = import_module(f".versions.rev_{name}", __package__)
    buffer = _Buffer()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": buffer}
    )
    with Operations.context(context):
        module.upgrade()
    return tuple(buffer.texts)
