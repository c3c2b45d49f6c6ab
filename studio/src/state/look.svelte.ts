import type { Address, AttentionLayer, TokenInfo } from '#dist/server/protocol/index.js';
import type { Comparing } from './comparing.svelte.js';
import type { Reading } from './reading.svelte.js';
import { type Shown, shownRun, sidesOf } from './shown.js';
import type { Subject } from './subject.svelte.js';
import type { Whereabouts } from './whereabouts.svelte.js';

/** What is looked at: a run or a difference of two, one head of it, one cell of that head. */
export class Look {
  constructor(
    private readonly where: Whereabouts,
    private readonly subject: Subject,
    private readonly comparing: Comparing,
    private readonly reading: Reading,
  ) {}

  readonly #view = $derived.by(() => this.where.place.view);
  readonly #side = $derived.by(() => this.where.place.side);
  readonly #along = $derived.by(() => this.where.place.along);

  readonly shown: Shown | undefined = $derived.by(() => {
    if (this.#view === 'compare') {
      if (this.#side === 'difference') return this.comparing.difference;
      if (this.#side === 'b') return this.comparing.other && shownRun(this.comparing.other);
    }
    return this.subject.run && shownRun(this.subject.run);
  });

  /** The layer and the head, within what the model has. */
  readonly layer: number = $derived.by(() => Math.min(this.where.place.layer, Math.max(0, this.#layers - 1)));
  readonly head: number = $derived.by(() => Math.min(this.where.place.head, Math.max(0, this.#heads - 1)));
  /** Scores, where the attention has them and they are asked for. */
  readonly value: 'pattern' | 'scores' = $derived.by(() =>
    this.where.place.value === 'scores' && this.attention?.hasScores !== false ? 'scores' : 'pattern',
  );

  readonly sides: { readonly rows: readonly TokenInfo[]; readonly columns: readonly TokenInfo[] } = $derived(
    this.shown ? sidesOf(this.shown, this.layer) : { rows: [], columns: [] },
  );

  /** The token that looks: the last where none was chosen. */
  readonly query: number = $derived.by(() =>
    Math.max(0, Math.min(this.where.place.query ?? Number.POSITIVE_INFINITY, this.sides.rows.length - 1)),
  );
  /** The token looked at: the strongest of the row where none was chosen. */
  readonly key: number = $derived.by(() => {
    const { columns } = this.sides;
    const { key } = this.where.place;
    if (key !== undefined && key < columns.length) return key;
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
    return line?.along === 'row' && line.token === this.query && this.#isOfHead(line) ? line.values : undefined;
  });

  #isOfHead({ shown, place }: NonNullable<Reading['line']>): boolean {
    return shown === this.shown && place.layer === this.layer && place.head === this.head && place.value === this.value;
  }

  /** The weight of the chosen cell, where it is known: by its row, or by its column where that colours the text. */
  readonly weight: number | undefined = $derived.by(() => {
    const { line } = this.reading;
    if (line?.along === 'column' && line.token === this.key && this.#isOfHead(line)) return line.values[this.query];
    return this.row?.[this.key];
  });

  /** The token whose row or column colours the text. */
  readonly lineToken: number = $derived.by(() =>
    this.#along === 'row' ? this.query : Math.min(this.where.place.key ?? this.query, this.sides.columns.length - 1),
  );

  /** Whether the chosen cell is one that its query cannot see. */
  readonly isMasked: boolean = $derived(this.masks(this.query, this.key));

  /** Whether a query cannot see a key. */
  masks(query: number, key: number): boolean {
    return (this.attention?.causal ?? false) && this.sides.rows === this.sides.columns && key > query;
  }

  get attention(): AttentionLayer | undefined {
    return this.subject.model?.attention[this.layer];
  }

  get #layers(): number {
    return this.subject.model?.attention.length ?? 1;
  }

  get #heads(): number {
    return this.attention?.heads ?? 1;
  }

  /** The address of the chosen cell. */
  get cell(): Address | undefined {
    const path = this.attention?.path;
    return path === undefined ? undefined : { at: `${path}.${this.value}`, index: [0, this.head, this.query, this.key] };
  }

  moveHead(by: number): void {
    const heads = this.#heads;
    this.where.go({ head: (this.head + by + heads) % heads });
  }

  moveLayer(by: number): void {
    const layers = this.#layers;
    this.where.go({ layer: (this.layer + by + layers) % layers });
  }

  moveCell(rows: number, columns: number): void {
    const { rows: queries, columns: keys } = this.sides;
    const within = (at: number, count: number): number => Math.max(0, Math.min(count - 1, at));
    this.where.go({ query: within(this.query + rows, queries.length), key: within(this.key + columns, keys.length) });
  }

  /** The cell stays chosen, also where it no longer is the strongest of its row. */
  keepCell(): void {
    this.where.go({ query: this.query, key: this.key });
  }

  /** Colours the text the other way round: by who looks at the token, instead of what it looks at. */
  flip(): void {
    const { along, key } = this.where.place;
    if (along === 'row') this.where.go({ along: 'column', key: this.query });
    else this.where.go({ along: 'row', query: key ?? this.query });
  }

  /** Asks why the chosen cell is what it is. */
  why(): void {
    const { cell } = this;
    if (cell && !this.shown?.isDifference && !this.isMasked) this.where.why(cell);
  }
}
