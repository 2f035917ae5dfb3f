import { h } from "/lib/vue.js";
import { named, t } from "../app/language.js";
import { departmentName, Unknown } from "./department.js";

const MOST = 4; // of more, the rest come on asking

const line = (topic) =>
  h("li", { key: topic.topic }, [
    h("strong", departmentName(topic.department)),
    h("span", { class: "quiet small", title: topic.topic }, named(`topic.${topic.topic}`, topic.topic)),
    h(Unknown, { topic }),
  ]);

/**
 * Departments that are quiet, where what they would have said is missing: `{topic, department, last_event_at}` each.
 */
export const QuietTopics = (/** @type {{topics: City.Freshness[], title?: string}} */ { topics, title }) => {
  if (!topics?.length) return null;
  return h("div", { class: "quiet-topics", "data-test": "quiet-topics" }, [
    title ? h("p", { class: "small" }, title) : null,
    h("ul", topics.slice(0, MOST).map(line)),
    topics.length > MOST
      ? h("details", [
          h("summary", { class: "small" }, t("quiet.more", { n: topics.length - MOST })),
          h("ul", topics.slice(MOST).map(line)),
        ])
      : null,
  ]);
};
QuietTopics.props = ["topics", "title"];
