"""Secrets of robots that somebody thought out, as those they had elsewhere.

Unlike those that the registry makes they can be guessed: they are kept as slow hashes, and guesses
at them are slowed down, as with passwords of people.
"""

from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock, Random
from entrepot.ports.robots import Credential, CredentialKind
from entrepot.ports.secrets import Passwords
from entrepot.rules.credentials import check_chosen, chosen_id
from entrepot.rules.roles import Role

from .auditing import Act
from .authority import Acting, changed
from .robotparts import RobotView, check_holds_all, check_networks, end_secrets, found, view_of
from .verifying import Verifier


class ChosenSecrets:
    """Keeps one such secret of each robot at most, instead of any that was made here."""

    def __init__(
        self, catalog: Catalog, clock: Clock, random: Random, passwords: Passwords
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._passwords = passwords
        self._verifier = Verifier(passwords, clock, random)

    async def put(self, name: str, secret: str, by: Acting) -> RobotView:
        """Make this the robot's secret, and end all others at once.

        `Fault`: NOT_FOUND; REQUEST_INVALID for a weak one; DENIED for who lacks what the robot
        holds.
        """
        wrong = check_chosen(secret, name)
        if wrong is not None:
            raise wrong
        hashed = (await self._passwords.hash(secret)).encode()
        now = self._clock.now()
        made = Credential(
            chosen_id(name), CredentialKind.ROBOT, name, "chosen", hashed, "", (), now, None, None
        )
        async with self._catalog.begin(write=True) as tx:
            robot = await found(tx, name)
            await check_holds_all(tx, name, by.identity)
            check_networks(robot, by.identity)
            await end_secrets(tx, name, now, 0.0)
            await tx.credentials.add(made)
            view = await view_of(tx, robot)
            detail = {"secret": made.id, "chosen": True, "overlap_seconds": 0.0}
            await changed(tx, by, now, Act("robot.rotated", name, robot.project, detail))
        return view

    async def find(self, name: str, secret: str, address: str) -> Credential | None:
        """Return the robot's secret if it is this one, else None.

        `Fault(TOOMANYREQUESTS)` for who guesses. Where there is none, as mostly, nothing is hashed:
        that it is so may be known, the secrets that are made here cannot be guessed.
        """
        async with self._catalog.begin() as tx:
            kept = await tx.credentials.find(chosen_id(name))
        if kept is None or kept.owner != name:
            return None
        # It is looked at as an account's password is; the role says nothing here.
        account = Account(name, Role.USER, kept.hash.decode(), kept.created_at, kept.created_at)
        right = await self._verifier.is_right(name, secret, account, name, address=address)
        return kept if right else None
