import { h, ref } from "/lib/vue.js";
import { inputOf } from "../app/input.js";
import { language, named, t } from "../app/language.js";
import { Refusal } from "./refusal.js";

const FEW = 6; // of more people, the rest come on asking

/** The people concerned: masked until a purpose is chosen; the look and its purpose are recorded by the server. */
export const People = {
  props: ["people", "purposes", "unmask"],
  setup(props) {
    const shown = ref(null);
    const error = ref(null);
    const busy = ref(false);
    const whole = ref(false);

    const choose = async (purpose) => {
      if (!purpose) return;
      busy.value = true;
      error.value = null;
      try {
        shown.value = await props.unmask(purpose);
      } catch (refused) {
        error.value = refused;
      }
      busy.value = false;
    };

    const person = (one) =>
      h("li", { key: one.id, class: { masked: one.masked } }, [
        h("strong", one.name ?? t("person.nameless")),
        one.relation ? h("span", { class: "tag" }, named(`relation.${one.relation}`, one.relation)) : null,
        one.born ? h("span", { class: "small" }, `${t("person.born")} ${one.born}`) : null,
        one.phone ? h("a", { class: "small", href: `tel:${one.phone}` }, one.phone) : null,
        one.resident
          ? h(
              "a",
              { class: "small", href: `/record.html#resident/${encodeURIComponent(one.resident)}` },
              t("person.record"),
            )
          : null,
        one.address ? h("span", { class: "small quiet" }, one.address) : null,
      ]);

    return () => {
      const people = shown.value?.people ?? props.people ?? [];
      if (people.length === 0) return h("p", { class: "quiet" }, t("person.none"));
      const masked = people.some((one) => one.masked);
      return h("div", { class: "people", "data-test": "people" }, [
        people.length > FEW
          ? h("p", { class: "small quiet", "data-test": "people-count" }, t("person.count", { n: people.length }))
          : null,
        h("ul", (whole.value ? people : people.slice(0, FEW)).map(person)),
        people.length > FEW
          ? h(
              "button",
              {
                type: "button",
                class: "plain small rest",
                "aria-expanded": String(whole.value),
                "data-test": "people-rest",
                onClick: () => (whole.value = !whole.value),
              },
              whole.value ? t("person.fewer") : t("person.rest", { n: people.length - FEW }),
            )
          : null,
        masked && props.purposes?.length
          ? h("label", { class: "purpose small" }, [
              h("span", t("person.why-look")),
              h("select", { disabled: busy.value, "data-test": "purpose", onChange: (e) => choose(inputOf(e)) }, [
                h("option", { value: "" }, t("person.choose-purpose")),
                ...props.purposes.map((one) => h("option", { value: one.name, key: one.name }, one[language.value])),
              ]),
            ])
          : null,
        h("p", { class: "quiet small" }, t(shown.value ? "person.recorded" : "person.masked")),
        h(Refusal, { error: error.value }),
      ]);
    };
  },
};
