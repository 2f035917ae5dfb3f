// The HTTP API as functions. Same origin, cookie session; every refusal is a problem (RFC 9457) thrown as `Problem`.

const BASE = "/api/v1";
const LARGEST_PAGE = 200;
const MOST_TASKS = 1000; // more than a person walks in a day

/** A refusal by the server: `status` (HTTP), `title`, `detail`, `type` as in RFC 9457. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {City.Problem} body
   */
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.title = body.title || "";
    this.type = body.type || "about:blank";
  }
}

/** The server could not be reached at all: nothing is known about what it did. */
export class Unreachable extends Error {}

const leaving = new AbortController();

/** Nothing that was asked before arrives any more, and nothing but the end of the session is asked: somebody left. */
export const abandon = () => leaving.abort();

/**
 * One request. `body` is sent as JSON; resolves to the parsed body, null for an empty one. Throws Problem or
 * Unreachable.
 *
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>} what the OpenAPI document says of it: each function below names its part
 */
export async function request(method, path, body, headers = {}) {
  /** @type {RequestInit & {headers: Record<string, string>}} */
  const options = {
    method,
    signal: path === "/session" ? null : leaving.signal,
    credentials: "same-origin",
    headers: { accept: "application/json", "accept-language": document.documentElement.lang, ...headers },
  };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["content-type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(BASE + path, options);
  } catch (cause) {
    throw new Unreachable(String(cause));
  }
  const text = await answer.text();
  const parsed = text && (answer.headers.get("content-type") || "").includes("json") ? JSON.parse(text) : null;
  if (!answer.ok) throw new Problem(answer.status, parsed || {});
  return parsed;
}

/** As it stands behind an address, without what is empty. @param {object} parameters */
export function query(parameters) {
  const kept = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return kept.length ? `?${new URLSearchParams(kept)}` : "";
}

const part = encodeURIComponent;
/** @returns {any[]} */
const listed = (/** @type {any} */ answer) => (Array.isArray(answer) ? answer : (answer?.items ?? []));

/** @type {(name: string, password: string) => Promise<City.Account>} */
export const signIn = (name, password) => request("POST", "/session", { name, password });
export const signOut = () => request("DELETE", "/session");
/** @type {() => Promise<{id: string, key: string}>} */
export const sealingKey = () => request("GET", "/sealing-key");
/** @type {(sealed: string) => Promise<{content: any}>} */
export const openSealed = (sealed) => request("POST", "/sealed/open", { sealed });
/** Grids that a task can be given to. @type {(search: string) => Promise<City.Queue[]>} */
export const queues = async (search) => listed(await request("GET", `/queues${query({ search })}`));
/** Ends the account's other sessions. @type {(old: string, changed: string) => Promise<null>} */
export const changePassword = (old, changed) => request("POST", "/me/password", { old, new: changed });
/** @type {() => Promise<City.Account>} */
export const me = () => request("GET", "/me");
/** @type {() => Promise<City.PushState>} */
export const pushState = () => request("GET", "/push");
export const subscribePush = (/** @type {object} */ subscription) => request("PUT", "/push", subscription);
export const forgetPush = () => request("DELETE", "/push");
/** @type {(grid?: string) => Promise<City.Summary>} */
export const summary = (grid) => request("GET", `/summary${query({ grid })}`);
/**
 * A page of alerts: calls for help first, then by the time left.
 *
 * @returns {Promise<City.Alerts>}
 */
export async function alerts(filter = {}) {
  const answer = await request("GET", `/alerts${query(filter)}`);
  return { items: listed(answer), next: answer?.next ?? null };
}
/**
 * How many alerts the list of these filters has.
 *
 * @type {(filter: object) => Promise<City.Count>}
 */
export const alertCount = (filter) => request("GET", `/alerts/count${query(filter)}`);
/**
 * Grid workers of the area, those on duty first.
 *
 * @returns {Promise<City.Worker[]>}
 */
export const workers = async () => listed(await request("GET", "/workers"));
/** @type {(finding: string) => Promise<City.Case>} */
export const alertCase = (finding) => request("GET", `/alerts/${part(finding)}`);
/**
 * The case's people unmasked; the look is recorded.
 *
 * @type {(finding: string, purpose: string) => Promise<City.Unmasked>}
 */
export const unmaskCase = (finding, purpose) => request("POST", `/alerts/${part(finding)}/people`, { purpose });
/**
 * All tasks of the account's queues that fit the filter: calls for help first, then by the time left.
 *
 * @returns {Promise<City.Task[]>}
 */
export async function tasks(filter = {}) {
  /** @type {City.Task[]} */
  const items = [];
  /** @type {string | null | undefined} */
  let cursor;
  do {
    const page = await request("GET", `/tasks${query({ ...filter, limit: LARGEST_PAGE, cursor })}`);
    items.push(...listed(page));
    cursor = page.next;
  } while (cursor && items.length < MOST_TASKS);
  return items;
}
/**
 * Moves a task; `key` makes a repeated request harmless. A visit may be answered by a task that is gone from here.
 *
 * @type {(task: string, move: string, body?: object, key?: string) => Promise<City.Moved>}
 */
export const moveTask = (task, move, body, key) => {
  /** @type {Record<string, string>} */
  const paths = { patrol: `/patrols/${part(task)}/complete`, photo: `/tasks/${part(task)}/photos` };
  const path = paths[move] ?? `/tasks/${part(task)}/${move}`;
  return request("POST", path, body ?? {}, key ? { "idempotency-key": key } : {});
};
/**
 * Today's route. `before`: the keys of the stops as they are in hand; they stay but for what is urgent.
 *
 * @type {(wish: {position?: {lon: number, lat: number}, before?: string[], anew?: boolean}) => Promise<City.RoutePlan>}
 */
export const planRoute = (wish) => request("POST", "/route", wish);
/** @type {(position: {lon: number, lat: number, age_s: number} | null) => Promise<City.Beat>} */
export const heartbeat = (position) => request("POST", "/heartbeat", position ? { position } : {});
/** @type {(note: string | null) => Promise<{released: number}>} */
export const endShift = (note) => request("POST", "/shift/end", note ? { note } : {});
/** Calls for help that concern the account. @type {() => Promise<City.Call[]>} */
export const calls = async () => listed(await request("GET", "/calls"));
/** @type {(task: string) => Promise<City.Call[]>} */
export const answerCall = async (task) => listed(await request("POST", `/calls/${part(task)}/answer`, {}));
/** Today's shifts of the area. @type {(day?: string) => Promise<City.Shift[]>} */
export const roster = async (day) => listed(await request("GET", `/roster${query({ day })}`));
/**
 * The whole of a grid's day, but for what has begun.
 *
 * @type {(grid: string, day: string, items: object[]) => Promise<any>}
 */
export const planDay = (grid, day, items) => request("PUT", `/roster/${grid}/${day}`, { items });
/**
 * A row, masked; with a purpose whole, and the look is recorded with it.
 *
 * @type {(view: string, id: string, purpose?: string) => Promise<City.Row>}
 */
export const row = (view, id, purpose) => {
  const path = `/rows/${part(view)}/${part(id)}`;
  return purpose ? request("POST", path, { purpose }) : request("GET", path);
};
/**
 * The purposes that name no case: those of a page that is not opened from one.
 *
 * @param {City.Account["purposes"] | undefined} purposes
 */
export const purposesWithoutCase = (purposes) => (purposes ?? []).filter((one) => one.name !== "handle_case");
/** @type {(view: string, id: string) => Promise<City.LookedAt[]>} */
export const looks = async (view, id) => listed(await request("GET", `/rows/${part(view)}/${part(id)}/looks`));
/** @type {(identity_number: string, purpose: string) => Promise<City.Row>} */
export const lookup = (identity_number, purpose) =>
  request("POST", "/rows/resident/lookup", { identity_number, purpose });
/**
 * A company by its credit code, which stays in the body as a person's number does.
 *
 * @type {(credit_code: string, purpose: string) => Promise<City.Row>}
 */
export const lookupCompany = (credit_code, purpose) =>
  request("POST", "/rows/legal_person/lookup", { credit_code, purpose });
/** Every topic that departments state facts on. @type {(filter?: object) => Promise<City.CataloguedTopic[]>} */
export const catalogue = async (filter = {}) => listed(await request("GET", `/catalogue${query(filter)}`));
/** @type {(topic: string) => Promise<City.CataloguedTopic>} */
export const cataloguedTopic = (topic) => request("GET", `/catalogue/${part(topic)}`);
/**
 * What a department handed over; operations and administrators name one.
 *
 * @type {(department?: string) => Promise<City.DepartmentPage>}
 */
export const departmentPage = (department) => request("GET", `/department${query({ department })}`);
/**
 * Asks the department that stated a fact of a case.
 *
 * @type {(finding: string, question: object, key: string) => Promise<unknown>}
 */
export const askDepartment = (finding, question, key) =>
  request("POST", `/alerts/${part(finding)}/questions`, question, { "idempotency-key": key });
/**
 * What came back to a department and what it is asked.
 *
 * @type {(filter: object) => Promise<City.DepartmentFeedback>}
 */
export const departmentFeedback = (filter) => request("GET", `/department/feedback${query(filter)}`);
/** @type {(question: string, answer: object) => Promise<City.DepartmentFeedback>} */
export const answerQuestion = (question, answer) => request("POST", `/questions/${part(question)}/answer`, answer);
/**
 * The areas one level under `parent`, each with how many alerts of these filters lie in it.
 *
 * @type {(parent: string, filter?: object) => Promise<City.Features>}
 */
export const grids = (parent, filter = {}) => request("GET", `/map/grids${query({ ...filter, grid: "", parent })}`);
/** Where the tiles of the base map are; null without one. @type {() => Promise<City.BaseMap | null>} */
export const baseMap = () => request("GET", "/map/base");
/**
 * The alerts of these filters as pins; those that lie upon each other at this zoom are one.
 *
 * @type {(filter: object, zoom: number) => Promise<City.Features>}
 */
export const pins = (filter, zoom) => request("GET", `/map/alerts${query({ ...filter, zoom })}`);
/** @type {() => Promise<City.Freshness[]>} */
export const freshness = async () => listed(await request("GET", "/freshness"));
/** @type {() => Promise<City.HourOfRule[]>} */
export const alertsByRule = async () => listed(await request("GET", "/stats/alerts-by-rule"));
/** @type {() => Promise<import("../../types/api").components["schemas"]["Acknowledging"]>} */
export const acknowledge = () => request("GET", "/stats/acknowledge");
/** What a door plate tells everybody. @type {(code: string) => Promise<City.Plate>} */
export const plate = (code) => request("GET", `/plates/${part(code)}`);
/** @type {(code: string, report: City.NewReport) => Promise<City.ReportTaken>} */
export const reportAtPlate = (code, report) => request("POST", `/plates/${part(code)}/reports`, report);
/** The door of a plate, for who serves it. @type {(code: string) => Promise<City.Door>} */
export const plateDoor = (code) => request("GET", `/plates/${part(code)}/door`);
/** The plates of doors on the route, by the hash of their code. @type {() => Promise<City.PlateMark[]>} */
export const plateMarks = async () => listed(await request("GET", "/plates"));
/** Reports of the area. @type {(filter: object) => Promise<City.Reports>} */
export const reports = (filter) => request("GET", `/reports${query(filter)}`);
export const acceptReport = (/** @type {string} */ id) => request("POST", `/reports/${part(id)}/accept`, {});
export const declineReport = (/** @type {string} */ id, /** @type {string} */ reason) =>
  request("POST", `/reports/${part(id)}/decline`, { reason });
export const reportPhoto = (/** @type {string} */ id) => `${BASE}/reports/${part(id)}/photo`;
/** @type {(finding: string, id: string) => string} */
export const visitPhoto = (finding, id) => `${BASE}/alerts/${part(finding)}/photos/${part(id)}`;
/** Earlier visits at a task's door. @type {(task: string) => Promise<City.VisitBefore[]>} */
export const visitsBefore = async (task) => listed(await request("GET", `/tasks/${part(task)}/visits`));
/** Silences that hold in one's area, or have ended. @type {(filter?: object) => Promise<City.Silence[]>} */
export const silences = async (filter = {}) => listed(await request("GET", `/silences${query(filter)}`));
/** @type {(wanted: City.NewSilence) => Promise<unknown>} */
export const silence = (wanted) => request("POST", "/silences", wanted);
export const endSilence = (/** @type {string} */ id) => request("POST", `/silences/${part(id)}/end`, {});
export const STREAM = `${BASE}/stream`;
