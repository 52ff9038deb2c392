"""What a suite of expectations is: the table it guards, whom it blocks, and what it needs to know of the council."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

DATA_MANAGER = "data manager"
PERFORMANCE_TEAM = "performance team"


@dataclass(frozen=True)
class SuiteContext:
    """What the suites take from the council's settings. Shares are between 0 and 1, changes relative.

    Attributes:
        authority: DfE number of the council that publishes.
        area_code: Its GSS code where the caller knows it; the area table must then agree.
        min_base: Denominator below which a change of a figure is not looked at (settings `thresholds.min_base`).
        year_on_year: Change of a return's size on the year before that is worth a look.
        moved_share: Share of current figures that may change between two publications without a remark.
        missing_rise: Rise in the share of missing values between two vintages that is worth a look.
    """

    authority: int
    area_code: str | None = None
    min_base: int = 30
    year_on_year: float = 0.3
    moved_share: float = 0.05
    missing_rise: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Suite:
    """The expectations on one table.

    Attributes:
        name: Shown with every result; the module's name.
        table: Schema and table as the warehouse names them.
        scope: `source` checks arriving files and can reject them; `publication` guards what is about to go out.
        owner: Who answers for a finding.
        declare: Returns the expectations. Great Expectations is imported inside it.
        personal: The table holds rows about children, so not even a query's note is kept with a result.
    """

    name: str
    table: str
    scope: Literal["source", "publication"]
    owner: str
    declare: Callable[[SuiteContext], "list[Expectation]"]
    personal: bool = False

    @property
    def source_id(self) -> str | None:
        """The source whose arriving files the suite checks, or None for a suite on published tables."""
        schema = self.table.split(".", 1)[0]
        return schema.removeprefix("raw_") if self.scope == "source" else None

    def expectations(self, context: SuiteContext) -> "list[Expectation]":
        """Return the suite's expectations, each with its owner in `meta`.

        Raises:
            ValueError: If an expectation lacks a check id, a reason, advice or a severity of ours, or repeats an id.
        """
        declared = self.declare(context)
        seen: set[str] = set()
        for expectation in declared:
            meta: dict[str, Any] = dict(expectation.meta or {})
            if not all(meta.get(key) for key in ("check_id", "why", "advice")):
                raise ValueError(f"{self.name}: an expectation lacks check_id, why or advice in its meta")
            if meta["check_id"] in seen:
                raise ValueError(f"{self.name}: check id {meta['check_id']} is used twice")
            if expectation.severity not in ("critical", "warning"):
                raise ValueError(f"{self.name}: {meta['check_id']} is neither critical nor a warning")
            seen.add(meta["check_id"])
            expectation.meta = meta | {"owner": self.owner}
        return declared
