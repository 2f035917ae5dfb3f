"""The household's row: its members, and what their rows say of them."""

from tests.golden.recompute.standing import Plain


def household(number: str, members: dict[str, Plain]) -> Plain:
    everyone = list(members.values())
    placed = [m for m in everyone if m["dwelling"] is not None]
    by = ("occurred_at", "department", "record", "kind", "event_id")
    placed.sort(key=lambda m: [m["source"][name] for name in by])
    differ = {
        "contact": any(m["contacts_disagree"] for m in everyone),
        "household": any(b["household_differs"] for m in everyone for b in m["programmes"]),
        "dwelling": len({m["dwelling"] for m in placed if m["dwelling"] and m["died_on"] is None}) > 1,
    }
    return {
        "id": number,
        "members": [{"resident": r, "membership": members[r]} for r in sorted(members)],
        "living": len([m for m in everyone if m["died_on"] is None]),
        "dwelling": placed[-1]["dwelling"] if placed else None,
        "address": placed[-1]["address"] if placed else None,
        "disagreements": [name for name, true in differ.items() if true],
    }
