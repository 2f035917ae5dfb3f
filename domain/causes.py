"""What findings are called: by the record that brought them about. Numbers of different records may be equal."""

from collections.abc import Iterable, Mapping

from domain.event import Source


def causes(sources: Iterable[Source]) -> Mapping[Source, str]:
    """The cause of a finding about each of `sources`: its record's number; where another one that happened before has
    that number, with department and kind behind it, so that two people or two things never become one finding."""
    names: dict[Source, str] = {}
    taken: set[str] = set()
    for source in sorted(set(sources), key=lambda source: source.happened):
        name, longer, number = source.record, f"{source.record} {source.department} {source.kind}", 1
        while name in taken:
            name = longer if number == 1 else f"{longer} {number}"
            number += 1
        taken.add(name)
        names[source] = name
    return names
