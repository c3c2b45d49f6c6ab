import { fail } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import type { AttributeValue } from './cases.js';

/** An ONNX operator written with our functions: tensors in its order to tensors in its order. */
export interface Operator {
  /** @param wanted which outputs are asked for */
  readonly apply: (
    inputs: readonly (Tensor | undefined)[],
    attributes: Attributes,
    wanted: readonly boolean[],
  ) => readonly (Tensor | undefined)[];
  /** Whether our function is one that ONNX has too, so that it may be written as that operator. */
  readonly mayUseItself?: boolean;
}

/** Attributes of a case, by name and type. */
export class Attributes {
  readonly #values: Readonly<Record<string, AttributeValue>>;

  constructor(values: Readonly<Record<string, AttributeValue>>) {
    this.#values = values;
  }

  number(name: string): number | undefined;
  number(name: string, otherwise: number): number;
  number(name: string, otherwise?: number): number | undefined {
    const value = this.#values[name] ?? otherwise;
    if (value !== undefined && typeof value !== 'number') throw this.#refuse(name, 'a number');
    return value;
  }

  text(name: string, otherwise: string): string {
    const value = this.#values[name] ?? otherwise;
    if (typeof value !== 'string') throw this.#refuse(name, 'a string');
    return value;
  }

  numbers(name: string): readonly number[] | undefined {
    const value = this.#values[name];
    if (value !== undefined && !(Array.isArray(value) && value.every((v) => typeof v === 'number')))
      throw this.#refuse(name, 'a list of numbers');
    return value as readonly number[] | undefined;
  }

  texts(name: string): readonly string[] | undefined {
    const value = this.#values[name];
    if (value !== undefined && !(Array.isArray(value) && value.every((v) => typeof v === 'string')))
      throw this.#refuse(name, 'a list of strings');
    return value as readonly string[] | undefined;
  }

  #refuse(name: string, rule: string): Error {
    return fail('value', { where: `attribute ${name}`, rule, got: JSON.stringify(this.#values[name]) });
  }
}

/** An input that the operator cannot do without. */
export function required(inputs: readonly (Tensor | undefined)[], index: number, name: string): Tensor {
  const found = inputs[index];
  if (found === undefined) throw fail('value', { where: `input ${name}`, rule: 'an array', got: 'nothing' });
  return found;
}

/** float64 as float32, for what the engine computes in no more (erf, convolutions): still well within the tolerance. */
export function single(x: Tensor): Tensor {
  return x.dtype === 'float64' ? x.cast('float32') : x;
}
