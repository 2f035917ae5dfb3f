// Administrators: accounts with their roles and scopes, and who looked at what. The fragment says which of the two and
// how narrowed: #search=wang&role=grid_worker, #page=looks&account=wang&days=7.

import { createApp, h, onMounted, ref, watch } from "/lib/vue.js";
import { fragment, go } from "../app/fragment.js";
import { t } from "../app/language.js";
import { account } from "../app/session.js";
import { AccountList } from "../components/account-list.js";
import { LookList } from "../components/look-list.js";
import { OfficeTop } from "../components/office-top.js";
import { Refusal } from "../components/refusal.js";

const PAGES = ["accounts", "looks"];

const Admin = {
  setup() {
    const who = ref(null);
    const error = ref(null);
    onMounted(async () => {
      try {
        who.value = await account();
      } catch (away) {
        error.value = away;
      }
    });
    const shown = () => (fragment.page === "looks" ? "looks" : "accounts");
    watch(shown, () => scrollTo(0, 0));
    const tab = (page) =>
      h(
        "a",
        {
          key: page,
          href: page === "accounts" ? "#page=accounts" : "#page=looks",
          "aria-current": shown() === page ? "page" : null,
          "data-test": `tab-${page}`,
          onClick: (event) => {
            event.preventDefault();
            for (const key of Object.keys(fragment)) delete fragment[key];
            go({ page });
          },
        },
        t(`admin.${page}`),
      );
    return () => {
      document.title = t("admin.title");
      return h("div", { class: "department-page" }, [
        h(OfficeTop, { title: t("admin.title"), links: ["ops", "department", "catalogue"], who: who.value }),
        h("main", [
          h("nav", { class: "tabs", "aria-label": t("admin.title") }, PAGES.map(tab)),
          h(Refusal, { error: error.value }),
          who.value ? h(shown() === "looks" ? LookList : AccountList, { key: shown() }) : null,
        ]),
      ]);
    };
  },
};

createApp(Admin).mount("#page");
