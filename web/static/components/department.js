import { h } from "/lib/vue.js";
import { departments, isStale } from "../app/freshness.js";
import { named, t } from "../app/language.js";
import { ago } from "../app/time.js";

export const departmentName = (department) => named(`department.${department}`, department);

/** A department's name, marked wherever its data stands when it is behind. */
export const Department = ({ of }) =>
  h("span", { class: "department" }, [
    departmentName(of),
    isStale(of) ? h("span", { class: "stale small", title: ago(departments.get(of).last_event_at) }, `⚠ ${t("stale")}`) : null,
  ]);
Department.props = ["of"];
