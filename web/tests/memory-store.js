// In place of the tablet's own memory: the same three stores, in a map each.

const rows = new Map();
let last = 0;

export const moves = {
  all: async () => [...rows.values()],
  add: async (move) => {
    last += 1;
    rows.set(last, { ...move, number: last });
    return last;
  },
  put: async (move) => rows.set(move.number, { ...move }),
  remove: async (number) => rows.delete(number),
};

const store = () => {
  const values = new Map();
  return {
    values, // for tests: all that is on the disk
    get: async (key) => values.get(key),
    put: async (key, value) => values.set(key, value),
    remove: async (key) => values.delete(key),
    clear: async () => values.clear(),
  };
};

export const drafts = {
  ...store(),
  async close() {
    for (const [key, { sealed }] of this.values) sealed ? this.values.set(key, { sealed }) : this.values.delete(key);
  },
};
export const kept = store();
export const tiles = { get: async () => undefined, keep: async () => {} };
