import { h, nextTick, onBeforeUpdate, onUpdated, ref, watch } from "/lib/vue.js";
import { t } from "../app/language.js";
import { AlertLine } from "./alert-line.js";
import { AlertRow } from "./alert-row.js";

const DRAWN = 200; // rows; a flood of alerts must not make the page slow

/** How many alerts a list has; and as how many rows, where a line stands for several. */
const countText = (counted) => {
  const count = t("list.count", { n: counted ? `${counted.count}${counted.more ? "+" : ""}` : "–" });
  return counted && counted.lines < counted.count ? `${count} · ${t("list.lines", { n: counted.lines })}` : count;
};

/**
 * The list keeps its place: whatever is inserted or removed above, the first row in sight stays where the eye has it.
 */
export const AlertList = {
  props: ["list", "open", "title", "filters", "loading"],
  emits: ["open", "more", "clear"],
  setup(props, { emit }) {
    const box = ref(null);
    const drawn = ref(DRAWN);
    const scrolled = ref(false);
    let anchor = null;

    const rows = () => [...(box.value?.querySelectorAll("[data-finding]") ?? [])];

    onBeforeUpdate(() => {
      anchor = null;
      if (!box.value || box.value.scrollTop < 4) return;
      const top = box.value.getBoundingClientRect().top;
      const first = rows().find((row) => row.getBoundingClientRect().bottom > top);
      if (first) anchor = { id: first.dataset.finding, at: first.getBoundingClientRect().top };
    });
    onUpdated(() => {
      const again = anchor && rows().find((row) => row.dataset.finding === anchor.id);
      if (again) box.value.scrollTop += again.getBoundingClientRect().top - anchor.at;
    });

    const onScroll = () => {
      scrolled.value = box.value.scrollTop > 4;
      if (!scrolled.value) props.list.seen();
    };
    const more = () => {
      if (props.list.items.value.length <= drawn.value) emit("more");
      drawn.value += DRAWN;
    };
    const toTop = () => nextTick(() => box.value.scrollTo({ top: 0, behavior: "smooth" }));
    watch(
      () => props.title,
      () => {
        drawn.value = DRAWN;
        if (box.value) box.value.scrollTop = 0;
      },
    );

    return () => {
      const items = props.list.items.value;
      const counted = props.list.counted.value;
      const waiting = props.list.arrived.size;
      return h("section", { class: ["panel list", { coming: !counted }], "aria-label": t("list.title") }, [
        h("header", [
          h("h2", props.title),
          h("span", { class: "quiet small", "data-test": "list-count" }, countText(counted)),
          h("span", { class: "spread" }),
          h("button", { class: "plain small", type: "button", onClick: () => emit("clear") }, t("list.all")),
        ]),
        scrolled.value && waiting
          ? h(
              "button",
              { class: "pill primary", type: "button", "data-test": "new-pill", onClick: toTop },
              `↑ ${t("list.new", { n: waiting })}`,
            )
          : null,
        h(
          "div",
          {
            class: "scroll",
            ref: box,
            tabindex: 0,
            role: "region",
            "aria-label": props.title,
            onScroll,
            "data-test": "alerts",
          },
          [
            h(
              "ul",
              { "aria-live": "polite", "aria-relevant": "additions" },
              items.slice(0, drawn.value).map((alert) =>
                h(alert.gathered?.alerts > 1 ? AlertLine : AlertRow, {
                  key: alert.finding_id,
                  alert,
                  open: alert.finding_id === props.open,
                  opened: props.open,
                  filters: props.filters,
                  fresh: props.list.arrived.has(alert.finding_id),
                  onOpen: (id) => emit("open", id),
                }),
              ),
            ),
            items.length === 0 ? h("p", { class: "empty quiet" }, t(props.loading ? "loading" : "list.empty")) : null,
            props.list.next.value || items.length > drawn.value
              ? h("button", { type: "button", class: "more", onClick: more }, t("list.more"))
              : null,
          ],
        ),
      ]);
    };
  },
};
