"""What is wrong with a plug-in's file that no single file can know: looked at before anything is started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain.rule import Rule
from domain.view import View
from producers.publish.columns import Department, Export
from runtime.discover import PluginRefused, discover
from sinks.sink import Sink
from wire.contract_rules import HEAD, ContractRefused
from wire.contracts import Contract, contracts, published
from wire.topics import topics


def troubles() -> list[str]:
    """A sentence for each mistake; [] if every department, view, rule and sink is one that can run."""
    try:
        views = discover("domain.views", "VIEW", View)
        return [
            *_of_views(views),
            *_of_rules(discover("domain.rules", "RULE", Rule), views),
            *_of_sinks(discover("sinks.targets", "SINK", Sink)),
            *_of_departments(discover("producers.departments", "DEPARTMENT", Department)),
        ]
    except (ContractRefused, PluginRefused) as refused:
        return [str(refused)]


def _of_views(views: Mapping[str, View]) -> Iterator[str]:
    schemas = published()
    for name, view in views.items():
        if f"rows.{name}" not in schemas:
            yield f"View {name}: schemas/rows/{name}.avsc is missing; it says what the view's rows look like."
        if view.contribution is not None and f"contributions.{name}" not in schemas:
            yield f"View {name}: schemas/contributions/{name}.avsc is missing; it says what others tell it."
        for other in sorted(view.contributes_to):
            if other not in views or views[other].contribution is None:
                yield f"View {name}: it contributes to {other!r}, which is no view that receives contributions."


def _of_rules(rules: Mapping[str, Rule], views: Mapping[str, View]) -> Iterator[str]:
    known = contracts()
    for name, rule in rules.items():
        if rule.view not in views:
            yield f"Rule {name}: there is no view {rule.view!r}; it must be one of {', '.join(views)}."
        for topic in sorted(rule.needs - known.keys()):
            yield f"Rule {name}: it needs the topic {topic!r}, which no contract of schemas/events/ is."


def _of_sinks(sinks: Mapping[str, Sink]) -> Iterator[str]:
    known = {topic.name for topic in topics()}
    for name, sink in sinks.items():
        for topic in sorted(set(sink.topics()) - known):
            yield f"Sink {name}: there is no topic {topic!r}; `citygrid topics` lists those that there are."


def _of_departments(departments: Mapping[str, Department]) -> Iterator[str]:
    known = contracts()
    for name, department in departments.items():
        for export in department.exports:
            contract = known.get(export.topic)
            if contract is None or contract.department != name:
                yield (
                    f"Department {name}: its export {export.title} goes to the topic {export.topic!r}, which no "
                    f"contract in schemas/events/{name}/ is."
                )
            else:
                yield from _of_export(name, export, contract)


def _of_export(department: str, export: Export, contract: Contract) -> Iterator[str]:
    for form in export.says():
        where = f"Department {department}: its export {export.title}"
        if form.kind not in contract.kinds:
            yield f"{where} says {form.kind!r}; the kinds of {contract.topic} are {', '.join(contract.kinds)}."
            continue
        fields = contract.kinds[form.kind].by_name
        for field in sorted(form.columns.keys() - fields.keys() - HEAD.keys()):
            yield f"{where} fills {form.kind}.{field}; the fields of {form.kind} are {', '.join(fields)}."
