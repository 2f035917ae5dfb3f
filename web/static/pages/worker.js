// The grid worker's page: "where next, and why?" Works without a network; nothing typed is lost.

import { computed, createApp, h, onMounted, onUnmounted, ref } from "/lib/vue.js";
import { plateDoor } from "../app/api.js";
import { day } from "../app/day.js";
import { forgetDraft, photoOf } from "../app/drafts.js";
import { fragment, go } from "../app/fragment.js";
import { perFrame } from "../app/frames.js";
import { installPages } from "../app/installed.js";
import { language, named, t } from "../app/language.js";
import { online, post, waiting } from "../app/outbox.js";
import { nameOf, stopOf } from "../app/places.js";
import { CODE, doorOf } from "../app/plates.js";
import { followIfAllowed, here, leavePosition } from "../app/position.js";
import { learn, placeName } from "../app/regions.js";
import { onFoot } from "../app/route.js";
import { account, leave, remembered } from "../app/session.js";
import { keepBeating } from "../app/shift.js";
import { follow } from "../app/stream.js";
import { clock } from "../app/time.js";
import { DayOver } from "../components/day-over.js";
import { Door } from "../components/door.js";
import { LanguageSwitch } from "../components/language-switch.js";
import { MoveForm } from "../components/move-form.js";
import { OutboxStrip } from "../components/outbox-strip.js";
import { PasswordChange } from "../components/password-change.js";
import { Refusal } from "../components/refusal.js";
import { RouteHead } from "../components/route-head.js";
import { RouteMap } from "../components/route-map.js";
import { plateOf, Scan } from "../components/scan.js";
import { Sheet } from "../components/sheet.js";
import { ShiftStrip } from "../components/shift-strip.js";
import { StopCard } from "../components/stop-card.js";
import { answersTo, Visit } from "../components/visit.js";
import { Waiting } from "../components/waiting.js";

const Worker = {
  setup() {
    const who = ref(null);
    const today = day();
    const failed = ref(null);
    const scanning = ref(false);
    const handing = ref(null); // tasks of one door, whose move is chosen or written
    const asking = ref(false); // of its street or district; else they are handed over
    const unplanned = ref(null); // a door that was scanned and is no stop of today
    let unfollow, unbeat;

    onMounted(async () => {
      try {
        who.value = await account();
      } catch (away) {
        who.value = remembered();
        online.value = false;
        if (!who.value) return (failed.value = away);
      }
      if (who.value.area) learn(who.value.area.grid, who.value.area);
      unbeat = keepBeating();
      await followIfAllowed();
      await today.begin(who.value);
      const received = perFrame((events) =>
        today.takeTasks(events.filter(([kind]) => kind === "task").map(([, task]) => task)),
      );
      unfollow = follow(received, today.read);
    });
    onUnmounted(() => {
      unfollow?.();
      unbeat?.();
      leavePosition();
    });

    // by any of its findings: a link that was made before the stop had a second one still opens it
    const open = computed(() =>
      fragment.visit
        ? today.stops.value.find(
            ({ key, tasks }) => key === fragment.visit || tasks.some((task) => task.id === fragment.visit),
          )
        : null,
    );
    const onRoute = computed(() => today.stops.value.filter((stop) => !stop.left));
    const leftOut = computed(() => today.stops.value.filter((stop) => stop.left));
    const addressOf = (key) => stopOf(today.stops.value.find((stop) => stop.key === key)?.place) || key;
    const stopOfTask = (id) => {
      const task = today.known.get(id);
      return task ? `${stopOf(task.place)} · ${named(`rule.${task.rule}`, task.rule)}` : "";
    };
    const arrive = (stop) => go({ visit: stop.key });
    const back = () => go({ visit: "" });
    const acknowledge = async (tasks) => {
      for (const task of tasks) await post(task.id, "acknowledge");
    };
    /** One visit answers all that is to be done at the door. */
    const complete = async (stop, body, photo) => {
      await acknowledge(stop.tasks.filter((task) => task.state === "dispatched")); // it came in while the form was open
      const [first, ...others] = stop.tasks.map((task) => task.id);
      if (photo && first) {
        await post(first, "photo", { photo, also: others });
        await forgetDraft(photoOf(stop.key)); // it is in the outbox now
      }
      for (const task of stop.tasks) await post(task.id, "complete", { ...body, checks: answersTo(task, body.checks) });
      for (const patrol of stop.patrols) await post(patrol.id, "patrol", { ...body, checks: {} });
      back();
      scrollTo(0, 0);
    };
    const handOver = async (move, body) => {
      for (const task of handing.value) await post(task.id, move, body);
      handing.value = null;
    };
    const byPlate = (plate) =>
      today.stops.value.find(
        ({ key, tasks }) =>
          plateOf(key) === plate ||
          tasks.some((task) => plateOf(today.state.seen[task.finding_id]?.dwelling ?? "") === plate),
      );
    const atStop = async (stop) => {
      scanning.value = false;
      await acknowledge(stop.tasks.filter((task) => task.state === "dispatched"));
      arrive(stop);
    };
    /** A plate on the route leads to its stop, without a network too; another one to its door, if it is served here. */
    const scanned = async (plate, code) => {
      const door = CODE.test(code) ? await doorOf(code) : null;
      const stop = byPlate(door ? plateOf(door) : plate);
      if (stop) return void (await atStop(stop));
      if (!CODE.test(code)) return t("scan.none");
      try {
        const found = await plateDoor(code);
        const planned = byPlate(plateOf(found.dwelling));
        if (planned) return void (await atStop(planned));
        unplanned.value = found;
        scanning.value = false;
        scrollTo(0, 0);
      } catch (refused) {
        return t(refused.status === 404 ? "scan.not-here" : refused.status ? "scan.failed" : "door.away");
      }
    };
    const openTask = (task) => {
      unplanned.value = null;
      go({ visit: task.id });
    };
    const atDoor = () =>
      h("div", { class: "visit", "data-test": "unplanned" }, [
        h("header", [
          h(
            "button",
            { type: "button", "data-test": "back", onClick: () => (unplanned.value = null) },
            `← ${t("visit.back")}`,
          ),
        ]),
        h(Door, { door: unplanned.value, onOpen: openTask }),
      ]);
    const top = () => {
      const done = today.finished.value.length;
      const all = done + today.stops.value.reduce((n, { tasks, patrols }) => n + tasks.length + patrols.length, 0);
      // kept with the day, so named offline too
      const whole = today.state.tasks.find((task) => task.place?.grid === who.value.scope);
      return h("header", { class: "top" }, [
        h("h1", { class: "title" }, t("worker.title")),
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

    const stopCard = (stop, i) =>
      h(StopCard, {
        key: stop.key,
        stop,
        number: stop.left ? "–" : i + 1,
        distance: i === 0 && here.value ? onFoot(here.value, stop.place) : stop.plan?.metres,
        instructions: today.instructions.value,
        addressOf,
        onAcknowledge: acknowledge,
        onArrive: arrive,
        onScan: () => (scanning.value = true),
        onHandOver: (tasks) => ([handing.value, asking.value] = [tasks, false]),
        onAsk: (tasks) => ([handing.value, asking.value] = [tasks, true]),
      });

    /** Nothing of the day is there yet: what would be pushed down by it waits as well. */
    const isComing = () => today.loading.value && today.stops.value.length === 0;
    const route = () => [
      h(RouteMap, { stops: onRoute.value, areas: today.state.areas }),
      h(OutboxStrip, { stopOfTask }),
      h(ShiftStrip, { onEnded: today.read }),
      !online.value && today.state.readAt
        ? h("p", { class: "kept small" }, t("worker.kept", { at: clock(today.state.readAt) }))
        : null,
      h(Refusal, { error: today.error.value }),
      isComing() ? null : h(RouteHead, { ...today.head.value, onReplan: () => today.replan(true) }),
      h("ol", { class: "route", "aria-label": t("worker.title"), "data-test": "route" }, onRoute.value.map(stopCard)),
      leftOut.value.length
        ? h("details", { class: "finished", open: true, "data-test": "left-out" }, [
            h("summary", t("route.left", { n: leftOut.value.length })),
            h("ol", { class: "route" }, leftOut.value.map(stopCard)),
          ])
        : null,
      today.stops.value.length === 0
        ? h("p", { class: ["empty quiet", { coming: isComing() }] }, t(isComing() ? "loading" : "worker.empty"))
        : null,
      h(DayOver, { finished: today.finished.value, closed: today.closed.value }),
    ];

    return () => {
      document.title = t("worker.title");
      if (!who.value) return h(Waiting, { title: t("worker.title"), error: failed.value });
      return h("div", { class: "worker" }, [
        top(),
        h(
          "main",
          unplanned.value
            ? atDoor()
            : open.value
              ? h(Visit, {
                  key: open.value.key,
                  stop: open.value,
                  purposes: who.value.purposes,
                  instructions: today.instructions.value,
                  onBack: back,
                  onComplete: complete,
                  onHandOver: (tasks) => ([handing.value, asking.value] = [tasks, false]),
                  onAsk: (tasks) => ([handing.value, asking.value] = [tasks, true]),
                })
              : route(),
        ),
        h("footer", [
          h(PasswordChange, { name: who.value.name }),
          h("button", { type: "button", "data-test": "sign-out", onClick: leave }, t("sign-out")),
        ]),
        scanning.value
          ? h(Scan, {
              open: scanned,
              onClose: () => (scanning.value = false),
            })
          : null,
        handing.value
          ? h(
              Sheet,
              {
                "data-test": "sheet",
                label: t(asking.value ? "move.ask" : "move.hand-over"),
                onClose: () => (handing.value = null),
              },
              () => [
                h("h2", `${t(asking.value ? "move.ask" : "move.hand-over")} · ${stopOf(handing.value[0].place)}`),
                handing.value.length > 1 ? h("p", t("stop.matters", { n: handing.value.length })) : null,
                h(MoveForm, {
                  key: handing.value[0].id,
                  task: handing.value[0],
                  only: asking.value ? null : "hand-over",
                  among: ["ask-extension", "ask-suspension"],
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
installPages();
