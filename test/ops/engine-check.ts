import { evaluateDim, type HostArray, randomKey, symbol } from '#dist/core/index.js';
import { encodeModel } from '#dist/onnx/index.js';
import type { RefArray, Target, Tensor } from '#dist/ops/index.js';
import { constant, evaluate, input } from '#dist/ops/index.js';
import type { Binding } from '#dist/runtime/index.js';
import { lower } from '#dist/runtime/lower.js';
import { fillMask } from '#dist/runtime/program.js';
import type { Trial } from './trials.js';

/** A value as engines exchange it. */
export interface Value {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

/** An ONNX model with its feeds, and what is expected of it. */
export interface EngineJob {
  readonly label: string;
  readonly model: Uint8Array;
  readonly feeds: Readonly<Record<string, Value>>;
  readonly expected: Readonly<Record<string, Value & { readonly label: string }>>;
}

export type RunEngine = (job: EngineJob) => Promise<Readonly<Record<string, Value>>>;

/** The ways a graph is lowered; the last is WebGPU's, which is made of ONNX's own operators and runs anywhere. */
export const targets: Readonly<Record<string, Target>> = {
  fused: { provider: 'cpu', plain: false },
  plain: { provider: 'cpu', plain: true },
  webgpu: { provider: 'webgpu', plain: false },
};

/**
 * All trials of an op in one model: with every output wanted, with the first alone (another lowering may serve it), with
 * integers and booleans known as constants, and with named sizes where the op's rule takes them.
 */
export function engineJob(label: string, trials: readonly Trial[], target: Target): EngineJob {
  const outputs: Record<string, Tensor> = {};
  const feeds: Record<string, Value> = {};
  const expected: Record<string, Value & { label: string }> = {};
  trials.forEach((trial, t) => {
    const names = trial.values.map((value, i) => {
      const name = `${t}.${i}`;
      feeds[name] = { type: value.dtype, dims: value.shape, data: value.data as Float32Array };
      return name;
    });
    const fixed = trial.values.map((value, i) => input(names[i] as string, value.shape, value.dtype));
    const graphs: [string, readonly Tensor[]][] = [['', trial.build(fixed)]];
    const all = graphs[0]?.[1] as readonly Tensor[];
    if (all.length > 1) graphs.push(['first output alone', trial.build(fixed).slice(0, 1)]);
    if (trial.values.some((v) => v.dtype === 'float32') && trial.values.some((v) => v.dtype !== 'float32')) {
      graphs.push(['constants', trial.build(fixed.map((x, i) => (x.dtype === 'float32' ? x : constant(trial.values[i] as HostArray))))]);
    }
    const reference = evaluate(all, new Map(fixed.map((x, i) => [x, toRef(trial.values[i] as HostArray)])));
    const named = withNamedSizes(
      trial,
      trial.values.map((_, i) => `${names[i]} named`),
    );
    if (named !== undefined) {
      graphs.push(['named sizes', named]);
      for (const name of names) feeds[`${name} named`] = feeds[name] as Value;
    }
    graphs.forEach(([variant, ys], g) => {
      ys.forEach((y, j) => {
        const name = `${t}.${g} ${j}`;
        outputs[name] = y;
        const dims = y.shape.map((d) => evaluateDim(d, bindings));
        expected[name] = { label: `${trial.label}, output ${j} ${variant}`, type: y.dtype, dims, data: (reference[j] as RefArray).data };
      });
    });
  });
  const lowered = lower(outputs, { target, inputs: [] });
  // Inputs that nothing reads are not declared.
  const fed = lowered.bindings.map((binding) => [binding.name, maskFeed(binding) ?? (feeds[binding.name] as Value)]);
  return { label, model: encodeModel(lowered.model), feeds: Object.fromEntries(fed), expected };
}

const bindings = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`N${n}`, n]));

/** The trial over inputs whose sizes (from 2 on) have names; undefined where the op's rule wants numbers. */
function withNamedSizes(trial: Trial, names: readonly string[]): readonly Tensor[] | undefined {
  if (trial.values.some((v) => v.shape.some((d) => d >= 64)) || trial.values.every((v) => v.shape.every((d) => d === 1))) return undefined;
  try {
    return trial.build(
      trial.values.map((v, i) =>
        input(
          names[i] as string,
          v.shape.map((d) => (d === 1 ? 1 : symbol(`N${d}`))),
          v.dtype,
        ),
      ),
    );
  } catch {
    return undefined;
  }
}

function maskFeed(binding: Binding): Value | undefined {
  if (binding.kind !== 'mask') return undefined;
  const { shape, stream } = binding.mask;
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  fillMask(data, binding.mask, randomKey(0, stream));
  return { type: 'float32', dims: shape, data };
}

export function toRef(value: HostArray): RefArray {
  return { shape: value.shape, data: Float64Array.from(value.data as ArrayLike<number>, Number) };
}

/** What is wrong with an engine's results: names with the difference; empty when all is well. */
export async function engineProblems(job: EngineJob, run: RunEngine, tolerance = 1e-5): Promise<string[]> {
  let results: Readonly<Record<string, Value>>;
  try {
    results = await run(job);
  } catch (error) {
    return [`${job.label}: ${(error as Error).message}`];
  }
  return Object.entries(job.expected).flatMap(([name, want]) => {
    const got = results[name];
    if (got === undefined) return [`${want.label}: no result`];
    if (got.type !== want.type || `${got.dims}` !== `${want.dims}`) {
      return [`${want.label}: declared [${want.dims}] ${want.type}, the engine gives [${got.dims}] ${got.type}`];
    }
    return differs(got.data, want.data, want.type === 'float32' ? tolerance : 0, want.label);
  });
}

/** max|a − b| / max|b| above the tolerance, as a sentence. */
export function differs(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number, label: string): string[] {
  let [apart, size] = [0, 0];
  if (a.length !== b.length) return [`${label}: ${a.length} elements, ${b.length} expected`];
  for (let i = 0; i < b.length; i++) {
    const distance = Math.abs(Number(a[i]) - (b[i] as number));
    // NaN is a difference, however it is compared.
    if (!(distance <= apart)) apart = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
    size = Math.max(size, Math.abs(b[i] as number));
  }
  return apart <= tolerance * size ? [] : [`${label}: apart by ${apart}, values up to ${size}`];
}
