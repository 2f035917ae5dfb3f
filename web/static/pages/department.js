// A department: what it is asked, what became of its records and of what it handed over, the lines that wait to be
// mended, its dead letters.
// #lines=<file or topic> shows the lines of that one.

import { computed, createApp, h, onMounted, onUnmounted, ref } from "/lib/vue.js";
import { departmentFeedback, departmentPage } from "../app/api.js";
import { refreshFreshness, topics } from "../app/freshness.js";
import { inputOf } from "../app/input.js";
import { t } from "../app/language.js";
import { account, leave } from "../app/session.js";
import { departmentName } from "../components/department.js";
import { Questions, Results } from "../components/feedback.js";
import { HandedOver, Letters, OpenLines, Topics } from "../components/handed-over.js";
import { LanguageSwitch } from "../components/language-switch.js";
import { PasswordChange } from "../components/password-change.js";
import { Refusal } from "../components/refusal.js";

const REREAD_MS = 10_000;

const wanted = () => new URLSearchParams(location.hash.slice(1));

const Department = {
  setup() {
    const who = ref(null);
    const error = ref(null);
    const page = ref(null);
    const feedback = ref(null);
    const standing = ref(wanted().get("standing") ?? "");
    const source = ref(wanted().get("lines") ?? "");
    const chosen = ref(wanted().get("department") ?? "");

    const read = async () => {
      try {
        const answer = await departmentPage(chosen.value || undefined);
        if (!answer.department) return location.replace("/catalogue.html"); // the account belongs to none
        page.value = answer;
        await readFeedback();
        await refreshFreshness();
        error.value = null;
      } catch (refused) {
        error.value = refused;
      }
    };
    const readFeedback = async () => {
      const department = chosen.value || undefined;
      feedback.value = await departmentFeedback({ department, standing: standing.value });
    };
    const follow = () => {
      const now = wanted();
      source.value = now.get("lines") ?? "";
      if ((now.get("standing") ?? "") !== standing.value) {
        standing.value = now.get("standing") ?? "";
        readFeedback().catch((refused) => (error.value = refused));
      }
      if ((now.get("department") ?? "") !== chosen.value) {
        chosen.value = now.get("department") ?? "";
        read();
      }
    };
    const among = (chosenNow) => {
      const now = wanted();
      if (chosenNow) now.set("standing", chosenNow);
      else now.delete("standing");
      location.hash = `#${now}`;
    };
    const choose = (name) => (location.hash = `#${new URLSearchParams({ department: name })}`);

    let every;
    onMounted(async () => {
      addEventListener("hashchange", follow);
      try {
        who.value = await account();
      } catch (away) {
        error.value = away;
        return;
      }
      await read();
      every = setInterval(read, REREAD_MS);
    });
    onUnmounted(() => clearInterval(every));

    const own = computed(() => [...topics.values()].filter((topic) => topic.department === page.value?.department));
    const name = () => departmentName(page.value?.department ?? "");

    const countOf = (name) => feedback.value?.counts.find((one) => one.standing === name)?.count ?? null;
    const answeredNow = (answer) => (standing.value ? readFeedback() : (feedback.value = answer));

    const late = () => feedback.value?.overdue ?? 0;
    const number = (key, value, section, isTrouble = false) =>
      h(
        "a",
        {
          class: ["number-box", { some: value > 0, trouble: isTrouble }],
          href: `#${section}`,
          "data-test": `number-${key}`,
        },
        [h("strong", value === null ? "–" : String(value)), h("span", t(`department.number.${key}`))],
      );
    const jump = (event) => {
      const link = event.target.closest("a.number-box");
      if (!link) return;
      event.preventDefault();
      if (link.dataset.test === "number-lines") location.hash = "";
      document.getElementById(link.hash.slice(1))?.scrollIntoView({ block: "start" });
    };

    const whole = () => [
      h("nav", { class: ["numbers", late() ? "seven" : "six"], "aria-label": t("department.numbers"), onClick: jump }, [
        late() ? number("overdue", late(), "questions", true) : null,
        number("questions", feedback.value?.waiting ?? null, "questions"),
        number("contradicted", countOf("contradicted"), "results"),
        number("lines", page.value.open_lines, "open-lines"),
        number("letters", page.value.waiting_letters, "letters"),
        number("quiet", topics.size ? own.value.filter((topic) => topic.stale).length : null, "topics"),
        number("files", page.value.files.length, "files"),
      ]),
      feedback.value ? h(Questions, { feedback: feedback.value, onAnswered: answeredNow }) : null,
      feedback.value ? h(Results, { feedback: feedback.value, chosen: standing.value, onChoose: among }) : null,
      h(HandedOver, { files: page.value.files, lines: page.value.lines }),
      h(OpenLines, { lines: page.value.lines, counted: page.value.open_lines, source: source.value }),
      h(Letters, { letters: page.value.letters }),
      h(Topics, { topics: own.value }),
    ];

    return () => {
      document.title = t("department.title", { name: name() });
      return h("div", { class: "department-page" }, [
        h("header", { class: "top" }, [
          h("h1", { class: "title" }, t("department.title", { name: name() })),
          h("span", { class: "spread" }),
          (page.value?.departments.length ?? 0) > 1
            ? h(
                "select",
                {
                  value: page.value.department,
                  "aria-label": t("department.other"),
                  "data-test": "department",
                  onChange: (event) => choose(inputOf(event)),
                },
                page.value.departments.map((one) => h("option", { key: one, value: one }, departmentName(one))),
              )
            : null,
          h("a", { class: "state", href: "/catalogue.html", "data-test": "to-catalogue" }, t("department.catalogue")),
          h(LanguageSwitch),
          who.value ? h(PasswordChange, { name: who.value.name }) : null,
          h("button", { class: "plain", type: "button", "data-test": "sign-out", onClick: leave }, t("sign-out")),
        ]),
        h("main", [
          h(Refusal, { error: error.value }),
          page.value ? whole() : error.value ? null : h("p", { class: "quiet" }, t("loading")),
        ]),
      ]);
    };
  },
};

createApp(Department).mount("#page");
