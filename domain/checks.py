"""Questions at the door that several rules ask."""

from domain.rule import GENERAL_CHECKS, Check, Text

SOMEONE_MET, AS_STATED, DANGER_SEEN = GENERAL_CHECKS
TENANTS_LIVE_HERE = Check("tenants_live_here", Text("租客在此居住？", "Do the tenants live here?"))
NUMBER_AS_STATED = Check("number_as_stated", Text("人数与登记一致？", "Are they as many as registered?"))
EXITS_CLEAR = Check("exits_clear", Text("消防通道畅通？", "Are the exits clear?"))
ROOMS_PARTITIONED = Check("rooms_partitioned", Text("有隔断群租？", "Are rooms partitioned?"))
GAS_AND_WIRING_SAFE = Check("gas_and_wiring_safe", Text("燃气电线安全？", "Are gas and wiring safe?"))
HOUSEHOLD_MET = Check("household_met", Text("见到住户？", "Was the household met?"))
HARDSHIP_SEEN = Check("hardship_seen", Text("生活确有困难？", "Is hardship visible?"))
HURT = Check("hurt", Text("有人受伤或不适？", "Is anybody hurt or unwell?"))
AMBULANCE_CALLED = Check("ambulance_called", Text("已叫救护车？", "Ambulance called?"))
RELATIVES_TOLD = Check("relatives_told", Text("已告知家属？", "Relatives told?"))
WANTS_HELP = Check("wants_help", Text("需要帮助？", "Is help wanted?"))
HAZARD_THERE = Check("hazard_there", Text("隐患仍在？", "Is the hazard there?"))
FENCED_OFF = Check("fenced_off", Text("已围护警示？", "Is it fenced off?"))
OWNER_TOLD = Check("owner_told", Text("已告知权属单位？", "Was its owner told?"))
STILL_LIVES_HERE = Check("still_lives_here", Text("仍住在此？", "Does the person still live here?"))
