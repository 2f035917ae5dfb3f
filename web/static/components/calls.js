import { h, onMounted, onUnmounted, ref, shallowRef, watch } from "/lib/vue.js";
import { badge, mayNotSound, muted, ring } from "../app/alarm.js";
import { answerCall, calls as readCalls, unmaskCase } from "../app/api.js";
import { language, t, textOf } from "../app/language.js";
import { nameOf } from "../app/places.js";
import { closeNotices } from "../app/push.js";
import { remembered } from "../app/session.js";
import { callsTouched } from "../app/stream.js";
import { clock } from "../app/time.js";
import { Refusal } from "./refusal.js";

const REREAD_MS = 15_000; // the stream says when there is something; this is for when it does not
const SECOND_MS = 1_000;

/** Calls for help: on every page of whoever a call concerns, before all else. Nothing while there is none. */
export const Calls = {
  setup() {
    const calls = shallowRef(/** @type {City.Call[]} */ ([]));
    const people = ref({}); // finding → whom it is about, once looked at
    const error = ref(null);
    const now = ref(Date.now());
    const isDesk = () => remembered()?.role === "command_centre" || remembered()?.domains?.join() === "sos";

    const read = async () => {
      try {
        calls.value = await readCalls();
        error.value = null;
      } catch {
        return; // what is known stays; the page itself says that it is offline or signed out
      }
      closeNotices(waiting().map((call) => call.task));
      // who sees nothing but calls looks for that purpose alone
      if (remembered()?.domains?.join() === "sos")
        for (const one of calls.value) if (!people.value[one.finding_id]) look(one);
    };
    const look = async (call) => {
      try {
        people.value = {
          ...people.value,
          [call.finding_id]: (await unmaskCase(call.finding_id, "handle_case")).people,
        };
      } catch (refused) {
        error.value = refused;
      }
    };
    const answer = async (call) => {
      try {
        calls.value = await answerCall(call.task);
        closeNotices(waiting().map((one) => one.task));
        error.value = null;
      } catch (refused) {
        error.value = refused;
        await read();
      }
    };
    const left = (instant) => {
      const seconds = Math.max(0, Math.round((Date.parse(instant) - now.value) / SECOND_MS));
      return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    };
    const waiting = () => calls.value.filter((call) => call.state === "dispatched");
    const tick = () => {
      now.value = Date.now();
      badge(waiting().length);
      ring(waiting().some((call) => call.told_at || call.desk_at));
    };
    let every, again;
    onMounted(() => {
      read();
      every = setInterval(tick, SECOND_MS);
      again = setInterval(read, REREAD_MS);
    });
    onUnmounted(() => {
      clearInterval(every);
      clearInterval(again);
      ring(false);
    });
    watch(callsTouched, read);

    const person = (call) => {
      const known = people.value[call.finding_id];
      if (!known)
        return isDesk() && call.sees_case
          ? h("button", { type: "button", "data-test": "call-people", onClick: () => look(call) }, t("call.people"))
          : null;
      if (known.length === 0) return h("span", t("call.nobody"));
      return known.map((one) =>
        h("span", { key: one.id, class: "row" }, [
          h("strong", one.name ?? t("person.nameless")),
          one.phone
            ? h("a", { class: "dial", href: `tel:${one.phone}`, "data-test": "call-dial" }, `☎ ${one.phone}`)
            : null,
        ]),
      );
    };
    /** Once the time is over the server has yet to tell the next one: a "0:00" that stays says nothing. */
    const next = (at) => (Date.parse(at) > now.value ? t("call.next", { left: left(at) }) : t("call.next.now"));
    const line = (call) =>
      h("li", { key: call.task, class: call.state, "data-test": "call", "data-state": call.state }, [
        h("div", { class: "who row" }, [h("strong", "⚠ SOS"), person(call)]),
        h("p", [nameOf(call.place), call.place?.address].filter(Boolean).join(" · ") || t("call.nowhere")),
        h("p", { class: "small" }, `${clock(call.dispatched_at)} · ${textOf(call, "why")}`),
        call.told.length
          ? h(
              "p",
              { class: "small", "data-test": "call-told" },
              t("call.told", {
                who: call.told
                  .map((one) =>
                    one.metres === null ? one.name : t("call.told.one", { name: one.name, n: one.metres }),
                  )
                  .join(language.value === "zh" ? "、" : ", "),
              }),
            )
          : null,
        h("div", { class: "row" }, [
          call.next_at
            ? h("span", { class: "left", "data-test": "call-left" }, next(call.next_at))
            : h("span", t("call.by", { who: call.by ?? "–" })),
          call.may_answer
            ? h("button", { type: "button", "data-test": "call-answer", onClick: () => answer(call) }, t("call.answer"))
            : null,
        ]),
      ]);

    return () =>
      calls.value.length
        ? h("aside", { class: "calls", "aria-label": t("call.title"), "data-test": "calls" }, [
            h("div", { class: "row" }, [
              h("h2", t("call.count", { n: waiting().length })),
              h("span", { class: "spread" }),
              mayNotSound.value && !muted.value ? h("span", { class: "small" }, t("call.touch")) : null,
              h(
                "button",
                {
                  type: "button",
                  "aria-pressed": String(muted.value),
                  "data-test": "call-mute",
                  onClick: () => (muted.value = !muted.value),
                },
                t(muted.value ? "call.muted" : "call.mute"),
              ),
            ]),
            h("ul", calls.value.map(line)),
            h(Refusal, { error: error.value }),
          ])
        : null;
  },
};
