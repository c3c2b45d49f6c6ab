/** Who is given what, and what it is worth: query i has key to[i]. */
export interface Assignment {
  readonly to: readonly number[];
  readonly worth: number;
}

type Matrix = readonly (readonly number[])[];

/** What an assignment is worth. */
export function worthOf(scores: Matrix, to: readonly number[]): number {
  return to.reduce((sum, j, i) => sum + ((scores[i] as readonly number[])[j] as number), 0);
}

/** The two best assignments, by trying all. */
export function bestByTrying(scores: Matrix): readonly [Assignment, Assignment] {
  const all: Assignment[] = [];
  const extend = (to: readonly number[]): void => {
    if (to.length === scores.length) all.push({ to, worth: worthOf(scores, to) });
    else for (let j = 0; j < scores.length; j++) if (!to.includes(j)) extend([...to, j]);
  };
  extend([]);
  all.sort((a, b) => b.worth - a.worth);
  return [all[0] as Assignment, all[1] as Assignment];
}

/**
 * The Hungarian method (Kuhn 1955), by shortest augmenting paths: each query in turn is given a key, and earlier ones are
 * moved along the cheapest path of exchanges. Potentials u and v keep every reduced cost c − u − v at 0 or more.
 */
export function hungarian(scores: Matrix): readonly number[] {
  const n = scores.length;
  const cost = (i: number, j: number): number => -((scores[i] as readonly number[])[j] as number);
  const u = new Array<number>(n).fill(0);
  const v = new Array<number>(n).fill(0);
  const owner = new Array<number>(n).fill(-1);
  for (let start = 0; start < n; start++) {
    const slack = new Array<number>(n).fill(Number.POSITIVE_INFINITY);
    const from = new Array<number>(n).fill(-1);
    const done = new Set<number>();
    let query = start;
    let last = -1;
    for (;;) {
      let next = -1;
      for (let j = 0; j < n; j++) {
        if (done.has(j)) continue;
        const reduced = cost(query, j) - (u[query] as number) - (v[j] as number);
        if (reduced < (slack[j] as number)) {
          slack[j] = reduced;
          from[j] = last;
        }
        if (next < 0 || (slack[j] as number) < (slack[next] as number)) next = j;
      }
      const step = slack[next] as number;
      u[start] = (u[start] as number) + step;
      for (const j of done) {
        u[owner[j] as number] = (u[owner[j] as number] as number) + step;
        v[j] = (v[j] as number) - step;
      }
      for (let j = 0; j < n; j++) if (!done.has(j)) slack[j] = (slack[j] as number) - step;
      done.add(next);
      last = next;
      if (owner[next] === -1) break;
      query = owner[next] as number;
    }
    for (let j = last; j >= 0; ) {
      const before = from[j] as number;
      owner[j] = before < 0 ? start : (owner[before] as number);
      j = before;
    }
  }
  const to = new Array<number>(n).fill(-1);
  owner.forEach((i, j) => {
    to[i] = j;
  });
  return to;
}
