-- depends: 0034.roster_page
-- What a function of the owner may write of an alert: docs/decisions/0047-whose-report.md

-- A move locks alerts, keeps their deadlines (0014), and says what mutes them (0023). Since 0014 nothing but the functions' own text kept
-- it from more: an alert that is put into another place is seen there. The owner grants itself no more than that; sinks write the rest.
REVOKE INSERT, UPDATE, TRUNCATE ON city.alert FROM citygrid_owner;
GRANT UPDATE (due, inhibited_by, silenced_by) ON city.alert TO citygrid_owner;
