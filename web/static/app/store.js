// The tablet's own memory (IndexedDB): moves not yet sent, drafts of what was typed, and the last answers of the API.

const NAME = "citygrid";
const VERSION = 1;
const TILES = "citygrid-map";

let opened;
function database() {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("moves", { keyPath: "number", autoIncrement: true });
      request.result.createObjectStore("drafts");
      request.result.createObjectStore("kept");
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  return opened;
}

/** Runs one request on one store; resolves once the transaction is on disk. */
async function within(name, mode, ask) {
  const transaction = (await database()).transaction(name, mode, { durability: "strict" });
  const request = ask(transaction.objectStore(name));
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done(request.result);
    transaction.onerror = transaction.onabort = () => failed(transaction.error);
  });
}

/** Writes by one request, committed at once: a page that is closed before the answer comes does not take it back. */
const write = (name, ask) =>
  within(name, "readwrite", (store) => {
    const request = ask(store);
    store.transaction.commit();
    return request;
  });

const plain = (value) => JSON.parse(JSON.stringify(value)); // reactive proxies cannot be stored

export const moves = {
  all: () => within("moves", "readonly", (store) => store.getAll()),
  /** Stores a move and resolves to its number; moves are sent in the order of their numbers. */
  add: (move) => write("moves", (store) => store.add(plain(move))),
  put: (move) => write("moves", (store) => store.put(plain(move))),
  remove: (number) => write("moves", (store) => store.delete(number)),
};

/** By account and task: `{open?, sealed?}`, the draft as it is and as only the server can read it. */
export const drafts = {
  get: (key) => within("drafts", "readonly", (store) => store.get(key)),
  put: (key, draft) => write("drafts", (store) => store.put(plain(draft), key)),
  remove: (key) => write("drafts", (store) => store.delete(key)),
  /** Nobody reads here any more what was typed; what was sealed stays. */
  close: () =>
    within("drafts", "readwrite", (store) => {
      const walk = store.openCursor();
      walk.onsuccess = () => {
        const cursor = walk.result;
        if (!cursor) return;
        if (cursor.value?.sealed) cursor.update({ sealed: cursor.value.sealed });
        else cursor.delete();
        cursor.continue();
      };
      return walk;
    }),
};

export const kept = {
  get: (name) => within("kept", "readonly", (store) => store.get(name)),
  put: (name, value) => write("kept", (store) => store.put(plain(value), name)),
  /** Forgets what was read: on signing out, and when another account signs in. */
  clear: async () => {
    await globalThis.caches?.delete(TILES);
    return write("kept", (store) => store.clear());
  },
};

/** Tiles of the base map by their address, as the server answered: nothing in them is about anybody. */
export const tiles = {
  get: async (address) => globalThis.caches?.match(address, { cacheName: TILES }),
  /** Asks for a tile, unless it is kept. */
  keep: async (address) => {
    const cache = await globalThis.caches?.open(TILES);
    if (!cache || (await cache.match(address))) return;
    const answer = await fetch(address);
    if (answer.ok) await cache.put(address, answer);
  },
};
