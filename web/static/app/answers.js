// What can be answered to a question at the door, and how a visit can end.

export const ANSWERS = ["yes", "no", "unknown"];
export const OUTCOMES = ["done", "nobody_home", "refused"]; // `done` alone counts as a visit (domain/views/dwelling.py)
