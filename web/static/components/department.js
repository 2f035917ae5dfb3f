import { h } from "/lib/vue.js";
import { quietTopic } from "../app/freshness.js";
import { named, t } from "../app/language.js";
import { ago, clock } from "../app/time.js";

export const departmentName = (/** @type {string} */ department) => named(`department.${department}`, department);

/** That nobody knows, and since when the topic is quiet: `{last_event_at}`. */
export const Unknown = (/** @type {{topic: {last_event_at: string | null}}} */ { topic }) =>
  h(
    "span",
    { class: "stale small", title: topic.last_event_at ? ago(topic.last_event_at) : null, "data-test": "quiet" },
    `? ${topic.last_event_at ? t("quiet.since", { at: clock(topic.last_event_at) }) : t("quiet.never")}`,
  );
Unknown.props = ["topic"];

/**
 * A department's name, marked wherever its data stands while the topic of that kind (or any of its topics) is quiet.
 */
export const Department = (/** @type {{of: string, kind?: string}} */ { of, kind }) => {
  const topic = quietTopic(of, kind);
  return h("span", { class: "department" }, [departmentName(of), topic ? h(Unknown, { topic }) : null]);
};
Department.props = ["of", "kind"];
