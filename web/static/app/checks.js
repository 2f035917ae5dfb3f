// The three to six questions of a stop, by rule. Answers are `yes`, `no` or `unknown`; keys go into the observation event as they are.

const CHECKS = {
  "newly-let": ["tenants_live_here", "number_as_stated", "lease_seen", "exits_clear"],
  "over-occupied": ["number_as_stated", "rooms_partitioned", "exits_clear", "gas_and_wiring_safe", "landlord_told"],
  "car-and-benefit": ["household_met", "car_in_use", "car_is_theirs", "hardship_seen"],
  "benefit-for-dead": ["relatives_met", "death_confirmed", "money_still_paid"],
  "button-sos": ["someone_met", "hurt", "ambulance_called", "relatives_told"],
  "button-doctor": ["someone_met", "examined", "sent_to_hospital"],
  "button-housekeeper": ["someone_met", "wish_met"],
};
const OTHERWISE = ["someone_met", "as_stated", "danger_seen"];

export const checksOf = (rule) => CHECKS[rule] ?? OTHERWISE;
export const ANSWERS = ["yes", "no", "unknown"];
export const OUTCOMES = ["done", "nobody_home", "refused"];
