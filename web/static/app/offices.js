// What administrators and operations ask of the API.

import { query, request } from "./api.js";

const part = encodeURIComponent;

/** @type {(filter: object) => Promise<City.ManagedPage>} */
export const accounts = (filter) => request("GET", `/accounts${query(filter)}`);
/** The password is in the answer, once. @type {(account: object) => Promise<City.GivenPassword>} */
export const makeAccount = (account) => request("POST", "/accounts", account);
export const changeAccount = (id, rights) => request("PUT", `/accounts/${part(id)}`, rights);
export const lockAccount = (id, locked) => request("POST", `/accounts/${part(id)}/lock`, { locked });
/** @type {(id: string) => Promise<City.GivenPassword>} */
export const givePassword = (id) => request("POST", `/accounts/${part(id)}/password`, {});
/** @type {(filter: object) => Promise<City.ListedLooks>} */
export const looks = (filter) => request("GET", `/looks${query(filter)}`);
/** What the shift that began at `from` hands over. @type {(from?: string) => Promise<City.Handover>} */
export const handover = (from) => request("GET", `/handover${query({ from })}`);
export const handoverSheet = (from) => `/api/v1/handover.pdf${query({ from })}`;
/** @type {() => Promise<City.OperationPage>} */
export const operations = () => request("GET", "/operations");
/** @type {() => Promise<City.WaitingLetters>} */
export const letters = () => request("GET", "/letters");
/** @type {(origins: string[]) => Promise<{asked: number}>} */
export const askReplay = (origins) => request("POST", "/replays", { origins });
