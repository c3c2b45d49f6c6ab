import { decodeModel, type OnnxValue } from '#dist/onnx/index.js';
import { type EngineTensor, engineTensor, Session } from '#dist/runtime/index.js';

/** A program with feeds of its own, ready to be timed. */
interface Runner {
  run(): Promise<number>;
  dispose(): Promise<void>;
}

async function runner(onnx: Uint8Array): Promise<Runner> {
  const { graph } = decodeModel(onnx);
  const session = await Session.create(onnx, { device: 'cpu', threads: 1, optimize: false });
  const feeds = Object.fromEntries(graph.inputs.map((value) => [value.name, feed(value)]));
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
function feed({ type, dims = [] }: OnnxValue): EngineTensor {
  const shape = dims as number[];
  const size = shape.reduce((a, b) => a * b, 1);
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
 */
export async function raceRatio(program: Uint8Array, baseline: Uint8Array, rounds: number): Promise<number> {
  const sides = [await runner(program), await runner(baseline)] as const;
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
