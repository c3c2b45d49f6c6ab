import type { Address, Explanation, RunRef } from '#dist/server/protocol/index.js';
import { Latest } from './latest.js';
import type { Session } from './session.svelte.js';

/** How the number that was clicked came about. */
export class Explaining {
  explanation = $state.raw<Explanation | undefined>(undefined);
  code = $state.raw<string | undefined>(undefined);
  isBusy = $state(false);
  readonly #latest = new Latest();
  /** What the arrays on the way are called. */
  readonly #names = new Map<string, string>();

  constructor(private readonly session: Session) {}

  async load(ref: RunRef, address: Address): Promise<void> {
    this.code = undefined;
    this.isBusy = true;
    await this.#latest
      .run(async (signal) => {
        const explanation = await this.session.client.ask('explain', { ...ref, address }, { signal });
        if (signal.aborted) return;
        this.#names.set(address.at, explanation.source.name);
        this.explanation = explanation;
        this.isBusy = false;
      })
      .catch((error: unknown) => {
        this.explanation = undefined;
        this.isBusy = false;
        throw error;
      });
  }

  /** What an array is called, where it was explained before. */
  nameOf(address: Address): string | undefined {
    return this.#names.get(address.at);
  }

  clear(): void {
    this.#latest.stop();
    this.explanation = undefined;
    this.code = undefined;
    this.isBusy = false;
  }

  async loadCode(ref: RunRef, address: Address): Promise<string> {
    const { code } = await this.session.client.ask('explain.code', { ...ref, address });
    this.code = code;
    return code;
  }
}
