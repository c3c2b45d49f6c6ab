import type { Curves, Output, TrainEvent, TrainSource, TrainSpec, TrainStatus } from '#dist/server/protocol/index.js';
import { joinedCurves } from './curves.js';
import { Latest } from './latest.js';
import type { Session } from './session.svelte.js';

export type TrainForm = Output<'train.form'>;
export type TrainPlan = Output<'train.plan'>;

/** Training runs: one that is begun here, those before it, and what they measured. */
export class Training {
  form = $state.raw<TrainForm | undefined>(undefined);
  plan = $state.raw<TrainPlan | undefined>(undefined);
  /** Why the form cannot be trained. */
  planError = $state<string | undefined>(undefined);
  /** The run that is looked at. */
  model = $state<string | undefined>(undefined);
  status = $state.raw<TrainStatus | undefined>(undefined);
  curves = $state.raw<Curves | undefined>(undefined);
  /** Steps whose checkpoints can be opened. */
  stops = $state.raw<readonly number[]>([]);
  readonly #planning = new Latest();
  readonly #watching = new Latest();

  constructor(private readonly session: Session) {}

  async loadForm(): Promise<void> {
    this.form ??= await this.session.client.ask('train.form', {});
  }

  /** What a form would train; what is wrong with it is told beside it. */
  async check(spec: TrainSpec): Promise<void> {
    await this.#planning
      .run(async (signal) => {
        const plan = await this.session.client.ask('train.plan', spec, { signal });
        if (signal.aborted) return;
        this.plan = plan;
        this.planError = undefined;
      })
      .catch((error: unknown) => {
        this.plan = undefined;
        this.planError = error instanceof Error ? error.message : String(error);
      });
  }

  async start(spec: TrainSpec): Promise<void> {
    const status = await this.session.client.ask('train.start', spec);
    this.status = status;
    await this.session.greet();
    void this.watch(status.model).catch(this.session.failed);
  }

  /** Looks at a run: what it has measured, and what it goes on to measure where it is at work. */
  async watch(model: string): Promise<void> {
    this.model = model;
    this.curves = undefined;
    this.status = undefined;
    this.stops = [];
    await this.#watching.run(async (signal) => {
      const { client } = this.session;
      const { runs } = await client.ask('train.list', {}, { signal });
      const own = runs.find((run) => run.model === model);
      if (signal.aborted) return;
      this.status = own;
      if (own) {
        // A run that is being prepared has no folder yet: only following it tells what it measures.
        this.status = await client.ask('train.watch', { model }, { signal, onEvent: (event) => !signal.aborted && this.#take(event) });
        if (signal.aborted) return;
        this.session.forget(model);
        await this.session.greet();
      }
      const kept = await client.ask('train.curves', { model }, { signal });
      if (signal.aborted) return;
      this.curves = kept.curves;
      this.stops = kept.steps;
    });
  }

  leave(): void {
    this.#watching.stop();
  }

  async command(name: 'train.pause' | 'train.resume' | 'train.stop'): Promise<void> {
    if (this.model !== undefined) this.status = await this.session.client.ask(name, { model: this.model });
  }

  #take(event: TrainEvent): void {
    if (event.kind === 'status') this.status = event.status;
    else if (event.kind === 'curves') this.curves = joinedCurves(this.curves, event.curves);
    else {
      this.stops = [...new Set([...this.stops, event.step])].sort((a, b) => a - b);
      if (this.model !== undefined) this.session.forget(this.model);
    }
  }
}

export type { TrainSource };
