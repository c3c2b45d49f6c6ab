import { recompute, type Tensor } from '#dist/ops/index.js';
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

const programs: Readonly<Record<string, readonly SampleProgram[]>> = { recomputed: [body, chain] };

/** Programs that say what an op means where its cases cannot: `recomputed` is an identity but for its surroundings. */
export function programsOf(op: string): readonly SampleProgram[] {
  return programs[op] ?? [];
}
