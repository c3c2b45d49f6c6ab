import { HostArray, randomKey, uniform } from '#dist/core/index.js';
import { topological } from '#dist/ops/graph.js';
import { evaluate, type RefArray, type Tensor } from '#dist/ops/index.js';
import { Program } from '#dist/runtime/index.js';
import { lower } from '#dist/runtime/lower.js';
import { relativeDifference } from '../support/arrays.js';

/** Values of input tensors. */
export type Feeds = Map<Tensor, RefArray>;

/** Numbers in [−1.5, 1.5) for each of the inputs (0 … 2 for whole ones), the same for the same seed. */
export function drawFeeds(inputs: readonly Tensor[], seed = 0): Feeds {
  return new Map(
    inputs.map((x, n) => {
      const shape = x.shape as readonly number[];
      const key = randomKey(seed, `feed ${n}`);
      const draw = (i: number): number =>
        x.dtype === 'float32' ? Math.fround(3 * uniform(key, i) - 1.5) : Math.floor(3 * uniform(key, i));
      return [x, { shape, data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => draw(i)) }];
    }),
  );
}

/** How many nodes of each op the outputs depend on. */
export function opCounts(outputs: readonly Tensor[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { op } of topological(outputs)) counts[op.name] = (counts[op.name] ?? 0) + 1;
  return counts;
}

/** The largest relative difference of two graphs' outputs in float64; shapes and dtypes must agree. */
export function difference(before: readonly Tensor[], after: readonly Tensor[], feeds: Feeds): number {
  const [a, b] = [evaluate(before, feeds), evaluate(after, feeds)];
  return Math.max(
    ...before.map((y, i) => {
      const same = `${y.shape} ${y.dtype} ${a[i]?.shape}` === `${after[i]?.shape} ${after[i]?.dtype} ${b[i]?.shape}`;
      return same ? relativeDifference(b[i]?.data, a[i]?.data) : Number.POSITIVE_INFINITY;
    }),
  );
}

/** Outputs as ONNX Runtime computes them, lowered just as they stand: no pass runs. */
export async function runAsIs(outputs: readonly Tensor[], feeds: Feeds, options: { plain?: boolean } = {}): Promise<HostArray[]> {
  const named = Object.fromEntries(outputs.map((y, i) => [`y${i}`, y]));
  const target = { provider: 'cpu', plain: options.plain ?? false } as const;
  const { model, bindings } = lower(named, { target, inputs: [] });
  const program = await Program.create({ model, bindings, outputs: named });
  try {
    const results = await program.run(
      Object.fromEntries([...feeds].map(([x, value]) => [(x.node.attrs as { name: string }).name, hostOf(x, value)])),
    );
    return outputs.map((_, i) => results[`y${i}`] as HostArray);
  } finally {
    await program.dispose();
  }
}

function hostOf(x: Tensor, { shape, data }: RefArray): HostArray {
  return x.dtype === 'float32'
    ? new HostArray(Float32Array.from(data), shape, 'float32')
    : new HostArray(Int32Array.from(data), shape, 'int32');
}
