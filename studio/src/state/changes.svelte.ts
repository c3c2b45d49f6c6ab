import type { Change, Proposal } from '#dist/server/protocol/index.js';
import { advance, back, begin, forth, type History } from './history.js';
import type { Session } from './session.svelte.js';
import type { Whereabouts } from './whereabouts.svelte.js';

/** What is changed in the model: chips, one after another, with a way back. */
export class Changes {
  #history = $state.raw<History<readonly Change[]>>(begin([]));
  readonly all: readonly Change[] = $derived.by(() => this.where.place.changes);
  readonly active: readonly Change[] = $derived(this.all.filter((change) => change.isOn));
  readonly canUndo: boolean = $derived(this.#history.past.length > 0);
  readonly canRedo: boolean = $derived(this.#history.future.length > 0);

  constructor(
    private readonly session: Session,
    private readonly where: Whereabouts,
  ) {
    this.restart();
  }

  /** The history begins with the changes of the place. */
  restart(): void {
    this.#history = begin(this.where.place.changes);
  }

  set(changes: readonly Change[]): void {
    this.preview(changes);
    this.keep();
  }

  /** Shows changes that are no step of the history yet: a hand is still on one of them. */
  preview(changes: readonly Change[]): void {
    this.where.go({ changes });
  }

  /** Makes one step of what was shown since the last. */
  keep(): void {
    if (this.all !== this.#history.present) this.#history = advance(this.#history, this.all);
  }

  undo(): void {
    // What is only a preview is taken back first.
    if (this.all === this.#history.present) this.#history = back(this.#history);
    this.preview(this.#history.present);
  }

  redo(): void {
    this.#history = forth(this.#history);
    this.preview(this.#history.present);
  }

  /** Makes a chip of a change that the engine proposes. */
  async propose(asked: Promise<Proposal>): Promise<void> {
    try {
      const proposal = await asked;
      this.set([...this.all, chipOf(proposal)]);
    } catch (error) {
      this.session.failed(error);
    }
  }
}

/** A change that is on, called as the engine proposes. */
export function chipOf({ intervention, label }: Proposal, id = crypto.randomUUID().slice(0, 8)): Change {
  return { id, name: label, isOn: true, intervention };
}
