import { fail, flattenTree, HostArray, host, type Nested, type Shape, type Tree, type TypedArray } from '../core/index.js';
import { encodeModel } from '../onnx/index.js';
import { topological } from '../ops/graph.js';
import { input, type Op, Tensor, withTraining } from '../ops/index.js';
import { inputOp } from '../ops/leaves/input.js';
import { restartStreams } from '../ops/leaves/random-mask.js';
import { type GraphInput, type LoweredProgram, lowerProgram, Program, type ProgramOptions } from './program.js';

/** What may stand for a tensor when a compiled function is called. */
export type HostLike = HostArray | TypedArray | Nested;

/** The arguments of a traced function as a caller gives them: arrays in the place of tensors. */
export type HostArguments<T> = T extends Tensor ? HostLike : T extends object ? { [K in keyof T]: HostArguments<T[K]> } : T;

/** The result of a traced function as a caller gets it. */
export type HostResult<T> = T extends Tensor ? HostArray : T extends object ? { [K in keyof T]: HostResult<T[K]> } : T;

export interface CompileOptions extends ProgramOptions {
  /** Traces with dropout active; masks are drawn from this seed and the number of the call. */
  readonly training?: { readonly seed: number };
}

/** A traced function: one program per combination of shapes and dtypes, made at the first call with it. */
export interface Compiled<Args extends readonly unknown[], Result> {
  (...args: { [K in keyof Args]: HostArguments<Args[K]> }): Promise<HostResult<Result>>;
  /** The ONNX file of the program these arguments would run. */
  onnx(...args: { [K in keyof Args]: HostArguments<Args[K]> }): Uint8Array;
  /** How many programs are held. */
  readonly programs: number;
  dispose(): Promise<void>;
}

const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;
const isHostLike = (x: unknown): x is HostLike =>
  x instanceof HostArray ||
  ArrayBuffer.isView(x) ||
  typeof x === 'number' ||
  typeof x === 'boolean' ||
  (Array.isArray(x) && isHostNumbers(x));

function isHostNumbers(list: readonly unknown[]): boolean {
  const first = list[0];
  return typeof first === 'number' || typeof first === 'boolean' || (Array.isArray(first) && isHostNumbers(first));
}

interface Entry {
  readonly lowered: LoweredProgram;
  readonly rebuild: (leaves: readonly HostArray[]) => unknown;
  program: Promise<Program> | undefined;
}

/**
 * Makes a function over tensors into one over arrays: traces it, lowers it to ONNX, runs it on ONNX Runtime.
 * Arguments and results may be nested objects and lists of arrays. Programs are cached by the arguments' shapes and dtypes.
 * @example const gram = compile((x: Tensor) => softmax(matmul(x, transpose(x))));
 *          (await gram([[1, 2], [3, 4]])).toArray()
 */
export function compile<Args extends readonly Tree<Tensor>[], Result extends Tree<Tensor>>(
  fn: (...args: Args) => Result,
  options: CompileOptions = {},
): Compiled<Args, Result> {
  const entries = new Map<string, Entry>();
  let calls = 0;

  const prepare = (args: readonly unknown[]): { entry: Entry; feeds: Record<string, HostArray> } => {
    // Arguments go by number, as fields: a list of matrices would look like one array.
    const flat = flattenTree<HostLike>({ ...args } as Tree<HostLike>, isHostLike);
    const values = flat.leaves.map((leaf) => (leaf instanceof HostArray ? leaf : host(leaf as Nested | ArrayLike<number>)));
    const key = flat.paths.map((p, i) => `${p}:${values[i]?.dtype}[${values[i]?.shape}]`).join(' ');
    let entry = entries.get(key);
    if (entry === undefined) {
      entry = traceEntry(fn, flat.paths, values, flat.rebuild, options);
      entries.set(key, entry);
    }
    return { entry, feeds: Object.fromEntries(flat.paths.map((p, i) => [valueName('input', i, p), values[i] as HostArray])) };
  };

  const call = async (...args: readonly unknown[]): Promise<unknown> => {
    const { entry, feeds } = prepare(args);
    entry.program ??= Program.create(entry.lowered, options);
    const program = await entry.program.catch((error) => {
      entry.program = undefined;
      throw error;
    });
    const results = await program.run(feeds, { seed: options.training?.seed ?? 0, step: calls++ });
    return entry.rebuild(Object.values(results));
  };
  const onnx = (...args: readonly unknown[]): Uint8Array => encodeModel(prepare(args).entry.lowered.model);
  const dispose = async (): Promise<void> => {
    const held = [...entries.values()];
    entries.clear();
    await Promise.all(held.map(async (e) => (await e.program)?.dispose()));
  };
  const compiled = Object.assign(call, { onnx, dispose });
  Object.defineProperty(compiled, 'programs', { get: () => entries.size });
  return compiled as unknown as Compiled<Args, Result>;
}

/** The number keeps names apart that paths do not: `a.b` may be a field, or a field of a field. */
function valueName(kind: 'input' | 'result', index: number, path: string): string {
  return `${kind}:${index}${path === '' ? '' : `:${path}`}`;
}

function traceEntry(
  fn: (...args: never) => unknown,
  paths: readonly string[],
  values: readonly HostArray[],
  rebuild: (leaves: readonly Tensor[]) => unknown,
  options: CompileOptions,
): Entry {
  const inputs: GraphInput[] = paths.map((p, i) => {
    const { shape, dtype } = values[i] as HostArray;
    return { name: valueName('input', i, p), spec: { shape: shape as Shape, dtype } };
  });
  const tensors = inputs.map(({ name, spec }) => input(name, spec.shape, spec.dtype));
  restartStreams();
  const result = withTraining(options.training !== undefined, () => fn(...(Object.values(rebuild(tensors) as object) as never)));
  const flat = flattenTree<Tensor>(result as Tree<Tensor>, isTensor, 'result');
  if (flat.leaves.length === 0) throw fail('value', { where: 'compile', rule: 'the function returns tensors', got: 'none' });
  refuseForeign(flat.leaves, tensors);
  const outputs = Object.fromEntries(flat.leaves.map((t, i) => [valueName('result', i, flat.paths[i] as string), t]));
  return { lowered: lowerProgram(outputs, inputs, options), rebuild: (leaves) => flat.rebuild(leaves), program: undefined };
}

/** A tensor kept from another trace has no value here. */
function refuseForeign(results: readonly Tensor[], inputs: readonly Tensor[]): void {
  const own = new Set(inputs.map((t) => t.node));
  const foreign = topological(results).find((n) => n.op === (inputOp as unknown as Op) && !own.has(n));
  if (foreign === undefined) return;
  throw fail('value', {
    where: 'compile',
    rule: "a result of the function's own arguments, parameters and constants",
    got: `the argument ${(foreign.attrs as { name?: string }).name} of another program`,
    fix: 'Pass it as an argument',
  });
}
