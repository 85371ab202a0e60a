"""Play worlds: random moves, and after each, who has got what by it."""

from collections import Counter
from dataclasses import dataclass, field

from entrepot.oci.errors import Fault
from entrepot.rules.access import Kind

from .moves import MOVES, Done
from .rights import FOUNDED, NOBODY, PUBLIC, View, Who, words
from .world import Town, agrees, settle

MOVES_EACH = 24
"""Tries of one world; most are refused."""
QUESTIONS_EACH = 8

_MOVES = [move for move, _ in MOVES]
_WEIGHTS = [weight for _, weight in MOVES]


@dataclass
class Played:
    """What came of some worlds."""

    worlds: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    escalations: list[str] = field(default_factory=list)


async def play(town: Town, seed: int, played: Played) -> None:
    """Play the world of a seed; the first escalation ends it, as what follows means little."""
    await settle(town, seed)
    rng = town.dice.rng
    view = await town.view()
    played.worlds += 1
    story: list[str] = []
    for _ in range(MOVES_EACH):
        who = rng.choice([*view.rights])
        acting = await town.acting(who)
        if acting is None:
            continue
        move = rng.choices(_MOVES, _WEIGHTS)[0]
        try:
            done = await move(town, view, acting)
        except Fault:
            played.refused[move.__name__] += 1
            continue
        except IndexError:  # there is nothing of that sort to choose from
            continue
        played.done[move.__name__] += 1
        story.append(f"{_shown(who)} {done.words}")
        after = await town.view()
        wrong = judge(who, done, view, after)
        if wrong:
            played.escalations.append(f"seed {seed}: {'; '.join(story)}: {wrong}")
            return
        view = after
    for wrong in await agrees(town, view, QUESTIONS_EACH):
        played.escalations.append(f"seed {seed}: {'; '.join(story)}: {wrong}")


def judge(actor: Who, done: Done, before: View, after: View) -> str:
    """Return who has got what was not the actor's to give, or nothing."""
    # A narrow token has less than nobody where something was granted to everyone.
    held = before.of(actor) | before.anybody
    founder = (actor[0], actor[1], "")
    for who, rights in after.rights.items():
        gained = rights & ~before.of(who)
        if done.founded and who[:2] == founder[:2]:
            gained &= ~FOUNDED[done.founded]
        elif done.public:
            gained &= ~PUBLIC[done.founded]
        if who == actor and gained:
            return f"gained for themselves {words(gained)}"
        if gained & ~held:
            return f"{_shown(who)} has gained {words(gained & ~held)}"
    if done.taken is not None and done.taken != actor:
        beyond = after.of(done.taken) & ~held
        if beyond:
            return f"can be {_shown(done.taken)}, who has {words(beyond)}"
    return ""


def _shown(who: Who) -> str:
    kind, name, credential = who
    if who == NOBODY:
        return "nobody"
    return f"a token of {name}" if kind is Kind.USER and credential else name
