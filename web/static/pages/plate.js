// A door plate: what everybody learns who scans it, and how to report something. A grid worker who is signed in sees
// the door.

import { createApp, h, onMounted, reactive, ref } from "/lib/vue.js";
import { plate, plateDoor, reportAtPlate } from "../app/api.js";
import { holdsIdentityNumber } from "../app/identity-number.js";
import { inputOf } from "../app/input.js";
import { t, textOf } from "../app/language.js";
import { inBase64 } from "../app/photo.js";
import { remembered } from "../app/session.js";
import { Door } from "../components/door.js";
import { LanguageSwitch } from "../components/language-switch.js";
import { PhotoField } from "../components/photo-field.js";
import { Refusal } from "../components/refusal.js";

const NOTE_LIMIT = 500;
const code = location.pathname.split("/").at(-1).toUpperCase();

const telephone = (phone) => h("a", { href: `tel:${phone.replace(/[^+\d]/g, "")}` }, phone);

const service = (line) =>
  h("li", { "data-test": "service", "data-kind": line.kind }, [
    h("span", { class: "tag" }, t(`service.${line.kind}`)),
    h("div", [
      h("strong", textOf(line, "name")),
      textOf(line, "about") ? h("p", { class: "small" }, textOf(line, "about")) : null,
      h("p", { class: "row small quiet" }, [
        line.phone ? telephone(line.phone) : null,
        line.hours ? h("span", line.hours) : null,
        line.address ? h("span", line.address) : null,
      ]),
    ]),
  ]);

const ReportForm = {
  props: ["categories"],
  setup(props) {
    const form = reactive({ category: /** @type {City.NewReport["category"] | ""} */ (""), note: "" });
    const picture = ref(null);
    const missing = ref(false);
    const sending = ref(false);
    const error = ref(null);
    const taken = ref(null);

    const send = async (event) => {
      event.preventDefault();
      const { category } = form;
      missing.value = !category;
      if (!category || sending.value) return;
      sending.value = true;
      error.value = null;
      try {
        const photo = picture.value ? { photo: await inBase64(picture.value) } : {};
        const note = form.note.trim() ? { note: form.note.trim() } : {};
        taken.value = await reportAtPlate(code, { category, ...note, ...photo });
        Object.assign(form, { category: "", note: "" });
        picture.value = null;
      } catch (refused) {
        error.value = refused;
      }
      sending.value = false;
    };
    const category = (one) =>
      h("label", { key: one, class: ["choice", { chosen: form.category === one }] }, [
        h("input", {
          type: "radio",
          name: "category",
          value: one,
          checked: form.category === one,
          "data-test": `category-${one}`,
          onChange: () => (form.category = one),
        }),
        h("span", t(`category.${one}`)),
      ]);

    return () =>
      taken.value
        ? h("div", { class: "taken", role: "status", "data-test": "report-taken" }, [
            h("p", h("strong", `✓ ${t("plate.report.taken")}`)),
            taken.value.note_masked ? h("p", { class: "small" }, t("plate.report.masked")) : null,
            h("p", { class: "small quiet" }, t("plate.report.number", { n: taken.value.id.slice(0, 8) })),
            h("button", { type: "button", onClick: () => (taken.value = null) }, t("plate.report.again")),
          ])
        : h("form", { class: "stack", "data-test": "report", onSubmit: send }, [
            h("fieldset", [
              h("legend", t("plate.report.what")),
              h("div", { class: "choices" }, props.categories.map(category)),
            ]),
            missing.value && !form.category
              ? h("p", { class: "refusal", role: "alert" }, t("plate.report.missing"))
              : null,
            h("label", { class: "field" }, [
              t("plate.report.note"),
              h("textarea", {
                value: form.note,
                maxlength: NOTE_LIMIT,
                "data-test": "report-note",
                onInput: (e) => (form.note = inputOf(e)),
              }),
            ]),
            holdsIdentityNumber(form.note)
              ? h("p", { class: "small refusal", role: "status" }, t("plate.report.identity"))
              : null,
            h(PhotoField, { picture: picture.value, onPicture: (one) => (picture.value = one) }),
            h(Refusal, { error: error.value }),
            h(
              "button",
              { class: "primary", disabled: sending.value, "data-test": "report-send" },
              t(sending.value ? "plate.report.sending" : "plate.report.send"),
            ),
            h("p", { class: "small quiet" }, t("plate.report.kept")),
          ]);
  },
};

const Plate = {
  setup() {
    const told = ref(null);
    const door = ref(null);
    const error = ref(null);

    onMounted(async () => {
      try {
        told.value = await plate(code);
      } catch (refused) {
        error.value = refused;
        return;
      }
      // only where a grid worker was signed in: nobody else is asked for a session
      if (remembered()?.role === "grid_worker") door.value = await plateDoor(code).catch(() => null);
    });

    const isUnknown = () => error.value?.status === 404 || error.value?.status === 422;
    const whole = () => {
      const { workers, lines } = told.value;
      const profile = lines.find((line) => line.kind === "profile");
      const services = lines.filter((line) => line.kind !== "profile");
      return [
        door.value
          ? h("section", { class: "panel", "data-test": "door-of-worker" }, h(Door, { door: door.value, onOpen: null }))
          : null,
        h("section", { class: "panel" }, [
          h("h1", { "data-test": "address" }, told.value.address ?? t("stop.no-address")),
          h("p", { class: "quiet" }, textOf(told.value, "name")),
          workers.length
            ? h("p", { "data-test": "workers" }, [`${t("plate.worker")} `, h("strong", workers.join(" · "))])
            : h("p", { class: "quiet" }, t("plate.worker.none")),
        ]),
        h("section", { class: "panel" }, [
          h("h2", profile ? textOf(profile, "name") : t("plate.services")),
          profile ? h("p", textOf(profile, "about")) : null,
          profile?.phone ? h("p", { class: "small" }, telephone(profile.phone)) : null,
          services.length
            ? h("ul", { class: "services" }, services.map(service))
            : h("p", { class: "quiet" }, t("plate.services.none")),
        ]),
        h("section", { class: "panel" }, [
          h("h2", t("plate.report")),
          h(ReportForm, { categories: told.value.categories }),
        ]),
      ];
    };

    return () => {
      document.title = t("plate.title");
      return h("div", { class: "plate" }, [
        h("header", { class: "top" }, [
          h(told.value || isUnknown() ? "span" : "h1", { class: "title" }, t("plate.title")),
          h("span", { class: "spread" }),
          h(LanguageSwitch),
        ]),
        h("main", [
          isUnknown()
            ? h("section", { class: "panel", "data-test": "no-plate" }, [
                h("h1", t("plate.none")),
                h("p", t("plate.none.what")),
              ])
            : h(Refusal, { error: error.value }),
          told.value ? whole() : error.value ? null : h("p", { class: "quiet" }, t("loading")),
        ]),
        h("footer", { class: "small quiet" }, t("plate.privacy")),
      ]);
    };
  },
};

createApp(Plate).mount("#page");
