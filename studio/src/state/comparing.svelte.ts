import { showToken } from '#dist/lens/picture/token-text.js';
import type { Input, Output, RunInfo, RunSpec, SweepCell, SweepSpec } from '#dist/server/protocol/index.js';
import { isCancelled } from './client.js';
import { Latest } from './latest.js';
import type { Session } from './session.svelte.js';
import { readable, type Shown, shownRun } from './shown.js';

/** How far a sweep has come. */
export interface SweepProgress {
  readonly spec: SweepSpec;
  readonly cells: readonly SweepCell[];
  readonly done: number;
  readonly total: number;
  readonly clean: number;
  readonly corrupted: number;
  readonly isOver: boolean;
}

/** Two runs side by side: this one is A, the other B. */
export class Comparing {
  other = $state.raw<RunInfo | undefined>(undefined);
  difference = $state.raw<Shown | undefined>(undefined);
  alignment = $state.raw<Output<'compare.align'> | undefined>(undefined);
  next = $state.raw<Output<'compare.next'> | undefined>(undefined);
  heads = $state.raw<readonly Float32Array[]>([]);
  cost = $state.raw<{ readonly spec: SweepSpec; readonly cost: Output<'compare.cost'> } | undefined>(undefined);
  sweep = $state.raw<SweepProgress | undefined>(undefined);
  readonly #latest = new Latest();
  readonly #sweeping = new Latest();

  constructor(private readonly session: Session) {}

  /** @param model whose run A is */
  async load(a: RunInfo, model: string, spec: RunSpec): Promise<void> {
    await this.#latest.run(async (signal) => {
      const { client } = this.session;
      const ask = (of: Input<'read.run'>) => client.ask('read.run', of, { signal });
      // Another model's run is held twice: by its own process, to be looked at, and beside this one, to be taken from it.
      const [b] = await Promise.all([ask(spec), spec.model === model ? undefined : ask({ ...spec, beside: model })]);
      const pair = { a: a.run, b: b.run };
      const [alignment, next, heads] = await Promise.all([
        client.ask('compare.align', pair, { signal }),
        client.ask('compare.next', { ...pair, count: 10 }, { signal }),
        client.ask('compare.heads', pair, { signal }),
      ]);
      if (signal.aborted) return;
      this.other = b;
      this.alignment = alignment;
      this.next = { ...next, rows: next.rows.map((row) => ({ ...row, text: showToken(row.text) })) };
      this.heads = heads.layers;
      this.difference = { ...shownRun(a), ref: { run: a.run, minus: b.run }, tokens: readable(alignment.tokens), isDifference: true };
    });
  }

  /** What a sweep would cost. */
  async estimate(spec: SweepSpec): Promise<void> {
    this.cost = { spec, cost: await this.session.client.ask('compare.cost', spec) };
  }

  async runSweep(spec: SweepSpec): Promise<void> {
    this.sweep = { spec, cells: [], done: 0, total: this.cost?.cost.cells ?? 0, clean: Number.NaN, corrupted: Number.NaN, isOver: false };
    await this.#sweeping
      .run((signal) =>
        this.session.client.ask('compare.sweep', spec, {
          signal,
          onEvent: ({ cells, ...rest }) => {
            if (this.sweep && !signal.aborted) this.sweep = { ...this.sweep, ...rest, cells: [...this.sweep.cells, ...cells] };
          },
        }),
      )
      .catch((error: unknown) => {
        if (!isCancelled(error)) throw error;
      })
      .finally(() => {
        if (this.sweep) this.sweep = { ...this.sweep, isOver: true };
      });
  }

  stopSweep(): void {
    this.#sweeping.stop();
  }
}
