import type { Address, Change, ModelInfo, Prompt, Proposal, RunInfo, RunSpec, TokenInfo } from '#dist/server/protocol/index.js';
import { readAddress, writeAddress } from './address.js';
import { type Client, Refused } from './client.js';
import { Comparing } from './comparing.svelte.js';
import { Explaining } from './explaining.svelte.js';
import { advance, back, begin, forth, type History } from './history.js';
import { Latest } from './latest.js';
import { type Place, START, type View } from './place.js';
import { Prediction } from './prediction.svelte.js';
import { type Given, promptOf } from './prompt.js';
import { Reading } from './reading.svelte.js';
import { Scoring } from './scoring.svelte.js';
import { Session } from './session.svelte.js';
import { type Shown, shownRun, sidesOf } from './shown.js';
import { Training } from './training.svelte.js';

/** The page's whole state. Views read it, and change it through its methods; everything else follows. */
export class App {
  place = $state.raw<Place>(START);
  model = $state.raw<ModelInfo | undefined>(undefined);
  /** The prompt with the changes that are on, and without any. */
  run = $state.raw<RunInfo | undefined>(undefined);
  base = $state.raw<RunInfo | undefined>(undefined);
  isRunning = $state(false);
  /** Why the present text cannot be run. */
  runError = $state<string | undefined>(undefined);
  /** The image that was chosen, for models that read images: it has no place in an address. */
  image = $state.raw<Uint8Array | undefined>(undefined);
  past = $state.raw<History<readonly Change[]>>(begin([]));

  readonly session: Session;
  readonly reading: Reading;
  readonly prediction: Prediction;
  readonly explaining: Explaining;
  readonly comparing: Comparing;
  readonly scoring: Scoring;
  readonly training: Training;
  #renewals = $state(0);
  #renewedAt = Number.NEGATIVE_INFINITY;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  readonly #opening = new Latest();
  readonly #running = new Latest();

  constructor(client: Client) {
    this.session = new Session(client);
    this.reading = new Reading(this.session);
    this.prediction = new Prediction(this.session);
    this.explaining = new Explaining(this.session);
    this.comparing = new Comparing(this.session);
    this.scoring = new Scoring(this.session);
    this.training = new Training(this.session);
    this.session.renew = () => this.#renew();
    this.restore();
  }

  /** Goes to where the address says. */
  restore(): void {
    this.place = readAddress(location.hash);
    this.past = begin(this.place.changes);
  }

  /** Asks for everything the place needs, now and whenever it changes; returns what ends it. */
  start(): () => void {
    this.session.greet().catch(this.session.failed);
    return $effect.root(() => {
      $effect(() => this.#open());
      $effect(() => this.#run());
      $effect(() => this.#compare());
      $effect(() => this.#thumbnails());
      $effect(() => this.#line());
      $effect(() => this.#next());
      $effect(() => this.#explain());
      $effect(() => this.#writeAddress());
    });
  }

  go(change: Partial<Place>): void {
    this.place = { ...this.place, ...change };
  }

  show(view: View): void {
    if (view === this.place.view) return;
    // A view is a place of its own for the browser's way back; smaller moves replace it.
    history.pushState(null, '', `#${writeAddress(this.place)}`);
    this.go({ view, pane: view === 'compare' && this.place.pane === 'why' ? 'next' : this.place.pane });
  }

  // Parts of the place that cause requests: a derived value that stays the same asks for nothing anew.
  readonly #view = $derived(this.place.view);
  readonly #side = $derived(this.place.side);
  readonly #modelName = $derived.by(() => this.place.model || this.session.first);
  readonly #step = $derived(this.place.step);
  readonly #text = $derived(this.place.text);
  readonly #source = $derived(this.place.source);
  readonly #changes = $derived(this.place.changes);
  readonly #along = $derived(this.place.along);
  readonly #why = $derived(this.place.pane === 'why' ? this.place.why.at(-1) : undefined);
  readonly #temperature = $derived(this.place.temperature);
  readonly #topK = $derived(this.place.topK);
  readonly #topP = $derived(this.place.topP);
  readonly #otherText = $derived(this.place.otherText);
  readonly #otherModel = $derived(this.place.otherModel);
  readonly #otherStep = $derived(this.place.otherStep);

  /** What the views of attention look at. */
  readonly shown: Shown | undefined = $derived.by(() => {
    if (this.#view === 'compare') {
      if (this.#side === 'difference') return this.comparing.difference;
      if (this.#side === 'b') return this.comparing.other && shownRun(this.comparing.other);
    }
    return this.run && shownRun(this.run);
  });

  /** The layer and the head that are looked at, within what the model has. */
  readonly layer: number = $derived(Math.min(this.place.layer, Math.max(0, (this.model?.attention.length ?? 1) - 1)));
  readonly head: number = $derived(Math.min(this.place.head, Math.max(0, (this.model?.attention[this.layer]?.heads ?? 1) - 1)));
  /** Scores, where the attention has them and they are asked for. */
  readonly value: 'pattern' | 'scores' = $derived(
    this.place.value === 'scores' && this.model?.attention[this.layer]?.hasScores !== false ? 'scores' : 'pattern',
  );

  readonly sides: { readonly rows: readonly TokenInfo[]; readonly columns: readonly TokenInfo[] } = $derived(
    this.shown ? sidesOf(this.shown, this.layer) : { rows: [], columns: [] },
  );

  /** The token that looks: the last where none was chosen. */
  readonly query: number = $derived(Math.max(0, Math.min(this.place.query ?? Number.POSITIVE_INFINITY, this.sides.rows.length - 1)));
  /** The token looked at: the strongest of the row where none was chosen. */
  readonly key: number = $derived.by(() => {
    const { columns } = this.sides;
    if (this.place.key !== undefined && this.place.key < columns.length) return this.place.key;
    const values = this.row;
    if (!values) return 0;
    const strength = this.shown?.isDifference ? Math.abs : (weight: number) => weight;
    let best = 0;
    for (let i = 1; i < values.length; i++) if (strength(values[i] as number) > strength(values[best] as number)) best = i;
    return best;
  });

  /** The weights of the chosen query, where they are known. */
  readonly row: Float32Array | undefined = $derived.by(() => {
    const { line } = this.reading;
    if (line?.along !== 'row' || line.shown !== this.shown || line.token !== this.query) return undefined;
    return line.place.layer === this.layer && line.place.head === this.head && line.place.value === this.value ? line.values : undefined;
  });

  /** Whether the chosen cell is one that its query cannot see. */
  readonly isMasked: boolean = $derived(
    (this.attention?.causal ?? false) && this.sides.rows === this.sides.columns && this.key > this.query,
  );

  get attention() {
    return this.model?.attention[this.layer];
  }

  readonly activeChanges: readonly Change[] = $derived(this.#changes.filter((change) => change.isOn));

  moveHead(by: number): void {
    const heads = this.model?.attention[this.layer]?.heads ?? 1;
    this.go({ head: (this.head + by + heads) % heads });
  }

  moveLayer(by: number): void {
    const layers = this.model?.attention.length ?? 1;
    const layer = (this.layer + by + layers) % layers;
    // Another layer may look from other tokens.
    this.go({ layer });
  }

  moveCell(rows: number, columns: number): void {
    const { rows: queries, columns: keys } = this.sides;
    const within = (at: number, count: number): number => Math.max(0, Math.min(count - 1, at));
    this.go({ query: within(this.query + rows, queries.length), key: within(this.key + columns, keys.length) });
  }

  /** Colours the text the other way round: by who looks at the token, instead of what it looks at. */
  flip(): void {
    if (this.place.along === 'row') this.go({ along: 'column', key: this.query });
    else this.go({ along: 'row', query: this.place.key ?? this.query });
  }

  /** Asks why the chosen cell is what it is. */
  whyCell(): void {
    const { cell } = this;
    if (cell && !this.shown?.isDifference && !this.isMasked) this.why(cell);
  }

  /** Asks why a number is what it is. */
  why(address: Address): void {
    this.go({ why: [address], pane: 'why' });
  }

  /** The address of the chosen cell. */
  get cell(): Address | undefined {
    const path = this.attention?.path;
    return path === undefined ? undefined : { at: `${path}.${this.value}`, index: [0, this.head, this.query, this.key] };
  }

  follow(address: Address): void {
    this.go({ why: [...this.place.why, address], pane: 'why' });
  }

  setChanges(changes: readonly Change[]): void {
    this.past = advance(this.past, changes);
    this.go({ changes });
  }

  undo(): void {
    this.past = back(this.past);
    this.go({ changes: this.past.present });
  }

  redo(): void {
    this.past = forth(this.past);
    this.go({ changes: this.past.present });
  }

  /** Makes a chip of a change that the engine proposes. */
  async propose(asked: Promise<Proposal>): Promise<void> {
    try {
      const { intervention, label } = await asked;
      const id = crypto.randomUUID().slice(0, 8);
      this.setChanges([...this.place.changes, { id, name: label, isOn: true, intervention }]);
    } catch (error) {
      this.session.failed(error);
    }
  }

  readonly prompt: Prompt | undefined = $derived(this.model && promptOf(this.model, this.#given(this.#text)));

  #given(text: string): Given {
    return { text, source: this.#source, image: this.image };
  }

  #spec(changes: readonly Change[]): RunSpec | undefined {
    const { model, prompt } = this;
    if (!model || !prompt) return undefined;
    return { model: model.model, ...(model.step === undefined ? {} : { step: model.step }), prompt, changes };
  }

  #open(): void {
    const name = this.#modelName;
    const step = this.#step;
    if (name === '' || !this.session.isReady) return;
    this.#opening
      .run(async (signal) => {
        const info = await this.session.open(name, step);
        if (signal.aborted) return;
        // Another model has no run yet, and perhaps none before an image is chosen.
        if (this.model && this.model.model !== info.model) {
          this.run = undefined;
          this.base = undefined;
        }
        this.model = info;
        if (info.kind === 'image' && !this.image) this.go({ form: 'image' });
        const isText = info.kind === 'decoder' || info.kind === 'encoder';
        if (this.place.text === '' && isText) this.go({ text: info.examples[0] ?? (info.hasTokenizer ? 'Once upon a time' : '0 1 2 3') });
      })
      .catch(this.session.failed);
  }

  /** Asks for the run again: once for all requests that miss it, and not without a pause. */
  #renew(): void {
    this.#renewal ??= setTimeout(
      () => {
        this.#renewal = undefined;
        this.#renewedAt = performance.now();
        this.#renewals++;
      },
      Math.max(0, this.#renewedAt + 2000 - performance.now()),
    );
  }

  #run(): void {
    void this.#renewals;
    const spec = this.#spec(this.activeChanges);
    if (!spec) return;
    this.isRunning = true;
    this.#running
      .run(async (signal) => {
        const ask = (of: RunSpec) => this.session.client.ask('read.run', of, { signal });
        const [run, base] = await Promise.all([ask(spec), spec.changes?.length ? ask({ ...spec, changes: [] }) : undefined]);
        if (signal.aborted) return;
        this.run = run;
        this.base = base;
        this.isRunning = false;
        this.runError = undefined;
      })
      .catch((error: unknown) => {
        this.isRunning = false;
        // What is wrong with the text is told beside it, while it is typed; what is wrong with the server is a notice.
        if (error instanceof Refused && !['offline', 'crashed', 'failed'].includes(error.code)) this.runError = error.message;
        else this.session.failed(error);
      });
  }

  #compare(): void {
    const { run, model } = this;
    if (this.#view !== 'compare' || !run || !model) return;
    const prompt = promptOf(model, this.#given(this.#otherText || this.#text));
    if (!prompt) return;
    const step = this.#otherStep ?? (this.#otherModel === '' ? model.step : undefined);
    const spec: RunSpec = {
      model: this.#otherModel || model.model,
      ...(step === undefined ? {} : { step }),
      prompt,
    };
    this.comparing.load(run, model.model, spec).catch(this.session.failed);
  }

  #thumbnails(): void {
    const { shown, value } = this;
    if (shown && this.#view !== 'train') this.reading.loadThumbnails(shown, value).catch(this.session.failed);
  }

  /** The token whose row or column colours the text. */
  readonly #asked = $derived(this.#along === 'row' ? this.query : Math.min(this.place.key ?? this.query, this.sides.columns.length - 1));

  #line(): void {
    const { shown, layer, head, value } = this;
    const token = this.#asked;
    // A tile that came may hold the line.
    void this.reading.arrivals;
    if (shown && token >= 0) this.reading.loadLine(shown, { layer, head, value }, token, this.#along).catch(this.session.failed);
  }

  /** The position that what comes next is asked after; undefined: the last. */
  readonly #nextAfter = $derived(
    this.run && (this.place.nextAfterQuery || this.model?.kind === 'encoder')
      ? Math.min(this.query, this.run.tokens.length - 1)
      : undefined,
  );

  #next(): void {
    const { run, base } = this;
    if (!run || this.#view !== 'read') return;
    const sampling = {
      temperature: this.#temperature,
      ...(this.#topK > 0 ? { topK: this.#topK } : {}),
      ...(this.#topP < 1 ? { topP: this.#topP } : {}),
    };
    this.prediction.load({ run: run.run }, base && { run: base.run }, sampling, this.#nextAfter).catch(this.session.failed);
  }

  #explain(): void {
    const { run } = this;
    const address = this.#why;
    if (run && address) this.explaining.load({ run: run.run }, address).catch(this.session.failed);
    else if (!address) this.explaining.clear();
  }

  /** Writes the address a little later than it changes; returns what calls that off. */
  #writeAddress(): () => void {
    const hash = `#${writeAddress(this.place)}`;
    const later = setTimeout(() => {
      if (location.hash !== hash) history.replaceState(null, '', hash);
    }, 150);
    return () => clearTimeout(later);
  }
}
