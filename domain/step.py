"""A stage's step: a row that was touched, what it now says about others, which findings it opens, changes and resolves.

Outputs follow from the row: it remembers what it said (`Bookkeeping`), so saying it all again says only what differs.
That makes a batch, a replay and a rebuild the same thing.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter, is_
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from domain.event import Input, Source
from domain.keys import itself
from domain.rows import replace
from domain.rule import Finding, Rule, Text
from domain.service_time import ServiceTime
from domain.time import DAY
from domain.view import Bookkeeping, Contributed, Noted, View

_id_of = attrgetter("finding_id")
_FINDINGS = UUID("5f0c4a3e-2f0b-5d6f-9a57-0b6f3f1c7a10")
WITHDRAWN = Text("规则已停用", "the rule is no longer in use")
JOINED = Text("已并入本人的现用号码", "kept under the person's present number now")
NOT_JUDGED = "not judged"
"""`Bookkeeping.judged_by` of a row whose judging failed: no ruleset has this mark, so the next start judges it."""
UNJUDGED = Text("未判定：系统故障，暂无法判断", "unknown: not judged, because of a fault in the system")
FORGET_RESOLVED_AFTER = 30 * DAY
"""A resolved finding stays readable on the alerts topic this long (microseconds); then it is deleted."""
NOBODY_QUIET: frozenset[str] = frozenset()


class Alert(NamedTuple):
    """One change of one finding, with all that a reader needs (`schemas/alert.avsc`). Instants in microseconds UTC.

    `unknown`: a topic that the rule needs is quiet; the state is held then, whatever the finding was before.
    `inputs`: the newest record of each topic's partition in whose processing the alert was raised; the stage knows it.
    """

    finding_id: str
    rule: str
    rule_version: int
    domain: str
    state: str
    view: str
    subject: str
    cause: str
    severity: str
    why_zh: str
    why_en: str
    because: tuple[Source, ...]
    dwelling: str | None
    household: str | None
    opened_at: int
    at: int
    respond_within: int | None
    respond_unit: str
    resolution_zh: str | None
    resolution_en: str | None
    resolved_by: tuple[Source, ...]
    unknown: bool = False
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What one step gives: the row to write, contributions to send as (view, target, value or None), alerts, and the
    ids of the findings whose alerts are to be deleted."""

    row: Any
    contributions: Sequence[tuple[str, str, Any]]
    alerts: Sequence[Alert]
    forget: Sequence[str]


@lru_cache(maxsize=65_536)  # a finding is found again whenever its row is judged
def finding_id(rule: str, subject: str, cause: str) -> str:
    """The finding's id: the same rule, subject and cause are the same finding, whoever computes it and whenever."""
    return str(uuid5(_FINDINGS, f"{rule}\n{subject}\n{cause}"))


def settle(
    view: View,
    rules: Sequence[Rule],
    row: Any,
    now: int | None,
    live_since: int,
    touched: Sequence[Source] = (),
    quiet: Set[str] = NOBODY_QUIET,
    before: Any = None,
) -> Outcome:
    """`row` brought to rest after what was said: what is too old is gone, bookkeeping renewed, outputs that differ.

    `now` is the partition's last clock event; before the first one no rule is asked and the row is due at once.
    `live_since`: findings that rest only on older facts are held back. `touched`: what was said, shown as the reason
    of a resolution. `quiet`: the topics that are, by the same clock event. `before`: the subject's row as this version
    of the code settled it last; None if it did not.
    """
    if now is not None:
        row = view.expire(row, now)
    book: Bookkeeping = row.bookkeeping
    contributed, contributions = _contribute(view, row, book, before)
    if now is None:
        row = replace(row, bookkeeping=book._replace(contributed=contributed, due_at=0))
        return Outcome(row, contributions, (), ())
    seen = view.judged(row)
    noted, alerts, forget = _judge(view, rules, row, seen, now, live_since, touched, quiet)
    due = _due(view, rules if seen is not None else (), row, seen, noted, now)
    kept = Bookkeeping(contributed, noted, due, ruleset(view, rules, live_since), book.superseded, book.put_aside)
    row = replace(row, bookkeeping=kept)
    return Outcome(row, contributions, alerts, forget)


def unjudged(view: View, rules: Sequence[Rule], row: Any, now: int | None) -> Outcome:
    """What a step gives whose judging failed: the merged row, what it last said, and its findings as unknown.

    Without a tick yet its findings are told to be unknown at the first. After that the row is not due by the clock: an
    event of it, the next start or another ruleset judges it again. Raises what
    `view.place` and `view.household` raise: without a place nobody could be shown the alerts.
    """
    book: Bookkeeping = row.bookkeeping
    noted, alerts, by_name = [], [], {rule.name: rule for rule in rules}
    for old in book.findings:
        rule = by_name.get(old.rule)
        if rule is None or now is None or old.state not in ("opened", "held"):
            noted.append(old)
            continue
        state = "doubted" if old.state == "opened" else "unknown"
        noted.append(old._replace(state=state, fingerprint="", changed_at=now))
        finding = Finding(old.cause, UNJUDGED, (), old.dwelling)
        alerts.append(_alert(view, rule, row, finding, "held", old.opened_at, now)._replace(unknown=True))
    kept = book._replace(findings=tuple(noted), due_at=0 if now is None else None, judged_by=NOT_JUDGED)
    return Outcome(replace(row, bookkeeping=kept), (), alerts, ())


def is_unknown(rule: Rule, quiet: Set[str]) -> bool:
    """Whether nobody can know now if a finding of `rule` holds."""
    return not rule.needs.isdisjoint(quiet)


def judged_unknown(noted: Noted) -> bool | None:
    """Whether the finding was judged while a topic that its rule needs was quiet; None if it does not stand."""
    return None if noted.state == "resolved" else noted.state in ("doubted", "unknown")


def ruleset(view: View, rules: Sequence[Rule], live_since: int) -> str:
    """What a row was judged by: a mark of the rules, their versions and times to respond, of the day of going live, and
    of the views that it speaks to and in which version. A row that another set judged is to be judged again, so that a
    new rule, and a new view that is told something, reach rows of which nothing is said any more."""
    says = (view.version, tuple(sorted(view.contributes_to, key=itself)))
    judges = tuple((rule.name, rule.version, rule.respond_within, rule.since) for rule in rules)
    return _mark_of(judges, live_since, says)


@lru_cache(maxsize=64)
def _mark_of(
    rules: tuple[tuple[str, int, ServiceTime, int | None], ...], live_since: int, says: tuple[int, tuple[str, ...]]
) -> str:
    return _fingerprint((tuple(sorted(rules, key=lambda rule: rule[0])), live_since, says))


def _contribute(
    view: View, row: Any, book: Bookkeeping, settled: Any
) -> tuple[tuple[Contributed, ...], list[tuple[str, str, Any]]]:
    if settled is not None and settled.bookkeeping.judged_by != NOT_JUDGED and _contributes_alike(view, row, settled):
        return book.contributed, []
    before = {(last.view, last.target): last.fingerprint for last in book.contributed}
    after, changes = [], []
    for other, by_target in view.contribute(row).items():
        for target, value in by_target.items():
            mark = _fingerprint(value)
            after.append(Contributed(other, target, mark))
            if before.pop((other, target), None) != mark:
                changes.append((other, target, value))
    changes += [(other, target, None) for other, target in sorted(before, key=itself)]
    return tuple(sorted(after, key=lambda contributed: contributed[:2])), changes


def _contributes_alike(view: View, row: Any, other: Any) -> bool:
    here, there = view.contributes_from(row), view.contributes_from(other)
    return len(here) == len(there) and all(map(is_, here, there))


def _judge(
    view: View,
    rules: Sequence[Rule],
    row: Any,
    seen: Any,
    now: int,
    live_since: int,
    touched: Sequence[Source],
    quiet: Set[str],
) -> tuple[tuple[Noted, ...], list[Alert], list[str]]:
    before = {noted.finding_id: noted for noted in row.bookkeeping.findings}
    after: list[Noted] = []
    alerts: list[Alert] = []
    forget: list[str] = []
    for rule in rules if seen is not None else ():
        for finding in _findings(rule, seen, now):
            unknown = is_unknown(rule, quiet)
            identifier = finding_id(rule.name, row.id, finding.cause)
            old = before.pop(identifier, None)
            known = "opened" if _newest(finding) >= _counts_from(rule, live_since) else "held"
            state = "unknown" if unknown else known
            says_what = (finding._replace(arose=0), view.place(row), view.household(row))
            mark = _fingerprint((state, rule.version, rule.respond_within, *says_what))
            stood = None if old is None or old.state == "resolved" else old
            if stood and stood.fingerprint == mark:
                after.append(stood._replace(domain=rule.domain))
                continue
            was_open = stood is not None and stood.state in ("opened", "doubted")
            opened_at = stood.opened_at if stood and (was_open or state != "opened") else now
            noted = "doubted" if unknown and was_open else state
            after.append(
                Noted(identifier, rule.name, finding.cause, noted, mark, opened_at, now, finding.dwelling, rule.domain)
            )
            says = "changed" if stood and stood.state == state == "opened" else "held" if unknown else state
            alerts.append(_alert(view, rule, row, finding, says, opened_at, now)._replace(unknown=unknown))
    by_name = {rule.name: rule for rule in rules}
    for old in before.values():
        gone = by_name.get(old.rule)
        if old.state == "resolved":
            if now - old.changed_at < FORGET_RESOLVED_AFTER:
                after.append(old)
            else:
                forget.append(old.finding_id)
        else:
            after.append(old._replace(state="resolved", fingerprint="", changed_at=now))
            ended = JOINED if seen is None else gone.resolved if gone else WITHDRAWN
            alerts.append(_resolution(view, gone, row, old, now, touched, ended))
    return tuple(sorted(after, key=_id_of)), alerts, forget


def _findings(rule: Rule, row: Any, now: int) -> Iterable[Finding]:
    """What the rule finds, one finding a cause: a car that two members hold at once (its transfer was said to one of
    them only) is one finding that rests on what was said of both."""
    found = list(rule.check(row, now))
    if len(found) < 2:  # most rows: none
        return found
    by_cause: dict[str, Finding] = {}
    for finding in found:
        other = by_cause.setdefault(finding.cause, finding)
        if other is not finding:
            both = tuple(sorted({*other.because, *finding.because}, key=itself))
            why, arose = (
                min(other.why, finding.why, key=lambda text: (text.zh, text.en)),
                max(other.arose, finding.arose, key=itself),
            )
            by_cause[finding.cause] = finding._replace(why=why, because=both, arose=arose)
    return by_cause.values()


def _alert(view: View, rule: Rule, row: Any, finding: Finding, state: str, opened_at: int, now: int) -> Alert:
    return Alert(
        finding_id=finding_id(rule.name, row.id, finding.cause),
        rule=rule.name,
        rule_version=rule.version,
        domain=rule.domain,
        state=state,
        view=view.name,
        subject=row.id,
        cause=finding.cause,
        severity=rule.severity,
        why_zh=finding.why.zh,
        why_en=finding.why.en,
        because=tuple(sorted(finding.because, key=itself)),
        dwelling=finding.dwelling or view.place(row),
        household=view.household(row),
        opened_at=opened_at,
        at=now,
        respond_within=rule.respond_within.amount,
        respond_unit=rule.respond_within.unit,
        resolution_zh=None,
        resolution_en=None,
        resolved_by=(),
    )


def _resolution(
    view: View, rule: Rule | None, row: Any, old: Noted, now: int, touched: Sequence[Source], ended: Text
) -> Alert:
    """The record that a finding no longer holds. `rule` None: the rule itself was withdrawn from the installation."""
    return Alert(
        finding_id=old.finding_id,
        rule=old.rule,
        rule_version=rule.version if rule else 0,
        domain=rule.domain if rule else old.domain or "general",
        state="resolved",
        view=view.name,
        subject=row.id,
        cause=old.cause,
        severity=rule.severity if rule else "planned",
        why_zh="",
        why_en="",
        because=(),
        dwelling=old.dwelling or view.place(row),
        household=view.household(row),
        opened_at=old.opened_at,
        at=now,
        respond_within=None,
        respond_unit="minute",
        resolution_zh=ended.zh,
        resolution_en=ended.en,
        resolved_by=tuple(sorted(set(touched), key=itself)),
    )


def _due(view: View, rules: Sequence[Rule], row: Any, seen: Any, noted: Iterable[Noted], now: int) -> int | None:
    expires = view.expires_at(row)
    looks = [] if expires is None else [expires]
    looks += [instant for rule in rules if (instant := rule.look_again(seen, now)) is not None]
    forgets = [note.changed_at + FORGET_RESOLVED_AFTER for note in noted if note.state == "resolved"]
    return min([*looks, *forgets], key=itself, default=None)


def _newest(finding: Finding) -> int:
    return max((finding.arose, *(source.occurred_at for source in finding.because)), key=itself)


def _counts_from(rule: Rule, live_since: int) -> int:
    return live_since if rule.since is None else max(live_since, rule.since, key=itself)


def _fingerprint(value: object) -> str:
    """Eight bytes of what was said. The `repr` of the classes in `domain/` is the same in every process."""
    return blake2b(repr(value).encode(), digest_size=8).hexdigest()
