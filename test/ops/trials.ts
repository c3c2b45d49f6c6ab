import { below, type HostArray, host, randomKey, sizeOf, uniform } from '#dist/core/index.js';
import type { CaseInput, Op } from '#dist/ops/index.js';
import { apply, type Tensor } from '#dist/ops/index.js';

/** Something to check: a graph made of inputs, with values for them. */
export interface Trial {
  readonly label: string;
  readonly inputs: readonly CaseInput[];
  readonly values: readonly HostArray[];
  readonly build: (inputs: readonly Tensor[]) => readonly Tensor[];
}

/** A small program that stands beside an op's own cases: for ops whose meaning lies in the graph around them. */
export interface SampleProgram {
  readonly inputs: readonly CaseInput[];
  readonly build: (inputs: readonly Tensor[]) => readonly Tensor[];
}

/** An op's cases with values drawn from each seed, and the same cases with their shapes broadcast otherwise. */
export function trialsOf(op: Op, seeds: readonly number[], programs: readonly SampleProgram[] = []): Trial[] {
  const samples = [
    ...op.cases.map(({ attrs, inputs }): SampleProgram => ({ inputs, build: (x) => apply(op, x, attrs) })),
    ...op.cases.flatMap(({ attrs, inputs }, c) =>
      seeds.flatMap((seed) => {
        const build: SampleProgram['build'] = (x) => apply(op, x, attrs);
        const varied = broadcastOtherwise(op, attrs, inputs, `${op.name} ${c}`, seed);
        return varied === undefined ? [] : [{ inputs: varied, build }];
      }),
    ),
    ...programs,
  ];
  return samples.flatMap(({ inputs, build }, s) =>
    // Nothing is drawn where there are no inputs: once is enough.
    (inputs.length === 0 ? seeds.slice(0, 1) : seeds).map((seed) => {
      const shapes = inputs.map((x) => `[${x.shape}]`).join(' ');
      const values = inputs.map((x, i) => drawValues(x, seed, `${op.name} ${s} ${i}`));
      return { label: `${op.name}, case ${s} ${shapes}, seed ${seed}`, inputs, values, build };
    }),
  );
}

/** Values as a case asks for them, drawn from a stream; floats are exact in float32. */
export function drawValues(input: CaseInput, seed: number, stream: string): HostArray {
  const dtype = input.dtype ?? 'float32';
  const key = randomKey(seed, stream);
  const [low, high] = input.range ?? [-2, 2];
  const draw = (i: number): number => {
    const given = input.values?.[i % input.values.length];
    if (given !== undefined) return given;
    return dtype === 'float32' ? Math.fround(low + (high - low) * uniform(key, i)) : low + below(key, i, high - low + 1);
  };
  return host(
    Float64Array.from({ length: sizeOf(input.shape) }, (_, i) => draw(i)),
    { shape: input.shape, dtype },
  );
}

/** The case with random axes of size 1 and random leading axes gone, where the op's own rule accepts that; else nothing. */
function broadcastOtherwise(op: Op, attrs: Op['cases'][number]['attrs'], inputs: readonly CaseInput[], stream: string, seed: number) {
  // Indices may not fit a smaller table.
  if (inputs.length === 0 || inputs.some((x) => x.dtype === 'int32')) return undefined;
  const key = randomKey(seed, `${stream} shapes`);
  // An axis is counted within the case's rank.
  const keepsRank = 'axis' in attrs || 'axes' in attrs;
  let drawn = 0;
  const chance = (): number => uniform(key, drawn++);
  for (let attempt = 0; attempt < 8; attempt++) {
    const varied = inputs.map((x) => {
      const shape = x.shape.map((d) => (chance() < 0.3 ? 1 : d));
      return { ...x, shape: !keepsRank && chance() < 0.3 ? shape.slice(1) : shape };
    });
    const changed = varied.some((x, i) => `${x.shape}` !== `${inputs[i]?.shape}`);
    if (changed && accepts(op, attrs, varied)) return varied;
  }
  return undefined;
}

function accepts(op: Op, attrs: Op['cases'][number]['attrs'], inputs: readonly CaseInput[]): boolean {
  const specs = inputs.map((x) => ({ shape: x.shape, dtype: x.dtype ?? 'float32' }) as const);
  try {
    op.infer({ inputs: specs, attrs, path: '', refuse: (rule) => new Error(rule) as never });
    return true;
  } catch {
    return false;
  }
}
