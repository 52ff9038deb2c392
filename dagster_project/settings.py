"""council.yml and the files of council/, read and checked. No figure and no area name is known here."""

import csv
import difflib
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from dagster_project.project import DBT_DIR


class SettingsError(ValueError):
    """council.yml or a file of council/ cannot be used; the message names file, key and what to do."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_authority(number: int) -> int:
    known = {int(row["dfe_number"]) for row in _authorities()}
    if number not in known:
        raise ValueError(f"{number} is no DfE number of an English authority (Leeds, for example, has 383)")
    return number


def _version_text(version: Any) -> Any:
    if not isinstance(version, str):
        # YAML reads 1.10 as the number 1.1.
        raise ValueError(f'write the version in quotation marks, such as "{version}"')
    if not re.fullmatch(r"v?\d+(\.\d+){0,2}|v?(\d+\.){0,2}\*", version):
        raise ValueError(f'{version!r} is no version: give one such as "1.0", or "1.*" for the newest 1')
    return version


def _school_year(text: Any) -> Any:
    found = re.fullmatch(r"(20\d\d)/?(\d\d)", str(text).strip())
    if not found or (int(found.group(1)) + 1) % 100 != int(found.group(2)):
        raise ValueError(f"{text!r} is no school year such as 2023/24")
    return int(found.group(1)) + 1


class Thresholds(_Strict):
    """Numbers that decide what is judged or printed."""

    min_base: int = Field(default=30, ge=1, description="Smallest base on which a judgement is made")
    unplaced_warning: float = Field(
        default=0.02, ge=0, le=1, description="Share of records without a known cluster above which it is said"
    )
    unplaced_limit: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Share of records without a known cluster above which none is printed",
    )


class Definitions(_Strict):
    """Readings of what the guides to the returns leave open; the other readings keep ids of their own."""

    three_placements: Literal["stays", "carer_change", "including_temporary"] = Field(
        default="stays", description="Which moves count towards three placements in a year"
    )
    stability: Literal["same_placement", "same_carer"] = Field(
        default="same_placement", description="What has to stay the same for two years"
    )


class LatestPeriodEnd(_Strict):
    """Last period that an edition shows, by kind of year."""

    academic: date | None = None
    financial: date | None = None
    calendar: date | None = None
    snapshot_31_march: date | None = None


NeighbourList = Annotated[str, Field(pattern=r"^(newest|20[0-9]{2}-[01][0-9])$")]


class Edition(_Strict):
    """One edition of the report."""

    id: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}[a-z]?$")
    title: str | None = None
    data_cut_off: date | None = None
    latest_period_end: LatestPeriodEnd = LatestPeriodEnd()
    neighbours: NeighbourList | None = None
    plan_edition: str | None = None
    published_date: date | None = None


class PublishedDataSet(_Strict):
    """A data set of the Explore Education Statistics service, pinned to a version."""

    id: str = Field(min_length=1)
    version: Annotated[str, BeforeValidator(_version_text)]
    method: Literal["csv", "query"] = Field(default="csv", description="The whole file, or pages of rows")
    accept_warnings: tuple[Annotated[str, Field(pattern=r"^[A-Za-z]+$")], ...] = Field(
        default=(), description="Codes of warnings that do not stop a query"
    )


class EesSettings(_Strict):
    """Data sets that `cfp fetch-published` fetches, by the name of their declared table, and from where."""

    service: str = Field(default="https://api.education.gov.uk/statistics", pattern=r"^https?://[^\s?#]+$")
    data_sets: dict[str, PublishedDataSet] = {}


class Settings(_Strict):
    """council.yml."""

    authority: Annotated[int, AfterValidator(_known_authority)]
    neighbours: NeighbourList = "newest"
    core_cities_shown: Literal["all", "others"] = "all"
    thresholds: Thresholds = Thresholds()
    definitions: Definitions = Definitions()
    accept_foreign_lea: bool = False
    ees: EesSettings = EesSettings()
    editions: tuple[Edition, ...] = ()

    @property
    def authority_area_code(self) -> str:
        """GSS code in force today of the authority."""
        return next(row["area_code"] for row in _authorities() if int(row["dfe_number"]) == self.authority)


class GroupMember(_Strict):
    """One row of council/groups.csv."""

    group_id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    group_version: str = "1"
    group_name: str
    valid_from: date | None = None
    statistic: Literal["mean", "median", "pooled"] = "mean"
    includes_subject: bool = False
    dfe_number: Annotated[int, AfterValidator(_known_authority)]


class Target(_Strict):
    """One row of council/targets.csv: what a figure should be by the end of a period.

    Green from `target` on, amber from `amber_limit` on, red beyond: towards high or low values as `better` says, which
    may be left out where the indicator has a polarity of its own.
    """

    indicator_id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    period_end: date
    target: float = Field(allow_inf_nan=False)
    amber_limit: float | None = Field(default=None, allow_inf_nan=False)
    better: Literal["high", "low"] | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _amber_lies_beyond_the_target(self) -> "Target":
        if self.better and self.amber_limit is not None:
            beyond = self.target - self.amber_limit if self.better == "high" else self.amber_limit - self.target
            if beyond < 0:
                raise ValueError("amber_limit is on the better side of the target: nothing could be amber")
        return self


class Progress8Mean(_Strict):
    """One row of council/progress_8.csv: the national mean of pupils with the same key stage 2 results in a year.

    DfE prints the table with the results of each year. `academic_year` is written 2023/24 or 202324; `ks2_prior` is the
    group as the extract of key stage 4 writes it.
    """

    academic_year: Annotated[int, BeforeValidator(_school_year)]
    ks2_prior: str = Field(min_length=1)
    attainment_8_mean: float = Field(ge=0, le=90, allow_inf_nan=False)


_Model = TypeVar("_Model", bound=BaseModel)
RESERVED_GROUPS = frozenset({"region", "england", "statistical_neighbours", "core_cities_all", "core_cities_others"})


def load_settings(file: Path) -> Settings:
    """Read council.yml.

    Raises:
        SettingsError: If the file is missing, is not YAML, or holds an unknown key or a wrong value.
    """
    if not file.exists():
        raise SettingsError(f"{file}: there is no such file; copy the council.yml of the project and set `authority`")
    content = read_yaml(file)
    if not isinstance(content, dict):
        raise SettingsError(f"{file}: holds no settings; at least `authority: <DfE number>` is needed")
    return _checked(Settings, content, str(file))


def read_yaml(file: Path) -> Any:
    """Return the content of a YAML file.

    Raises:
        SettingsError: If it cannot be read or is not YAML; the message names the line and no content.
    """
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{file}: cannot be read ({type(error).__name__})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{file}{line}: is not valid YAML") from None


def load_groups(file: Path) -> tuple[GroupMember, ...]:
    """Read council/groups.csv; a missing file means that the council has no groups of its own.

    Raises:
        SettingsError: If a column is unknown or missing, a value is wrong, a member stands twice, two rows of one group
            and version disagree on what the group is, or a group takes the name of a built-in one.
    """
    members: list[GroupMember] = []
    first_of: dict[tuple[str, str], GroupMember] = {}
    seen: set[tuple[str, str, int]] = set()
    for where, cells in _rows(file):
        member = _checked(GroupMember, cells, where)
        if member.group_id in RESERVED_GROUPS:
            raise SettingsError(f"{where}: group_id `{member.group_id}` is built in; choose another name")
        version = (member.group_id, member.group_version)
        first = first_of.setdefault(version, member)
        shared = {"group_name", "valid_from", "statistic", "includes_subject"}
        if first.model_dump(include=shared) != member.model_dump(include=shared):
            raise SettingsError(
                f"{where}: group `{member.group_id}` version {member.group_version} is described otherwise above; "
                f"{', '.join(sorted(shared))} must be the same in every row of a version"
            )
        if (*version, member.dfe_number) in seen:
            raise SettingsError(f"{where}: {member.dfe_number} stands twice in group `{member.group_id}`")
        seen.add((*version, member.dfe_number))
        members.append(member)
    return tuple(members)


def load_targets(file: Path) -> tuple[Target, ...]:
    """Read council/targets.csv; a missing file means that the council has no targets.

    Raises:
        SettingsError: If a column is unknown or missing, a value is wrong, or an indicator has two targets for one day.
    """
    return _each_once(
        file,
        Target,
        key=lambda target: (target.indicator_id, target.period_end),
        twice=lambda target: f"`{target.indicator_id}` has another target for {target.period_end} above",
    )


def load_progress_8(file: Path) -> tuple[Progress8Mean, ...]:
    """Read council/progress_8.csv; without it no local Progress 8 is worked out.

    Raises:
        SettingsError: If a column is unknown or missing, a value is wrong, or a group stands twice in a year.
    """
    return _each_once(
        file,
        Progress8Mean,
        key=lambda mean: (mean.academic_year, mean.ks2_prior),
        twice=lambda mean: f"group `{mean.ks2_prior}` has another mean for the same year above",
    )


def _each_once(
    file: Path, model: type[_Model], *, key: Callable[[_Model], object], twice: Callable[[_Model], str]
) -> tuple[_Model, ...]:
    """Return the checked rows of a file of council/; one whose key stands above it is refused in the words given."""
    found: dict[object, _Model] = {}
    for where, cells in _rows(file):
        row = _checked(model, cells, where)
        if key(row) in found:
            raise SettingsError(f"{where}: {twice(row)}")
        found[key(row)] = row
    return tuple(found.values())


def _rows(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a file of council/ with where each stands; empty cells are left out, no file has no rows."""
    if not file.exists():
        return
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeError:
        raise SettingsError(f"{file}: is not UTF-8 text; save it as CSV UTF-8") from None
    for number, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), start=2):
        yield f"{file}, line {number}", {key: value for key, value in row.items() if key is not None and value}


def settings_fingerprint(settings: Settings, council_dir: Path, today: date) -> str:
    """Return one hash over council.yml and the files of council/ that figures or their checks depend on.

    Waivers expire, so their day counts where there are any.
    """
    digest = hashlib.sha256(settings.model_dump_json().encode())
    for name in ("groups.csv", "targets.csv", "progress_8.csv", "waivers.yml"):
        file = council_dir / name
        if file.exists():
            digest.update(name.encode() + file.read_bytes())
            if name == "waivers.yml":
                digest.update(today.isoformat().encode())
    return digest.hexdigest()


def _checked(model: type[_Model], content: dict[str, Any], where: str) -> _Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise SettingsError("\n".join(_fault(model, where, fault) for fault in error.errors())) from None


def _fault(model: type[BaseModel], where: str, fault: Any) -> str:
    path = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        name = str(fault["loc"][-1])
        near = difflib.get_close_matches(name, _keys(model), n=1, cutoff=0.5)
        hint = f"; did you mean `{near[0]}`?" if near else f"; known keys are {', '.join(sorted(set(_keys(model))))}"
        return f"{where}: unknown key `{path}`{hint}"
    if fault["type"] == "missing":
        return f"{where}: `{path}` is missing"
    message = re.sub(r"^Value error, ", "", fault["msg"])
    return f"{where}: `{path}`: {message}"


def _keys(model: type[BaseModel]) -> list[str]:
    """Every key that may stand in the file, at any depth."""
    nested: dict[str, type[BaseModel]] = {
        "thresholds": Thresholds,
        "definitions": Definitions,
        "ees": EesSettings,
        "data_sets": PublishedDataSet,
        "editions": Edition,
        "latest_period_end": LatestPeriodEnd,
    }
    names = list(model.model_fields)
    for name in list(names):
        if name in nested:
            names += _keys(nested[name])
    return names


def _authorities() -> list[dict[str, str]]:
    """The seed of authorities: facts about England, not about one council."""
    with (DBT_DIR / "seeds" / "authorities.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
