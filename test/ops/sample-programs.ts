import { HostArray } from '#dist/core/index.js';
import { constant, recompute, reversible, scan, sigmoid, softmaxMix, type Tensor, tanh } from '#dist/ops/index.js';
import type { SampleProgram } from './trials.js';

/** A body with a captured value, an argument used twice, and two results. */
const body: SampleProgram = {
  inputs: [{ shape: [2, 3] }, { shape: [3, 2] }, { shape: [2] }],
  build: (inputs) => {
    const [x, w, b] = inputs as [Tensor, Tensor, Tensor];
    return recompute((first: Tensor, second: Tensor) => {
      const h = first.matmul(second).add(b).softmax();
      return [h.matmul(second, { transposeB: true }).mul(first), h.sum({ axis: 1 })];
    })(x, w);
  },
};

/** Two bodies in a row that share a captured value, which the second one's argument depends on too. */
const chain: SampleProgram = {
  inputs: [{ shape: [2, 3] }, { shape: [3, 3] }],
  build: (inputs) => {
    const [x, w] = inputs as [Tensor, Tensor];
    const layer = recompute((h: Tensor) => h.matmul(w).softmax().mul(h));
    return [layer(layer(x))];
  },
};

/** A gated recurrence: captured matrices and biases, one of them used twice, elementwise captured values, several outputs. */
const gated = (reverse: boolean): SampleProgram => ({
  inputs: [{ shape: [2, 3] }, { shape: [4, 2, 3] }, { shape: [3, 3] }, { shape: [3] }, { shape: [3] }],
  build: (inputs) => {
    const [h0, xs, w, b, p] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const { carries, outputs } = scan(
      ([h], [x]) => {
        const [before, now] = [h as Tensor, x as Tensor];
        const z = sigmoid(before.matmul(w).add(b).add(before.mul(p)));
        const next = z.mul(before).add(tanh(now.matmul(w)).mul(p));
        return { carries: [next], outputs: [next.mul(now), z] };
      },
      [h0],
      [xs],
      { reverse },
    );
    return [...carries, ...outputs];
  },
});

/** A loop in a loop, a counter that is no float, a carry that is passed on, a step that reads nothing of its slice's value. */
const nested: SampleProgram = {
  inputs: [{ shape: [3] }, { shape: [2, 4, 3] }, { shape: [3] }],
  build: (inputs) => {
    const [c, xs, w] = inputs as [Tensor, Tensor, Tensor];
    const outer = scan(
      ([sum, kept], [rows]) => {
        const inner = scan(
          ([a], [row]) => {
            const next = tanh((a as Tensor).mul(w)).add((row as Tensor).mul(sum as Tensor));
            return { carries: [next], outputs: [next.sum()] };
          },
          [sum as Tensor],
          [rows as Tensor],
        );
        return { carries: [inner.carries[0] as Tensor, kept as Tensor], outputs: [inner.outputs[0] as Tensor] };
      },
      [c, w],
      [xs],
    );
    return [...outer.carries, ...outer.outputs];
  },
};

/** Two heads that share a value head; once by itself, once given what it would compute, with a row that attends to nothing. */
const softmaxMixes = (known: boolean): SampleProgram => ({
  inputs: [{ shape: [1, 2, 3, 4] }, { shape: [1, 1, 4, 2] }],
  build: (inputs) => {
    const [scores, value] = inputs as [Tensor, Tensor];
    const mask = constant(new HostArray(Uint8Array.of(1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 1), [3, 4], 'bool'));
    const made = (options: Parameters<typeof softmaxMix>[2]): Tensor => softmaxMix(scores, value, options);
    return [known ? made({ mask, known: made({ mask }) }) : made({})];
  },
});

/** Three blocks that share a weight, one function that passes its argument by. */
const reversed: SampleProgram = {
  inputs: [{ shape: [2, 3] }, { shape: [2, 3] }, { shape: [3, 3] }, { shape: [3] }],
  build: (inputs) => {
    const [x1, x2, w, b] = inputs as [Tensor, Tensor, Tensor, Tensor];
    const f = (x: Tensor): Tensor => tanh(x.matmul(w).add(b));
    const g = (x: Tensor): Tensor => sigmoid(x).mul(b);
    return [
      ...reversible(
        [
          { f, g },
          { f: g, g: f },
          { f, g: (x) => tanh(b).expand(x.shape) },
        ],
        x1,
        x2,
      ),
    ];
  },
};

const programs: Readonly<Record<string, readonly SampleProgram[]>> = {
  recomputed: [body, chain],
  reversible: [reversed],
  softmax_mix: [softmaxMixes(false), softmaxMixes(true)],
  scan: [gated(false), gated(true), nested],
};

/** Programs that say what an op means where its cases cannot: `recomputed` is an identity but for its surroundings. */
export function programsOf(op: string): readonly SampleProgram[] {
  return programs[op] ?? [];
}
