// The grid worker's page: "where next, and why?" Works without a network; nothing typed is lost.

import { computed, createApp, h, onMounted, onUnmounted, ref } from "/lib/vue.js";
import { day } from "../app/day.js";
import { fragment, go } from "../app/fragment.js";
import { perFrame } from "../app/frames.js";
import { language, named, t } from "../app/language.js";
import { online, post, waiting } from "../app/outbox.js";
import { nameOf, stopOf } from "../app/places.js";
import { learn, placeName } from "../app/regions.js";
import { account, leave, remembered } from "../app/session.js";
import { follow } from "../app/stream.js";
import { clock } from "../app/time.js";
import { GridMap } from "../components/grid-map.js";
import { LanguageSwitch } from "../components/language-switch.js";
import { MoveForm } from "../components/move-form.js";
import { OutboxStrip } from "../components/outbox-strip.js";
import { PasswordChange } from "../components/password-change.js";
import { Refusal } from "../components/refusal.js";
import { plateOf, Scan } from "../components/scan.js";
import { StopCard } from "../components/stop-card.js";
import { Visit } from "../components/visit.js";

const WIDE = matchMedia("(min-width: 700px)");

const Worker = {
  setup() {
    const who = ref(null);
    const today = day();
    const failed = ref(null);
    const scanning = ref(false);
    const handing = ref(null);
    const showMap = ref(WIDE.matches);
    let unfollow;

    onMounted(async () => {
      try {
        who.value = await account();
      } catch (away) {
        who.value = remembered();
        online.value = false;
        if (!who.value) return (failed.value = away);
      }
      if (who.value.area) learn(who.value.area.grid, who.value.area);
      await today.begin(who.value);
      const received = perFrame((events) =>
        today.takeTasks(events.filter(([kind]) => kind === "task").map(([, task]) => task)),
      );
      unfollow = follow(received, today.read);
    });
    onUnmounted(() => unfollow?.());

    const open = computed(() =>
      today.state.tasks.length && fragment.visit
        ? today.stops.value.find(({ task }) => task.id === fragment.visit)?.task
        : null,
    );
    const arrive = (task) => go({ visit: task.id });
    const back = () => go({ visit: "" });
    const acknowledge = (task) => post(task.id, "acknowledge");
    const complete = async (task, body) => {
      await post(task.id, "complete", body);
      back();
      scrollTo(0, 0);
    };
    const handOver = async (move, body) => {
      await post(handing.value.id, move, body);
      handing.value = null;
    };
    const byPlate = (plate) =>
      today.stops.value.find(
        ({ task }) => plateOf(task.dwelling ?? today.state.seen[task.finding_id]?.dwelling ?? "") === plate,
      )?.task;
    const scanned = async (plate) => {
      const task = byPlate(plate);
      scanning.value = false;
      if (task.state === "dispatched") await acknowledge(task);
      arrive(task);
    };
    const top = () => {
      const done = today.finished.value.length;
      const all = done + today.stops.value.length;
      // kept with the day, so named offline too
      const whole = today.state.tasks.find((task) => task.place?.grid === who.value.scope);
      return h("header", { class: "top" }, [
        h("span", { class: "title" }, t("worker.title")),
        who.value.domains
          ? h(
              "span",
              { class: "title", "data-test": "queue" },
              who.value.domains.map((one) => named(`domain.${one}`, one)).join(" · "),
            )
          : null,
        h("span", { class: "where" }, whole ? nameOf(whole.place) : placeName(who.value.scope, language.value)),
        h(
          "span",
          { class: "progress", "aria-label": t("worker.progress", { done, all }), "data-test": "progress" },
          `${done}/${all}`,
        ),
        h("span", { class: "spread" }),
        h(
          "span",
          {
            class: ["state", { unsent: waiting.value.length }],
            role: "status",
            "data-test": "waiting",
            "data-count": waiting.value.length,
          },
          waiting.value.length ? `⇡${t("outbox.waiting", { n: waiting.value.length })}` : "",
        ),
        h(
          "span",
          { class: "state", role: "status", "data-test": "online", "data-state": online.value ? "on" : "off" },
          [h("span", { class: ["dot", online.value ? "" : "off"] }), t(online.value ? "net.on" : "net.off")],
        ),
        h(LanguageSwitch),
      ]);
    };

    const map = () =>
      h("div", { class: "route-map" }, [
        showMap.value
          ? h(GridMap, {
              features: today.state.areas,
              pins: today.stops.value.map(({ task }) => task),
              order: true,
              spot: null,
              onOpen: (finding) =>
                document.querySelector(`[data-finding="${finding}"]`)?.scrollIntoView({ block: "center" }),
            })
          : null,
        h(
          "button",
          {
            class: "small",
            type: "button",
            "aria-expanded": String(showMap.value),
            onClick: () => (showMap.value = !showMap.value),
          },
          t(showMap.value ? "map.hide" : "map.show"),
        ),
      ]);

    const route = () => [
      map(),
      h(OutboxStrip),
      !online.value && today.state.readAt
        ? h("p", { class: "kept small" }, t("worker.kept", { at: clock(today.state.readAt) }))
        : null,
      h(Refusal, { error: today.error.value }),
      h(
        "ol",
        { class: "route", "aria-label": t("worker.title"), "data-test": "route" },
        today.stops.value.map(({ task, distance }, i) =>
          h(StopCard, {
            key: task.id,
            task,
            number: i + 1,
            distance,
            instruction: today.state.seen[task.finding_id]?.instruction,
            onAcknowledge: acknowledge,
            onArrive: arrive,
            onScan: () => (scanning.value = true),
            onHandOver: (one) => (handing.value = one),
          }),
        ),
      ),
      today.stops.value.length === 0
        ? h("p", { class: "empty quiet" }, t(today.loading.value ? "loading" : "worker.empty"))
        : null,
      today.finished.value.length
        ? h("details", { class: "finished" }, [
            h("summary", `✓ ${t("worker.finished")} ${today.finished.value.length}`),
            h(
              "ul",
              today.finished.value.map((task) =>
                h("li", { key: task.id, "data-test": "finished", "data-task": task.id }, [
                  h("span", stopOf(task.place)),
                  h(
                    "span",
                    { class: "quiet small" },
                    ` · ${named(`rule.${task.rule}`, task.rule)}${task.unsent ? ` · ⇡ ${t("outbox.one")}` : ""}`,
                  ),
                ]),
              ),
            ),
          ])
        : null,
    ];

    return () => {
      document.title = t("worker.title");
      if (!who.value)
        return h("p", { class: "waiting" }, failed.value ? h(Refusal, { error: failed.value }) : t("loading"));
      return h("div", { class: "worker" }, [
        top(),
        h(
          "main",
          open.value
            ? h(Visit, {
                key: open.value.id,
                task: open.value,
                purposes: who.value.purposes,
                onBack: back,
                onComplete: complete,
              })
            : route(),
        ),
        h("footer", [
          h(PasswordChange, { name: who.value.name }),
          h("button", { type: "button", "data-test": "sign-out", onClick: leave }, t("sign-out")),
        ]),
        scanning.value
          ? h(Scan, {
              known: (plate) => Boolean(byPlate(plate)),
              onFound: scanned,
              onClose: () => (scanning.value = false),
            })
          : null,
        handing.value
          ? h(
              "dialog",
              {
                open: true,
                class: "sheet",
                "data-test": "sheet",
                "aria-label": t("move.hand-over"),
                onKeydown: (e) => e.key === "Escape" && (handing.value = null),
              },
              [
                h("h2", `${t("move.hand-over")} · ${stopOf(handing.value.place)}`),
                h(MoveForm, {
                  key: handing.value.id,
                  task: handing.value,
                  only: "hand-over",
                  send: handOver,
                  onCancel: () => (handing.value = null),
                }),
              ],
            )
          : null,
      ]);
    };
  },
};

createApp(Worker).mount("#page");
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js");
