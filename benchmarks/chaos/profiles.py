"""What a run is made of: how much load, which blows how often, which settings, and what must then hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .outside import CALM, Temper

# much shorter than production's 30, 15 and 45 s, so that a minute holds many recoveries
QUICK: Mapping[str, float] = {
    "lease_seconds": 4.0,
    "leader_seconds": 3.0,
    "reconcile_seconds": 1.0,
    "turn_seconds": 20.0,
    "model_seconds": 3.0,
    "stop_seconds": 15.0,
    "worker_threads": 16,
    "log_level": "WARNING",  # type: ignore[dict-item]  # the only word among numbers
}


@dataclass(frozen=True)
class Profile:
    """`blows` are seconds between two blows of a kind, in the mean. `recovery` and `pickup` are the most seconds until
    a killed worker's turn is taken again, and until a message is first thought about; None: only reported."""

    blows: Mapping[str, float] = field(default_factory=dict)
    rate: float = 12.0
    chats: int = 200
    workers: int = 3
    webs: int = 1
    grouping: tuple[int, ...] = (0, 1)
    temper: Temper = CALM
    settings: Mapping[str, float] = field(default_factory=lambda: QUICK)
    duplicates: float = 0.1
    shuffled: float = 0.05
    frozen: tuple[float, float] = (1.0, 4.0)
    recovery: float | None = None
    pickup: float | None = None
    unconfirmed: int | None = None
    refused: int | None = None


ALL = {
    "worker kill": 1.4,
    "worker freeze": 5.0,
    "leader kill": 15.0,
    "web kill": 15.0,
    "postgres kill": 13.0,
    "redis kill": 14.0,
    "redis flush": 10.0,
    "redis pause": 20.0,
    "reset postgres": 9.0,
    "reset redis": 15.0,
    "reset provider": 9.0,
    "reset model": 15.0,
    "hole postgres": 20.0,
    "hole provider": 20.0,
    "takeover": 0.8,
    "person": 4.0,
}

PROFILES: dict[str, Profile] = {
    "all": Profile(ALL, temper=Temper()),
    "calm": Profile(),
    "workers": Profile({"worker kill": 1.2}, temper=Temper()),
    "freeze": Profile({"worker freeze": 1.0}, frozen=(5.0, 8.0), workers=4),
    "people": Profile(
        {"takeover": 0.15, "person": 1.0},
        chats=40,
        temper=Temper(error=0.25, send_seconds=(0.1, 0.9), think_seconds=(0.2, 1.5)),
    ),
    "answers": Profile(temper=Temper(error=0.15, limited=0.02, lost=0.15, hang=0.02)),
    "servers": Profile({"postgres kill": 6.0, "redis kill": 8.0, "redis flush": 6.0}, temper=Temper()),
    "redis": Profile({"redis flush": 4.0, "redis kill": 9.0}, rate=8.0, pickup=6.0, grouping=(0,)),
    "flushes": Profile({"redis flush": 0.03}, grouping=(0,)),
    "production": Profile(
        {"worker kill": 6.0},
        rate=6.0,
        temper=replace(CALM, think_seconds=(0.5, 3.0)),
        settings={"log_level": "WARNING"},  # type: ignore[dict-item]  # the only word among numbers
        recovery=35.0,
    ),
    "rolling": Profile({"roll worker": 3.0, "roll web": 5.0}, webs=2, unconfirmed=0, refused=0),
}
