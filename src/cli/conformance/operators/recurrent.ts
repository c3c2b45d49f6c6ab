import { gru, lstm, type RecurrentResult, rnn } from '../../../nn/index.js';
import { concat, stack, type Tensor } from '../../../ops/index.js';
import { type Attributes, type Operator, required } from '../operator.js';
import { type Activation, activationsOf } from './activations.js';

/** What ONNX's three recurrent operators have in common, for one direction. */
interface Direction {
  readonly x: Tensor;
  /** [C,g·H] and [H,g·H], gates in ONNX's order. */
  readonly input: Tensor;
  readonly hidden: Tensor;
  readonly inputBias: Tensor | undefined;
  readonly hiddenBias: Tensor | undefined;
  readonly initial: Tensor | undefined;
  readonly initialCell: Tensor | undefined;
  readonly peepholes: Tensor | undefined;
  readonly activations: readonly Activation[];
  readonly options: { readonly lengths: Tensor | undefined; readonly reverse: boolean };
}

type Run = (direction: Direction, attributes: Attributes) => RecurrentResult;

/** ONNX RNN, GRU and LSTM, opsets 7 to 22: X [T,B,C] (layout 0) or [B,T,C], W [dirs,g·H,C], R [dirs,g·H,H], B [dirs,2·g·H]. */
function recurrent(run: Run, defaults: readonly string[]): Operator {
  return {
    apply: (inputs, attributes) => {
      const byBatch = attributes.number('layout', 0) === 1;
      const turn = (x: Tensor | undefined): Tensor | undefined => (byBatch ? x?.transpose([1, 0, 2]) : x);
      const x = turn(required(inputs, 0, 'X')) as Tensor;
      const direction = attributes.text('direction', 'forward');
      const reversed = direction === 'bidirectional' ? [false, true] : [direction === 'reverse'];
      const activations = activationsOf(
        attributes,
        reversed.flatMap(() => defaults),
      );
      const results = reversed.map((reverse, d) => {
        const of = (tensor: Tensor | undefined): Tensor | undefined => {
          const part = tensor?.slice([[d, d + 1]]);
          return part?.reshape(part.shape.slice(1));
        };
        const [w, r, b] = [of(required(inputs, 1, 'W')) as Tensor, of(required(inputs, 2, 'R')) as Tensor, of(inputs[3])];
        const [inputBias, hiddenBias] = b === undefined ? [undefined, undefined] : (b.split(2, 0) as [Tensor, Tensor]);
        const given: Direction = {
          x,
          input: w.transpose([1, 0]),
          hidden: r.transpose([1, 0]),
          inputBias,
          hiddenBias,
          initial: of(turn(inputs[5])),
          initialCell: of(turn(inputs[6])),
          peepholes: of(inputs[7]),
          activations: activations.slice(d * defaults.length, (d + 1) * defaults.length),
          options: { lengths: inputs[4], reverse },
        };
        return run(given, attributes);
      });
      const outputs = stack(
        results.map((result) => result.outputs),
        1,
      ); // [T,dirs,B,H]
      const states = (results[0] as RecurrentResult).state.map((_, k) =>
        stack(
          results.map((result) => result.state[k] as Tensor),
          0,
        ),
      ); // [dirs,B,H] each
      return [byBatch ? outputs.transpose([2, 0, 1, 3]) : outputs, ...states.map((s) => turn(s) as Tensor)];
    },
  };
}

/** Gates put into another order along the last axis. */
function reordered(x: Tensor, count: number, order: readonly number[]): Tensor {
  const parts = x.split(count, -1);
  return concat(
    order.map((i) => parts[i] as Tensor),
    -1,
  );
}

function sum(a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined {
  return a !== undefined && b !== undefined ? a.add(b) : undefined;
}

export const rnnOperator = recurrent(
  ({ x, input, hidden, inputBias, hiddenBias, initial, activations: [activation], options }) =>
    rnn(x, { input, hidden, bias: sum(inputBias, hiddenBias) }, { ...options, initial, activation }),
  ['Tanh'],
);

/** ONNX's gates are update, reset, candidate; ours reset, update, candidate. */
export const gruOperator = recurrent(
  ({ x, input, hidden, inputBias, hiddenBias, initial, activations: [gateActivation, candidateActivation], options }, attributes) => {
    const ours = (y: Tensor): Tensor => reordered(y, 3, [1, 0, 2]);
    const weights = {
      input: ours(input),
      hidden: ours(hidden),
      inputBias: inputBias && ours(inputBias),
      hiddenBias: hiddenBias && ours(hiddenBias),
    };
    const resetBefore = attributes.number('linear_before_reset', 0) === 0;
    return gru(x, weights, { ...options, initial, resetBefore, gateActivation, candidateActivation });
  },
  ['Sigmoid', 'Tanh'],
);

/** ONNX's gates are input, output, forget, candidate, and its peepholes input, output, forget; ours input, forget, candidate, output. */
export const lstmOperator = recurrent(
  (
    { x, input, hidden, inputBias, hiddenBias, initial, initialCell, peepholes, activations: [gate, candidate, output], options },
    attributes,
  ) => {
    const ours = (y: Tensor): Tensor => reordered(y, 4, [0, 2, 3, 1]);
    const bias = sum(inputBias, hiddenBias);
    const [i, o, f] = (peepholes?.split(3, 0) ?? []) as Tensor[];
    const weights = {
      input: ours(input),
      hidden: ours(hidden),
      bias: bias && ours(bias),
      peepholes: i && f && o && { input: i, forget: f, output: o },
    };
    const start = initial ?? initialCell?.mul(0);
    return lstm(x, weights, {
      ...options,
      initial: start && { hidden: start, cell: initialCell ?? start.mul(0) },
      gateActivation: gate,
      candidateActivation: candidate,
      outputActivation: output,
      coupled: attributes.number('input_forget', 0) !== 0,
    });
  },
  ['Sigmoid', 'Tanh', 'Tanh'],
);
