import { decodeModel, type OnnxValue } from '#dist/onnx/index.js';
import { type EngineTensor, engineTensor, Session } from '#dist/runtime/index.js';

/** A program with feeds of its own, ready to be timed. */
interface Runner {
  run(): Promise<number>;
  dispose(): Promise<void>;
}

/** Sizes of the axes that a program names. */
export type AxisSizes = Readonly<Record<string, number>>;

async function runner(onnx: Uint8Array, sizes: AxisSizes): Promise<Runner> {
  const { graph } = decodeModel(onnx);
  const session = await Session.create(onnx, { device: 'cpu', threads: 1, optimize: false });
  const feeds = Object.fromEntries(graph.inputs.map((value) => [value.name, feed(value, sizes)]));
  const fetches = Object.fromEntries(graph.outputs.map(({ name }) => [name, null]));
  return {
    async run() {
      const begun = performance.now();
      await session.run(feeds, fetches);
      return performance.now() - begun;
    },
    dispose: () => session.dispose(),
  };
}

/** Small numbers, and ids that every vocabulary has: the time of a step does not depend on them. */
function feed({ type, dims = [] }: OnnxValue, sizes: AxisSizes): EngineTensor {
  const shape = dims.map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? Number.NaN)));
  const size = shape.reduce((a, b) => a * b, 1);
  if (type === 'bool') return engineTensor('bool', new Uint8Array(size).fill(1), shape);
  if (type === 'int32') return engineTensor('int32', new Int32Array(size), shape);
  return engineTensor(
    'float32',
    Float32Array.from({ length: size }, (_, i) => 0.1 * Math.sin(i + 1)),
    shape,
  );
}

/**
 * The time of a program over a baseline's, on one thread, in turn in this process. The quickest run of each counts: other
 * programs on the machine only ever add.
 * @param rounds runs of each, after two that are not counted
 * @param sizes of the axes that the programs name
 */
export async function raceRatio(program: Uint8Array, baseline: Uint8Array, rounds: number, sizes: AxisSizes = {}): Promise<number> {
  const sides = [await runner(program, sizes), await runner(baseline, sizes)] as const;
  try {
    const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as [number, number];
    for (let round = -2; round < rounds; round++) {
      for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        const ms = await sides[side].run();
        if (round >= 0) best[side] = Math.min(best[side], ms);
      }
    }
    return best[0] / best[1];
  } finally {
    for (const side of sides) await side.dispose();
  }
}

/** What runs today may take this much more of the time of the frozen program that runs in turn with it. */
export const mostRatio = 1.25;

/** The ratio to a frozen program. Three tries, each longer: what is slower stays slower, what was disturbed does not. */
export async function ratioToFrozen(program: Uint8Array, frozen: Uint8Array, rounds: number, sizes?: AxisSizes): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (const times of [1, 2, 4]) {
    best = Math.min(best, await raceRatio(program, frozen, times * rounds, sizes));
    if (best <= mostRatio) break;
  }
  return best;
}
