import type { HostArray } from '../../../core/index.js';
import type { Tensor } from '../../../ops/index.js';
import type { Equation, Factor, Operand } from '../../protocol/index.js';
import { originOf, type Place } from './place.js';
import { type Named, numberAt, type Scene } from './scene.js';

/** How an op's element comes about. */
export interface Told {
  readonly equation: Equation;
  /** The equation's right side, worked out in float64 from the operands. */
  readonly computed: number;
  /** The right side in plain text. */
  readonly text: string;
}

/** Explains one element of an op's output. @param place where its node computed it */
export type Rule = (scene: Scene, place: Place) => Promise<Told>;

/** Values of whatever a rule needs, at once, and its numbers as the protocol has them. */
export class Operands {
  readonly #tensors = new Set<Tensor>();
  #values: ReadonlyMap<Tensor, HostArray> = new Map();

  constructor(private readonly scene: Scene) {}

  /** Asks for a number. @returns to be called once `load` is done */
  factor({ symbol, place }: Named): () => Factor {
    const origin = originOf(place);
    this.#tensors.add(origin.tensor);
    return () => ({
      symbol,
      value: numberAt(this.#values, origin),
      address: this.scene.addressOf(origin),
      name: this.scene.sourceOf(origin.tensor).name,
    });
  }

  /** Asks for numbers that run along a sum. */
  operand(symbol: string, places: readonly Place[]): () => Operand {
    const { operand, tensor } = this.scene.operand(symbol, places, places);
    this.#tensors.add(tensor);
    return () => ({ ...operand, values: Float32Array.from(operand.flat, (at) => Number(this.#values.get(tensor)?.data[at])) });
  }

  async load(): Promise<void> {
    this.#values = await this.scene.valuesOf(this.#tensors);
  }
}

/** A number as equations show it. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '−∞' : 'NaN';
  const text =
    value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5) ? value.toExponential(3) : String(Number(value.toPrecision(5)));
  return text.replace('-', '−');
}
