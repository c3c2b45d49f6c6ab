import type { Curves } from '#dist/server/protocol/index.js';

/** What a run had measured, and what came after. */
export function joinedCurves(before: Curves | undefined, more: Curves): Curves {
  if (!before) return more;
  return {
    steps: joinedColumns(before.steps, more.steps),
    evaluations: joinedColumns(before.evaluations, more.evaluations),
    samples: [...before.samples, ...more.samples],
    events: [...before.events, ...more.events],
  };
}

function joinedColumns<T extends Readonly<Record<string, Float64Array>>>(before: T, more: T): T {
  return Object.fromEntries(
    Object.entries(before).map(([name, column]) => {
      const next = more[name] as Float64Array;
      const joined = new Float64Array(column.length + next.length);
      joined.set(column);
      joined.set(next, column.length);
      return [name, joined];
    }),
  ) as unknown as T;
}
