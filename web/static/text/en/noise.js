export default {
  "list.of.inhibited": "Behind their building's alert",
  "list.of.silenced": "Silenced",
  "list.lines": "{n} lines",
  "line.doors": "{n} doors to visit",
  "line.visited": "{n} done",
  "line.urgent": "{n} urgent",
  "alert.inhibited": "behind its building's alert",
  "alert.inhibits": "stands for {n} flats",
  "inhibited.why":
    "The building has an alert, and this flat is handled with it; once that closes, this one is dispatched anew.",
  "inhibited.by": "The building's alert: {rule}",
  "inhibits": "Stands for alerts of {n} flats of this building: list them",
};
