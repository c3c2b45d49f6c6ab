import type { Change } from '#dist/server/protocol/index.js';
import { type Changes, chipOf } from './changes.svelte.js';
import type { Look } from './look.svelte.js';
import type { Session } from './session.svelte.js';
import type { Subject } from './subject.svelte.js';
import type { Whereabouts } from './whereabouts.svelte.js';

/** A cell of an attention, and where its weight came from in the chips. */
interface Held {
  readonly cell: { readonly layer: number; readonly head: number; readonly query: number; readonly key: number };
  /** The other chips, and the run with them: the weight is set in that. */
  readonly others: readonly Change[];
  readonly run: Promise<string>;
  readonly id: string;
  /** The name that a person gave the chip. */
  readonly name?: string;
  /** What the engine was told last. */
  told: number | undefined;
  isBusy: boolean;
  isOver: boolean;
}

/** Pixels that a hand moves over while a weight goes from 0 to 1. */
const REACH = 160;

/** How far a key moves a weight. */
export const WEIGHT_STEP = 0.05;

/** After the last key, how long a weight that is moved by keys counts as one change. */
const KEY_PAUSE = 600;

/**
 * The chosen attention weight while a hand, or a key, moves it: the run follows as fast as it can be computed, and in the
 * end it is one change and one step back.
 */
export class WeightDrag {
  /** The weight as the hand has it; undefined where none is on it. */
  weight = $state<number | undefined>(undefined);
  /** The weight when it was taken. */
  from = $state(0);
  #held: Held | undefined;
  #later: ReturnType<typeof setTimeout> | undefined;
  /** Chips made here: whose weight, and what the engine called it. */
  readonly #made = new Map<string, { readonly cell: string; readonly label: string }>();

  /** @param settled resolves when the page shows what the chips do */
  constructor(
    private readonly session: Session,
    private readonly where: Whereabouts,
    private readonly subject: Subject,
    private readonly look: Look,
    private readonly changes: Changes,
    private readonly settled: () => Promise<void>,
  ) {}

  /** Whether weights of what is shown can be moved. */
  readonly isPossible: boolean = $derived.by(
    () => this.where.place.view === 'read' && this.look.value === 'pattern' && this.look.attention !== undefined,
  );

  /** Takes hold of the chosen cell, or of another, which is chosen then. @returns whether it can be moved */
  begin(query = this.look.query, key = this.look.key, weight = this.look.weight): boolean {
    const { run } = this.subject;
    if (this.#held || !this.isPossible || !run || weight === undefined || this.look.masks(query, key)) return false;
    this.where.go({ query, key });
    const { layer, head } = this.look;
    const cell = { layer, head, query, key };
    // A chip for this very cell takes the new weight; what it did is no part of what the weight is set in.
    const before = this.changes.all.find(({ id, isOn }) => isOn && this.#made.get(id)?.cell === nameOf(cell));
    const others = this.changes.all.filter((change) => change !== before);
    this.#held = {
      cell,
      others,
      run: before ? this.#runOf(others) : Promise.resolve(run.run),
      id: before?.id ?? crypto.randomUUID().slice(0, 8),
      ...(before && before.name !== this.#made.get(before.id)?.label ? { name: before.name } : {}),
      told: undefined,
      isBusy: false,
      isOver: false,
    };
    this.from = weight;
    this.weight = weight;
    return true;
  }

  /** Moves the weight, as far as weights go. */
  to(weight: number): void {
    if (!this.#held || this.#held.isOver) return;
    this.weight = Math.round(Math.min(1, Math.max(0, weight)) * 1000) / 1000;
    void this.#follow(this.#held);
  }

  /** Moves the weight from where it was taken, by pixels upwards. */
  lift(pixels: number): void {
    this.to(this.from + pixels / REACH);
  }

  /** Lets go: what was done is one change. */
  end(): void {
    clearTimeout(this.#later);
    const held = this.#held;
    if (!held) return;
    held.isOver = true;
    if (!held.isBusy) this.#leave();
  }

  /** Moves the chosen weight by a step; steps soon after one another are one change. */
  nudge(by: number): void {
    if (!this.#held && !this.begin()) return;
    this.to((this.weight ?? 0) + by);
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.end(), KEY_PAUSE);
  }

  /** Sets the weight in the engine until it is where the hand is. */
  async #follow(held: Held): Promise<void> {
    if (held.isBusy) return;
    held.isBusy = true;
    try {
      const run = await held.run;
      while (held.told !== this.weight) {
        const weight = this.weight as number;
        const proposal = await this.session.client.ask('change.weight', { run, ...held.cell, weight });
        held.told = weight;
        this.#made.set(held.id, { cell: nameOf(held.cell), label: proposal.label });
        const chip = chipOf(proposal, held.id);
        this.changes.preview([...held.others, held.name === undefined ? chip : { ...chip, name: held.name }]);
        await this.settled();
      }
    } catch (error) {
      held.isOver = true;
      this.session.failed(error);
    }
    held.isBusy = false;
    if (held.isOver) this.#leave();
  }

  #leave(): void {
    this.changes.keep();
    this.#held = undefined;
    this.weight = undefined;
  }

  async #runOf(changes: readonly Change[]): Promise<string> {
    const spec = this.subject.spec(changes.filter(({ isOn }) => isOn));
    if (!spec) throw new Error('no prompt');
    return (await this.session.client.ask('read.run', spec)).run;
  }
}

function nameOf({ layer, head, query, key }: Held['cell']): string {
  return `${layer} ${head} ${query} ${key}`;
}
