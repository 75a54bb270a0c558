"""Settings: one TOML file and the environment; every problem is reported at once.

`SEGUE_POLICY__NAME=softmax` sets `name` in the section `[policy]`; the environment wins over the file.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bandits import POLICIES
from bandits.policy import Policy as BanditPolicy
from bandits.reward import RewardSettings
from features.context import CONTEXT
from features.pair import PAIR
from pipelines.live_settings import Kafka, Worker

LIVE = frozenset({"kafka", "worker"})
"""Sections that say how a deployment runs; no score depends on them."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 86_400_000


T = TypeVar("T")


def built(kind: type[T], fields: Mapping[str, Any]) -> T:
    """Return a struct from settings, text included; ValueError names what is unknown or out of range."""
    known: tuple[str, ...] = getattr(kind, "__struct_fields__", ())
    unknown = sorted(set(fields) - set(known))
    if unknown:
        raise ValueError(
            f"{unknown[0]} is no field of {kind.__name__}, expected one of {', '.join(known) or 'none'}"
        )
    return msgspec.convert(dict(fields), kind, strict=False)


class Section(BaseModel):
    """A group of settings; unknown names are refused, so a typo never passes for a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Sessions(Section):
    """How a listener's plays become sessions, history and timers."""

    gap_ms: int = Field(30 * MINUTE_MS, ge=1_000, le=DAY_MS, description="silence that closes a session")
    history_plays: int = Field(512, ge=16, le=4_096, description="plays kept of a listener")
    history_bytes: int = Field(8_192, ge=1_024, le=12_288, description="stored size of those plays, at most")
    skip_share: float = Field(0.5, gt=0, le=1, description="heard share below which a play is a skip")
    early_ms: int = Field(
        60 * MINUTE_MS, ge=0, le=DAY_MS, description="how far after its record was received a play may start"
    )
    timer_delay_ms: int = Field(
        10 * MINUTE_MS,
        ge=0,
        le=DAY_MS,
        description="D: how long after its deadline a timer waits for late plays",
    )
    expiry_days: int = Field(400, ge=1, le=4_000, description="silence after which a listener is forgotten")


class Candidates(Section):
    """How many candidates each source may add, and how many there are in all."""

    limit: int = Field(100, ge=2, le=1_000, description="candidates of a decision")
    own_followers: int = Field(20, ge=0, le=1_000, description="tracks the listener played after these")
    covisits: int = Field(40, ge=0, le=1_000, description="tracks of recent sessions that held these")
    followers: int = Field(
        20, ge=0, le=1_000, description="tracks everybody played around these; and what covisits leave"
    )
    repeats: int = Field(20, ge=0, le=1_000, description="tracks the listener has played before")
    fresh: int = Field(3, ge=0, le=1_000, description="new tracks with little exposure")
    popular: int = Field(1_000, ge=0, le=1_000, description="popular tracks, filling what is left")


class Slates(Section):
    """What a decision returns, and how it is credited."""

    limit: int = Field(10, ge=1, le=50, description="slots of a slate, unless the request says so")
    attribution_window_ms: int = Field(
        60 * MINUTE_MS, ge=1_000, le=30 * DAY_MS, description="how long a play may count for a decision"
    )
    pending: int = Field(6, ge=1, le=16, description="decisions of a listener that may await their plays")
    examination: Literal["cascade", "all", "shown"] = Field("cascade", description="which slots were seen")
    decisions_share: float = Field(
        1.0, ge=0, le=1, description="share of listeners whose whole decisions are kept, drawn by hash"
    )


class Policy(BaseModel):
    """The rule that draws the slate: its name, and the fields that policy has (see `bandits`)."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field("inverse_gap", description=f"one of {', '.join(POLICIES)}")

    @model_validator(mode="after")
    def _can_be_built(self) -> "Policy":
        self.build()
        return self

    def build(self) -> BanditPolicy:
        """Return the policy itself; raises ValueError for an unknown name, field or value."""
        policy = POLICIES.get(self.name)
        if policy is None:
            raise ValueError(f"name is {self.name!r}, expected one of {', '.join(POLICIES)}")
        return built(policy, self.model_extra or {})


class Learning(Section):
    """How evidence is weighed and when it becomes a version."""

    half_life_days: float = Field(60.0, gt=0.01, le=10_000, description="age at which feedback weighs half")
    prior: float = Field(1.0, gt=0, le=1e6, description="lambda: strength of the prior around zero")
    noise: float = Field(0.2, gt=0, le=10, description="standard deviation of a reward around its mean")
    organic_weight: float = Field(1.0, ge=0, le=1, description="weight of plays nobody recommended")
    without: tuple[str, ...] = Field(
        (),
        description="context entries and pair columns to leave out: they then decide nothing",
    )
    drift: Literal["ignore", "watch", "alarm"] = Field(
        "ignore",
        description="look for changes for the worse; alarm: and let what was learned before weigh less",
    )
    drift_delta: float = Field(0.002, gt=0, lt=1, description="chance that a change found is none")
    drift_factor: float = Field(0.1, gt=0, le=1, description="what evidence from before an alarm weighs")
    version_rows: int = Field(4_000, ge=1, le=10_000_000, description="rows of feedback between two versions")
    version_ms: int = Field(DAY_MS, ge=1_000, description="event time between two versions, at most")

    @field_validator("without")
    @classmethod
    def _are_there(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = (*CONTEXT, *PAIR)
        for name in names:
            if name == "bias" or name not in known:
                allowed = ", ".join(dict.fromkeys(one for one in known if one != "bias"))
                raise ValueError(f"{name!r} can not be left out, expected some of {allowed}")
        return names


class Rewards(BaseModel):
    """What a play earned, in [0, 1]: the fields of `bandits.reward.RewardSettings`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="after")
    def _can_be_built(self) -> "Rewards":
        _ = self.worth
        return self

    @cached_property
    def worth(self) -> RewardSettings:
        """The same as a struct; raises ValueError for an unknown field or value."""
        return built(RewardSettings, self.model_extra or {})


class Facts(Section):
    """How fast counts of tracks fade, and how many of everybody's newest plays are kept."""

    popularity_half_life_days: float = Field(7.0, gt=0.01, le=10_000, description="plays, skips, exposures")
    follower_half_life_days: float = Field(90.0, gt=0.01, le=10_000, description="followers")
    recent_plays: int = Field(
        1_000_000, ge=0, le=100_000_000, description="newest plays of all, 25 bytes each; 0: followers alone"
    )


class Limits(Section):
    """What one listener may do to what all share: policy, popularity, followers, covisits."""

    records_per_hour: int = Field(
        600,
        ge=1,
        le=3_600_000,
        description="records of one listener that count for others: at once, and again in every hour",
    )


class Settings(BaseSettings):
    """Everything that may be set. ``seed`` and ``mark_key`` make dice and marks; keep the key secret."""

    model_config = SettingsConfigDict(
        env_prefix="SEGUE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    seed: int = Field(7, ge=0, lt=2**63, description="of all dice")
    mark_key: str = Field("segue", min_length=1, max_length=64, description="key of the listeners' marks")
    sessions: Sessions = Sessions()
    candidates: Candidates = Candidates()
    slates: Slates = Slates()
    policy: Policy = Policy(name="inverse_gap", gamma=20_000.0, floor=0.01)  # docs/policies.md
    learning: Learning = Learning()
    rewards: Rewards = Rewards()
    facts: Facts = Facts()
    limits: Limits = Limits()
    kafka: Kafka = Kafka()
    worker: Worker = Worker()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read, in this order of right: arguments, environment, the TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


class WrongSettings(ValueError):
    """Settings cannot be used; the message lists every problem, with what is allowed."""


def load_settings(path: Path | None = None, **overrides: Any) -> Settings:
    """Return the effective settings.

    Raises `WrongSettings` with every problem in one message:

    >>> load_settings(sessions={"gap_ms": 0})
    Traceback (most recent call last):
    ...
    pipelines.settings.WrongSettings: 1 problem in the settings:
      sessions.gap_ms is 0, expected: input should be greater than or equal to 1000
    """
    if path is not None and not path.is_file():
        raise WrongSettings(f"no settings file at {path}; give one, or leave it out for the defaults")

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return FromFile(**overrides)
    except ValidationError as error:
        problems = [f"  {_explained(problem)}" for problem in error.errors()]
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the settings:"
        raise WrongSettings("\n".join([count, *problems])) from None
    except (ValueError, RecursionError) as error:  # the TOML itself
        raise WrongSettings(f"{path} is not TOML: {error}") from None


def _explained(problem: Any) -> str:
    """Return one problem as where it is, what came, and what was expected."""
    place = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    if message != problem["msg"]:  # one of ours, which says it all
        return f"{place}: {message}"
    return f"{place} is {problem['input']!r}, expected: {message[0].lower()}{message[1:]}"
