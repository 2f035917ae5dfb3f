"""A story of the rule public-report: scanned, accepted, visited."""

from tests.domain.story import History


class Scanned(History):
    def accepted(self, record: str, on: str, category: str = "leak", *, taken_back: bool = False) -> None:
        self.say("dwelling", "flat", "ReportAccepted", record, on, taken_back=taken_back, category=category)


def test_a_report_stands_until_somebody_was_met_there_since() -> None:
    home = Scanned()
    home.visited("2026-03-01")
    home.accepted("r-1", "2026-03-02")
    assert home.at("2026-03-02") == [("public-report", "r-1")]
    home.visited("2026-03-03", outcome="nobody_home")
    assert home.at("2026-03-03") == [("public-report", "r-1")]
    home.visited("2026-03-04")
    assert home.at("2026-03-04") == []
    home.accepted("r-2", "2026-03-05", "other")
    assert home.at("2026-03-05") == [("public-report", "r-2")], "what was answered stays answered"


def test_a_report_that_is_withdrawn_or_older_than_the_visits_that_are_kept_is_nobodys_finding() -> None:
    home = Scanned()
    home.accepted("r-1", "2026-03-02")
    home.accepted("r-2", "2026-03-02", "of a newer version")
    assert home.at("2026-03-02") == [("public-report", "r-1"), ("public-report", "r-2")]
    home.accepted("r-1", "2026-03-03", taken_back=True)
    assert home.at("2026-03-03") == [("public-report", "r-2")]
    assert home.at("2031-03-01") == [("public-report", "r-2")]
    assert home.at("2031-03-03") == []
