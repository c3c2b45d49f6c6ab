import type { Change, ModelInfo, Prompt, RunInfo, RunSpec } from '#dist/server/protocol/index.js';
import type { Changes } from './changes.svelte.js';
import { Refused } from './client.js';
import { Latest } from './latest.js';
import { promptOf } from './prompt.js';
import type { Session } from './session.svelte.js';
import type { Whereabouts } from './whereabouts.svelte.js';

/** What is looked into: a model, and a prompt that ran through it. */
export class Subject {
  model = $state.raw<ModelInfo | undefined>(undefined);
  /** The prompt with the changes that are on, and, where there are any, without them. */
  run = $state.raw<RunInfo | undefined>(undefined);
  base = $state.raw<RunInfo | undefined>(undefined);
  /** Why the model of the place cannot be opened. */
  problem = $state<string | undefined>(undefined);
  /** Why the present text cannot be run. */
  error = $state<string | undefined>(undefined);
  /** The image that was chosen, for models that read images: it has no place in an address. */
  image = $state.raw<Uint8Array | undefined>(undefined);
  #renewals = $state(0);
  #renewedAt = Number.NEGATIVE_INFINITY;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  readonly #opening = new Latest();
  readonly #running = new Latest();

  constructor(
    private readonly session: Session,
    private readonly where: Whereabouts,
    private readonly changes: Changes,
  ) {}

  // Parts of the place that cause requests: a derived value that stays the same asks for nothing anew.
  readonly #name = $derived.by(() => this.where.place.model || this.session.first);
  readonly #step = $derived.by(() => this.where.place.step);
  readonly #text = $derived.by(() => this.where.place.text);
  readonly #source = $derived.by(() => this.where.place.source);

  readonly prompt: Prompt | undefined = $derived.by(() => this.promptOf(this.#text));

  /** A text as this model takes it, with the source or the image that there is; undefined where there is nothing to be read. */
  promptOf(text: string): Prompt | undefined {
    return this.model && promptOf(this.model, { text, source: this.#source, image: this.image });
  }

  /** The prompt in the model, with changes of one's choice. */
  spec(changes: readonly Change[]): RunSpec | undefined {
    const { model, prompt } = this;
    if (!model || !prompt) return undefined;
    return { model: model.model, ...(model.step === undefined ? {} : { step: model.step }), prompt, changes };
  }

  /** Opens the model of the place. An effect. */
  load(): void {
    const name = this.#name;
    const step = this.#step;
    if (name === '' || !this.session.isReady) return;
    this.problem = undefined;
    this.#opening
      .run(async (signal) => {
        const info = await this.session.open(name, step);
        if (signal.aborted) return;
        // Another model has no run yet, and perhaps none before an image is chosen.
        if (this.model && this.model.model !== info.model) this.#clear();
        this.model = info;
        if (info.kind === 'image' && !this.image) this.where.go({ form: 'image' });
        const isText = info.kind === 'decoder' || info.kind === 'encoder';
        if (this.where.place.text === '' && isText)
          this.where.go({ text: info.examples[0] ?? (info.hasTokenizer ? 'Once upon a time' : '0 1 2 3') });
      })
      .catch((error: unknown) => {
        if (isFaultOfServer(error) && this.model) return this.session.failed(error);
        this.model = undefined;
        this.#clear();
        this.problem = error instanceof Error ? error.message : String(error);
      });
  }

  /** Asks for the run again, where it is no longer held: once for all requests that miss it, and not without a pause. */
  renew(): void {
    this.#renewal ??= setTimeout(
      () => {
        this.#renewal = undefined;
        this.#renewedAt = performance.now();
        this.#renewals++;
      },
      Math.max(0, this.#renewedAt + 2000 - performance.now()),
    );
  }

  /** So that no other model's numbers stand under this one's name. */
  #clear(): void {
    this.#running.stop();
    this.run = undefined;
    this.base = undefined;
    this.error = undefined;
  }

  /** Runs the prompt. An effect. */
  ask(): void {
    void this.#renewals;
    const spec = this.spec(this.changes.active);
    if (!spec) return;
    this.#running
      .run(async (signal) => {
        const ask = (of: RunSpec) => this.session.client.ask('read.run', of, { signal });
        const [run, base] = await Promise.all([ask(spec), spec.changes?.length ? ask({ ...spec, changes: [] }) : undefined]);
        if (signal.aborted) return;
        this.run = run;
        this.base = base;
        this.error = undefined;
      })
      .catch((error: unknown) => {
        // What is wrong with the text is told beside it, while it is typed; what is wrong with the server is a notice.
        if (error instanceof Error && !isFaultOfServer(error)) this.error = error.message;
        else this.session.failed(error);
      });
  }

  /** Resolves when no run is under way. */
  get settled(): Promise<void> {
    return this.#running.settled;
  }
}

function isFaultOfServer(error: unknown): boolean {
  return !(error instanceof Refused) || ['offline', 'crashed', 'failed'].includes(error.code);
}
