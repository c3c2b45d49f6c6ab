import type { HostArray } from '../../core/index.js';
import { input, type Tensor } from '../../ops/index.js';
import { type GraphInput, lowerProgram, Program } from '../../runtime/index.js';
import type { ConformanceCase } from './cases.js';
import { type Comparison, compare, halfTolerance, singleTolerance } from './compare.js';
import { Attributes } from './operator.js';
import { operators } from './operators/index.js';

export interface CaseResult {
  readonly name: string;
  readonly op: string;
  readonly passed: boolean;
  /** The largest error over the case's outputs; infinite where it could not be compared. */
  readonly largest: number;
  /** Why it failed, where numbers do not say it. */
  readonly reason?: string;
}

/** Runs one case through our functions on the engine and compares every output that it asks for. Never throws. */
export async function runCase(given: ConformanceCase): Promise<CaseResult> {
  const { name, op } = given;
  const failed = (reason: string): CaseResult => ({ name, op, passed: false, largest: Number.POSITIVE_INFINITY, reason });
  if (!operators.has(op)) return failed(`no ${op} here; there are ${[...operators.keys()].join(', ')}`);
  try {
    const compared = await outputsOf(given);
    const bad = compared.find(({ mismatch }) => mismatch !== undefined);
    const largest = Math.max(0, ...compared.map((c) => c.largest));
    return { name, op, passed: compared.every((c) => c.passed), largest, ...(bad?.mismatch !== undefined && { reason: bad.mismatch }) };
  } catch (error) {
    return failed((error as Error).message.split('\n')[0] ?? 'failed');
  }
}

async function outputsOf({ op, attributes, inputs, outputs, half }: ConformanceCase): Promise<readonly Comparison[]> {
  const operator = operators.get(op);
  if (operator === undefined) return [];
  const declared: GraphInput[] = [];
  const feeds: Record<string, HostArray> = {};
  // An operator may be given floats of two widths; ours are given one.
  const double = inputs.some((value) => value?.dtype === 'float64');
  const tensors = inputs.map((value, i): Tensor | undefined => {
    if (value === undefined) return undefined;
    const { shape, dtype } = value;
    declared.push({ name: `in${i}`, spec: { shape, dtype } });
    feeds[`in${i}`] = value;
    const given = input(`in${i}`, shape, dtype);
    return double && dtype === 'float32' ? given.cast('float64') : given;
  });
  const wanted = outputs.map((o) => o !== undefined);
  const results = operator.apply(tensors, new Attributes(attributes), wanted);
  const asked = outputs.flatMap((expected, i) => (expected === undefined ? [] : [{ i, expected }]));
  const graph = Object.fromEntries(asked.map(({ i }) => [`out${i}`, results[i] as Tensor]));
  const lowered = lowerProgram(graph, declared, { plain: true });
  if (operator.mayUseItself !== true && lowered.model.graph.nodes.some((n) => n.type === op))
    throw new Error(`written as ONNX's own ${op}`);
  const program = await Program.create(lowered);
  try {
    const got = await program.run(feeds);
    return asked.map(({ i, expected }) => compare(got[`out${i}`] as HostArray, expected, half ? halfTolerance : singleTolerance));
  } finally {
    await program.dispose();
  }
}
