import fc from 'fast-check';
import { test } from 'vitest';
import { at, caseOf, expectPassed, filled, type Numbers, places, type Stored, source } from './cases.js';

/** One direction of ONNX's RNN, GRU or LSTM, as equations of one row's state; the gates in ONNX's order. */
interface Cell {
  readonly gates: number;
  readonly activations: readonly string[];
  step(given: {
    /** x W_g + b of a gate, and h R_g + b; for the GRU's reset, h may be replaced. */
    input(gate: number, unit: number): number;
    hidden(gate: number, unit: number, h?: readonly number[]): number;
    peephole(gate: number, unit: number): number;
    f(which: number, x: number): number;
    h: readonly number[];
    c: readonly number[];
    linearBeforeReset: boolean;
    inputForget: boolean;
  }): { h: number[]; c: number[] };
}

const cells: Readonly<Record<string, Cell>> = {
  RNN: {
    gates: 1,
    activations: ['Tanh'],
    step: ({ input, hidden, f, h, c }) => ({ h: h.map((_, u) => f(0, input(0, u) + hidden(0, u))), c: [...c] }),
  },
  GRU: {
    gates: 3,
    activations: ['Sigmoid', 'Tanh'],
    step: ({ input, hidden, f, h, c, linearBeforeReset }) => {
      const z = h.map((_, u) => f(0, input(0, u) + hidden(0, u)));
      const r = h.map((_, u) => f(0, input(1, u) + hidden(1, u)));
      const reset = h.map((v, u) => v * (r[u] as number));
      const n = h.map((_, u) => f(1, input(2, u) + (linearBeforeReset ? (r[u] as number) * hidden(2, u) : hidden(2, u, reset))));
      return { h: h.map((v, u) => (1 - (z[u] as number)) * (n[u] as number) + (z[u] as number) * v), c: [...c] };
    },
  },
  LSTM: {
    gates: 4,
    activations: ['Sigmoid', 'Tanh', 'Tanh'],
    step: ({ input, hidden, peephole, f, h, c, inputForget }) => {
      const gate = (g: number, u: number): number => input(g, u) + hidden(g, u);
      const i = h.map((_, u) => f(0, gate(0, u) + peephole(0, u) * (c[u] as number)));
      const forget = h.map((_, u) => (inputForget ? 1 - (i[u] as number) : f(0, gate(2, u) + peephole(2, u) * (c[u] as number))));
      const next = h.map((_, u) => (forget[u] as number) * (c[u] as number) + (i[u] as number) * f(1, gate(3, u)));
      const o = h.map((_, u) => f(0, gate(1, u) + peephole(1, u) * (next[u] as number)));
      return { h: h.map((_, u) => (o[u] as number) * f(2, next[u] as number)), c: next };
    },
  },
};

/** With the α and β that the cases give them. */
const functions: Readonly<Record<string, (x: number) => number>> = {
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Tanh: Math.tanh,
  Relu: (x) => Math.max(0, x),
  Softsign: (x) => x / (1 + Math.abs(x)),
  Softplus: (x) => Math.log1p(Math.exp(x)),
  Affine: (x) => 0.75 * x + 0.25,
  LeakyRelu: (x) => (x < 0 ? 0.75 * x : x),
  HardSigmoid: (x) => Math.min(1, Math.max(0, 0.75 * x + 0.25)),
  ScaledTanh: (x) => 0.75 * Math.tanh(0.25 * x),
  Elu: (x) => (x < 0 ? 0.75 * Math.expm1(x) : x),
  ThresholdedRelu: (x) => (x >= 0.75 ? x : 0),
};
const withAlpha = ['Affine', 'LeakyRelu', 'HardSigmoid', 'ScaledTanh', 'Elu', 'ThresholdedRelu'];
const withBeta = ['Affine', 'HardSigmoid', 'ScaledTanh'];

const cases = fc.record({
  op: fc.constantFrom('RNN', 'GRU', 'LSTM'),
  length: fc.integer({ min: 1, max: 4 }),
  batch: fc.integer({ min: 1, max: 3 }),
  width: fc.integer({ min: 1, max: 3 }),
  hidden: fc.integer({ min: 1, max: 3 }),
  direction: fc.constantFrom('forward', 'reverse', 'bidirectional'),
  biased: fc.boolean(),
  lengths: fc.boolean(),
  initialHidden: fc.boolean(),
  initialCell: fc.boolean(),
  peepholes: fc.boolean(),
  layout: fc.constantFrom(0, 1),
  clip: fc.constantFrom(undefined, undefined, 0.25),
  activations: fc.option(fc.array(fc.constantFrom(...Object.keys(functions)), { minLength: 6, maxLength: 6 }), { nil: undefined }),
  linearBeforeReset: fc.boolean(),
  inputForget: fc.boolean(),
  stored: fc.constantFrom<Stored>('float32', 'float32', 'float64', 'float16'),
  seed: fc.nat(1e6),
});

test('RNN, GRU and LSTM in any direction, with all that ONNX lets them have', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (s) => {
      const cell = cells[s.op] as Cell;
      const isLstm = s.op === 'LSTM';
      const directions = s.direction === 'bidirectional' ? 2 : 1;
      const random = source(s.seed, s.stored);
      const rows = cell.gates * s.hidden;
      const x = random([s.length, s.batch, s.width]);
      const [w, r] = [random([directions, rows, s.width]), random([directions, rows, s.hidden])];
      const b = s.biased ? random([directions, 2 * rows]) : undefined;
      const lengths = random([s.batch]).data.map((v) => Math.max(1, Math.round(((v + 1) / 2) * s.length)));
      const stateShape = [directions, s.batch, s.hidden];
      const start = s.initialHidden ? random(stateShape) : undefined;
      const startCell = isLstm && s.initialCell ? random(stateShape) : undefined;
      const p = isLstm && s.peepholes ? random([directions, 3 * s.hidden]) : undefined;
      const count = cell.activations.length;
      const chosen = s.activations?.slice(0, directions * count);
      const names = chosen ?? Array.from({ length: directions }, () => cell.activations).flat();

      const outputs = filled([s.length, directions, s.batch, s.hidden], () => 0);
      const [last, lastCell] = [filled(stateShape, () => 0), filled(stateShape, () => 0)];
      for (let d = 0; d < directions; d++)
        for (let n = 0; n < s.batch; n++) {
          const steps = s.lengths ? (lengths[n] as number) : s.length;
          const of = (state: Numbers | undefined): number[] =>
            Array.from({ length: s.hidden }, (_, u) => (state === undefined ? 0 : at(state, [d, n, u])));
          let state = { h: of(start), c: of(startCell) };
          for (let k = 0; k < steps; k++) {
            const t = s.direction === 'reverse' || d === 1 ? steps - 1 - k : k;
            const { h } = state;
            const biasOf = (row: number): number => (b === undefined ? 0 : at(b, [d, row]));
            state = cell.step({
              ...state,
              input: (g, u) => {
                let sum = biasOf(g * s.hidden + u);
                for (let i = 0; i < s.width; i++) sum += at(x, [t, n, i]) * at(w, [d, g * s.hidden + u, i]);
                return sum;
              },
              hidden: (g, u, from = h) =>
                from.reduce((sum, v, i) => sum + v * at(r, [d, g * s.hidden + u, i]), biasOf(rows + g * s.hidden + u)),
              peephole: (g, u) => (p === undefined ? 0 : at(p, [d, g * s.hidden + u])),
              f: (which, v) => {
                const bounded = s.clip === undefined ? v : Math.min(s.clip, Math.max(-s.clip, v));
                return (functions[names[d * count + which] as string] as (y: number) => number)(bounded);
              },
              linearBeforeReset: s.linearBeforeReset,
              inputForget: s.inputForget,
            });
            state.h.forEach((v, u) => {
              outputs.data[((t * directions + d) * s.batch + n) * s.hidden + u] = v;
            });
          }
          state.h.forEach((v, u) => {
            last.data[(d * s.batch + n) * s.hidden + u] = v;
            lastCell.data[(d * s.batch + n) * s.hidden + u] = state.c[u] as number;
          });
        }

      /** As the layout has it: axes put into another order. */
      const laid = <T extends Numbers | undefined>(y: T, axes: readonly number[]): T => {
        if (y === undefined || s.layout === 0) return y;
        const shape = axes.map((axis) => y.shape[axis] as number);
        return filled(shape, (i) => {
          const place = places(i, shape);
          return at(
            y,
            axes.map((_, axis) => place[axes.indexOf(axis)] as number),
          );
        }) as T;
      };
      const given = caseOf(
        s.op,
        {
          hidden_size: s.hidden,
          direction: s.direction,
          layout: s.layout,
          ...(s.clip !== undefined && { clip: s.clip }),
          ...(chosen && {
            activations: chosen,
            activation_alpha: chosen.filter((name) => withAlpha.includes(name)).map(() => 0.75),
            activation_beta: chosen.filter((name) => withBeta.includes(name)).map(() => 0.25),
          }),
          ...(s.op === 'GRU' && { linear_before_reset: s.linearBeforeReset ? 1 : 0 }),
          ...(isLstm && { input_forget: s.inputForget ? 1 : 0 }),
        },
        [
          laid(x, [1, 0, 2]),
          w,
          r,
          b,
          s.lengths ? { whole: { data: lengths, shape: [s.batch] } } : undefined,
          laid(start, [1, 0, 2]),
          ...(isLstm ? [laid(startCell, [1, 0, 2]), p] : []),
        ],
        [laid(outputs, [2, 0, 1, 3]), laid(last, [1, 0, 2]), ...(isLstm ? [laid(lastCell, [1, 0, 2])] : [])],
        s.stored,
      );
      await expectPassed(given);
    }),
    { numRuns: 50 },
  );
});
