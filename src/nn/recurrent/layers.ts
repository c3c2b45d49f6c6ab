import { fail } from '../../core/index.js';
import { concat, dropout, type Initializer, Parameter, parameterTensor, type Tensor } from '../../ops/index.js';
import { uniform } from '../initializers.js';
import { Module } from '../module.js';
import { gru } from './gru.js';
import { lstm } from './lstm.js';
import type { RecurrentOptions, RecurrentResult } from './recur.js';
import { rnn } from './rnn.js';

export type CellName = 'rnn' | 'gru' | 'lstm';

/** Columns of weights for each cell, in units of the hidden width. */
const gates: Readonly<Record<CellName, number>> = { rnn: 1, gru: 3, lstm: 4 };

export interface RecurrentLayersOptions {
  readonly cell: CellName;
  /** Width of the inputs, C. */
  readonly width: number;
  /** Width of the state, H. */
  readonly hidden: number;
  readonly layers?: number;
  /** A second network from the end, whose states stand beside the first's: [T,B,2H] (Schuster and Paliwal 1997). */
  readonly bidirectional?: boolean;
  readonly bias?: boolean;
  /**
   * Added to the first biases of an LSTM's forget gates: 1 lets cells keep what they hold until gates have learned better
   * (Gers et al. 2000; Jozefowicz et al. 2015). 0, as in PyTorch, by default.
   */
  readonly forgetBias?: number;
  /** Dropout between layers, while training. */
  readonly dropout?: number;
}

/** One layer in one direction: the weights of its gates, columns in the order of the cell's own function. */
class Direction extends Module {
  readonly input: Parameter;
  readonly hidden: Parameter;
  readonly inputBias: Parameter | undefined;
  readonly hiddenBias: Parameter | undefined;
  readonly cell: CellName;

  constructor(cell: CellName, width: number, hidden: number, { bias = true, forgetBias = 0 }: RecurrentLayersOptions) {
    super();
    const columns = gates[cell] * hidden;
    // PyTorch's: every number from the same range, whatever the gate.
    const initializer = uniform(-1 / Math.sqrt(hidden), 1 / Math.sqrt(hidden));
    this.cell = cell;
    this.input = new Parameter([width, columns], initializer);
    this.hidden = new Parameter([hidden, columns], initializer);
    // Two biases, as PyTorch and cuDNN have them: for the GRU they differ in meaning, for the others they add up.
    this.inputBias = bias ? new Parameter([columns], forgetBias === 0 ? initializer : open(initializer, hidden, forgetBias)) : undefined;
    this.hiddenBias = bias ? new Parameter([columns], initializer) : undefined;
  }

  /** @param x [T,B,C] */
  forward(x: Tensor, initial: readonly Tensor[] | undefined, options: RecurrentOptions): RecurrentResult {
    const [input, hidden] = [parameterTensor(this.input), parameterTensor(this.hidden)];
    const inputBias = this.inputBias && parameterTensor(this.inputBias);
    const hiddenBias = this.hiddenBias && parameterTensor(this.hiddenBias);
    if (this.cell === 'gru') return gru(x, { input, hidden, inputBias, hiddenBias }, { ...options, initial: initial?.[0] });
    const bias = inputBias && hiddenBias && inputBias.add(hiddenBias);
    if (this.cell === 'rnn') return rnn(x, { input, hidden, bias }, { ...options, initial: initial?.[0] });
    const both = initial && { hidden: initial[0] as Tensor, cell: initial[1] as Tensor };
    return lstm(x, { input, hidden, bias }, { ...options, initial: both });
  }
}

/** Biases whose second quarter, the forget gates', is larger by so much. */
function open(initializer: Initializer, hidden: number, by: number): Initializer {
  return (values, ...rest) => {
    initializer(values, ...rest);
    for (let i = hidden; i < 2 * hidden; i++) values[i] = (values[i] as number) + by;
  };
}

export interface RecurrentInputs {
  /** [B] int32: how many steps of each row count; all by default. */
  readonly lengths?: Tensor | undefined;
  /** Where to go on from: the `state` of an earlier call. */
  readonly state?: readonly (readonly Tensor[])[] | undefined;
}

/**
 * Recurrent layers on top of each other: RNN, GRU or LSTM, in one direction or both.
 * Sites: `layers.{i}.forward.hidden`, and `layers.{i}.backward.hidden` where there are two directions; [T,B,H].
 * @example new RecurrentLayers({ cell: 'lstm', width: 64, hidden: 128, layers: 2 })
 */
export class RecurrentLayers extends Module {
  readonly layers: { readonly forward: Direction; readonly backward?: Direction }[];
  readonly options: RecurrentLayersOptions;

  /** @throws value: a size that is not a whole number from 1, or a forget bias where there is no such gate or no bias */
  constructor(options: RecurrentLayersOptions) {
    super();
    const { cell, width, hidden, layers = 1, bidirectional = false, bias = true, forgetBias = 0 } = options;
    for (const [name, size] of Object.entries({ width, hidden, layers })) {
      if (!Number.isInteger(size) || size < 1)
        throw fail('value', { where: 'RecurrentLayers', rule: `${name} is a whole number from 1`, got: String(size) });
    }
    if (!Number.isFinite(forgetBias) || (forgetBias !== 0 && (cell !== 'lstm' || !bias))) {
      const rule = 'forgetBias: a number, for an LSTM with biases; 0 for others';
      throw fail('value', { where: 'RecurrentLayers', rule, got: `${forgetBias}, ${cell}${bias ? '' : ' without biases'}` });
    }
    this.options = options;
    this.layers = Array.from({ length: layers }, (_, i) => {
      const from = i === 0 ? width : hidden * (bidirectional ? 2 : 1);
      const make = (): Direction => new Direction(cell, from, hidden, options);
      return { forward: make(), ...(bidirectional && { backward: make() }) };
    });
  }

  /**
   * @param x [B,T,C]
   * @returns outputs [B,T,H], or [B,T,2H] in both directions; and each layer's last state in each direction
   */
  forward(
    x: Tensor,
    { lengths, state }: RecurrentInputs = {},
  ): { readonly outputs: Tensor; readonly state: readonly (readonly Tensor[])[] } {
    const last: (readonly Tensor[])[] = [];
    let now = x.transpose([1, 0, 2]); // [T,B,C]
    this.layers.forEach(({ forward, backward }, i) => {
      if (i > 0) now = dropout(now, this.options.dropout ?? 0);
      const ahead = forward.forward(now, state?.[last.length], { lengths });
      last.push(ahead.state);
      if (backward === undefined) {
        now = ahead.outputs;
        return;
      }
      const back = backward.forward(now, state?.[last.length], { lengths, reverse: true });
      last.push(back.state);
      now = concat([ahead.outputs, back.outputs], 2);
    });
    return { outputs: now.transpose([1, 0, 2]), state: last };
  }
}
