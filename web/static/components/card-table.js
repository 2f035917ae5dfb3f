// Tables that become cards on a phone, in sections with a heading.

import { h } from "/lib/vue.js";
import { t } from "../app/language.js";

/**
 * A table whose cells carry their column's name, for narrow screens. `columns`: key → what a row shows there; the
 * column's name is the text `<words>.<key>`.
 */
export const cardTable = (words, rows, columns, { keyOf, test, attributes = (_) => ({}) }) =>
  h("table", { class: "cards" }, [
    h(
      "thead",
      h(
        "tr",
        Object.keys(columns).map((key) => h("th", { key, scope: "col" }, t(`${words}.${key}`))),
      ),
    ),
    h(
      "tbody",
      rows.map((row) =>
        h(
          "tr",
          { key: keyOf(row), "data-test": test, ...attributes(row) },
          Object.entries(columns).map(([key, show]) =>
            h("td", { key, "data-label": t(`${words}.${key}`), class: key }, h("div", show(row))),
          ),
        ),
      ),
    ),
  ]);

export const section = (id, heading, content) =>
  h("section", { id, class: "panel", "data-test": id }, [
    h("header", heading),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t(`section.${id}`) }, content),
  ]);

export const nothing = (text) => h("p", { class: "empty quiet" }, text);
