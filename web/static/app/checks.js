// The three to six questions of a stop, by rule. Answers are `yes`, `no` or `unknown`; keys go into the observation event as they are.

const CHECKS = {
  "newly-let": ["tenants_live_here", "number_as_stated", "lease_seen", "exits_clear"],
  "over-occupied": ["number_as_stated", "rooms_partitioned", "exits_clear", "gas_and_wiring_safe", "landlord_told"],
  "car-and-benefit": ["household_met", "car_in_use", "car_is_theirs", "hardship_seen"],
  "benefit-for-dead": ["relatives_met", "death_confirmed", "money_still_paid"],
  "child-not-enrolled": ["child_met", "at_another_school", "wants_help"],
  "elder-alone": ["someone_met", "well_and_warm", "exits_clear", "gas_and_wiring_safe", "wants_help"],
  "elder-silent": ["someone_met", "hurt", "ambulance_called", "relatives_told"],
  "facility-danger": ["hazard_there", "fenced_off", "owner_told"],
  "facility-hazard": ["hazard_there", "fenced_off", "owner_told"],
  "low-income-visit": ["household_met", "as_stated", "hardship_seen", "wants_help"],
  "new-tenant": ["tenants_live_here", "number_as_stated", "exits_clear"],
  "permit-ending": ["someone_met", "still_lives_here", "renewal_told"],
  "revoked-but-filing": ["business_open", "sign_of_company", "owner_met"],
  "serious-illness": ["someone_met", "in_treatment", "hardship_seen", "wants_help"],
  "severe-mental-alone": ["someone_met", "takes_medicine", "calm", "relatives_told"],
  "stranger-swipes": ["someone_met", "stranger_lives_here", "rooms_partitioned"],
  "unseen-registered": ["someone_met", "still_lives_here", "neighbours_asked"],
  "warned-door": ["someone_met", "danger_seen", "wants_to_leave", "brought_to_safety"],
  "button-sos": ["someone_met", "hurt", "ambulance_called", "relatives_told"],
  "button-doctor": ["someone_met", "examined", "sent_to_hospital"],
  "button-housekeeper": ["someone_met", "wish_met"],
};
const OTHERWISE = ["someone_met", "as_stated", "danger_seen"];

export const checksOf = (rule) => CHECKS[rule] ?? OTHERWISE;
export const ANSWERS = ["yes", "no", "unknown"];
export const OUTCOMES = ["done", "nobody_home", "refused"];
