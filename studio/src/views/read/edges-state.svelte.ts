import type { Output } from '#dist/server/protocol/index.js';
import type { Edge } from '../../scenes/arcs.js';
import type { App } from '../../state/app.svelte.js';
import { Latest } from '../../state/latest.js';
import type { Shown } from '../../state/shown.js';

/** More edges than this are a thicket. */
const MOST = 400;

/** The strongest edges of the chosen head, and those of the chosen query. */
export class EdgesState {
  found = $state.raw<
    { readonly shown: Shown; readonly edges: readonly Edge[]; readonly total: number; readonly share: number } | undefined
  >(undefined);
  readonly #latest = new Latest();

  constructor(private readonly app: App) {}

  /** Asks anew; an effect. */
  refresh(): void {
    const { shown, layer, head, query } = this.app.look;
    if (!shown) return;
    const { client, failed } = this.app.session;
    this.#latest
      .run(async (signal) => {
        const place = { ...shown.ref, layer, head, top: MOST, above: 1e-3 };
        const [all, own] = await Promise.all([
          client.ask('read.edges', place, { signal }),
          client.ask('read.edges', { ...place, rows: [query, query + 1], above: 0 }, { signal }),
        ]);
        if (signal.aborted) return;
        const edges = edgesOf(all);
        const known = new Set(edges.map((edge) => `${edge.query} ${edge.key}`));
        // The chosen query's edges are all there, also those that are weak among all.
        const added = edgesOf(own).filter((edge) => !known.has(`${edge.query} ${edge.key}`));
        this.found = { shown, edges: [...edges, ...added], total: all.total, share: all.share };
      })
      .catch(failed);
  }

  get most(): number {
    return MOST;
  }
}

function edgesOf({ queries, keys, weights }: Output<'read.edges'>): Edge[] {
  return Array.from(queries, (query, i) => ({ query, key: keys[i] as number, weight: weights[i] as number }));
}
