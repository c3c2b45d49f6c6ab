import { below, randomKey } from '#dist/core/index.js';
import { ignored, type TokenBatch, type TrainingData } from '#dist/datasets/index.js';
import { Module } from '#dist/nn/index.js';
import { gather, Parameter, parameterTensor, type Tensor } from '#dist/ops/index.js';

/** logits = table[id] + bias: the smallest language model, whose loss and gradients are written down below in float64. */
export class Bigram extends Module {
  readonly table: Parameter;
  readonly bias: Parameter;

  constructor(
    readonly vocabulary: number,
    readonly context: number,
  ) {
    super();
    const fill = (values: Float32Array): void => values.set(values.map((_, i) => Math.sin(3 * i + 1)));
    this.table = new Parameter([vocabulary, vocabulary], fill);
    this.bias = new Parameter([vocabulary], fill);
  }

  forward(ids: Tensor): Tensor {
    return gather(parameterTensor(this.table), ids).add(parameterTensor(this.bias));
  }
}

export interface Step {
  readonly loss: number;
  readonly table: Float64Array;
  readonly bias: Float64Array;
  /** Global norm of both gradients. */
  readonly norm: number;
  readonly count: number;
}

export type BigramValues = { readonly table: ArrayLike<number>; readonly bias: ArrayLike<number> };

/**
 * Mean cross-entropy over the targets that count in all batches together, and its gradients, in float64:
 * with q = (1 − ε)·onehot + ε/V, ℓ = −Σ q log p and dℓ/dlogits = p − q.
 */
export function bigramStep(values: BigramValues, batches: readonly TokenBatch[], epsilon = 0): Step {
  const vocabulary = values.bias.length;
  const table = new Float64Array(vocabulary * vocabulary);
  const bias = new Float64Array(vocabulary);
  let loss = 0;
  let count = 0;
  for (const { inputs, targets } of batches) {
    inputs.forEach((id, at) => {
      const target = targets[at] as number;
      if (target === ignored) return;
      count++;
      const logits = Array.from(values.bias, (b, v) => b + (values.table[id * vocabulary + v] as number));
      const top = Math.max(...logits);
      const normaliser = top + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0));
      logits.forEach((x, v) => {
        const q = (v === target ? 1 - epsilon : 0) + epsilon / vocabulary;
        loss -= q * (x - normaliser);
        const slope = Math.exp(x - normaliser) - q;
        (table[id * vocabulary + v] as number) += slope;
        (bias[v] as number) += slope;
      });
    });
  }
  for (const gradient of [table, bias]) gradient.set(gradient.map((g) => g / count));
  const norm = Math.sqrt([...table, ...bias].reduce((sum, g) => sum + g * g, 0));
  return { loss: loss / count, table, bias, norm, count };
}

/** The parameters of a bigram model, copied. */
export function valuesOf(model: Bigram): { table: Float32Array; bias: Float32Array } {
  return { table: (model.table.value.data as Float32Array).slice(), bias: (model.bias.value.data as Float32Array).slice() };
}

/** Rows that made data are judged on. */
const evaluated = 2;

/** Training data that `make` gives by batch number; it is judged on the first rows of batch 0. */
export function madeData(
  make: (index: number, rows: number, length: number) => TokenBatch,
  more: Partial<TrainingData> = {},
): TrainingData {
  return {
    size: Number.POSITIVE_INFINITY,
    packed: false,
    exactMatch: false,
    hasIgnored: false,
    batches:
      ({ rows, length }) =>
      (index) =>
        make(index, rows, length),
    evaluation: ({ length }) => [{ ...make(0, evaluated, length), count: evaluated, length }],
    ...more,
  };
}

/** Tokens drawn by (index, place): the same in every run. */
export function scattered(vocabulary: number, index: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, k) => below(randomKey(11, 'test', index), k, vocabulary));
}
