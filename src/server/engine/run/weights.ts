import type { HostArray } from '../../../core/index.js';
import type { Module } from '../../../nn/index.js';
import { Kept } from '../kept.js';
import { keptWeightBytes } from '../limits.js';

/** Reads the weights of one checkpoint of a run. */
export type LoadStep = (step: number) => Promise<Module>;

/** The weights of one model at several moments of its training: the graph is the same, so are its programs. */
export class Weights {
  readonly #own: ReadonlyMap<string, HostArray>;
  readonly #steps = new Kept<ReadonlyMap<string, HostArray>>(keptWeightBytes);
  #current: number | undefined;

  constructor(
    private readonly model: Module,
    private readonly load: LoadStep,
  ) {
    this.#own = valuesOf(model);
  }

  /** Gives the model a step's weights; its own where none is named. Not while a program of it runs. */
  async use(step: number | undefined): Promise<void> {
    if (step === this.#current) return;
    const values = step === undefined ? this.#own : await this.#of(step);
    for (const [name, parameter] of this.model.parameters()) {
      const value = values.get(name);
      if (value !== undefined) parameter.value = value;
    }
    this.#current = step;
  }

  async #of(step: number): Promise<ReadonlyMap<string, HostArray>> {
    const known = this.#steps.get(String(step));
    if (known !== undefined) return known;
    const values = valuesOf(await this.load(step));
    const bytes = [...values.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    this.#steps.set(String(step), values, bytes);
    return values;
  }
}

function valuesOf(model: Module): ReadonlyMap<string, HostArray> {
  return new Map([...model.parameters()].map(([name, parameter]) => [name, parameter.value]));
}
