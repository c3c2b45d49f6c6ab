import { fail } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { substitute, topological } from '../graph.js';
import type { RefArray } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, type Node, type Tensor } from '../tensor.js';

interface ScanValueAttrs extends Spec {
  /** Tells leaves of one shape apart: two of them are two values. */
  readonly key: number;
}

const scanValueOp = defineOp<ScanValueAttrs>({
  name: 'scan_value',
  doc: 'A value that each step of a scan is given: a carry, a slice of a sequence, or what the step captures.',
  inputs: [],
  infer: ({ attrs: { shape, dtype } }) => [{ shape, dtype }],
  vjp: () => [],
  order: 'any',
  lower: () => {
    throw fail('engine', {
      where: 'scan',
      rule: 'a value of a step is read within its scan',
      got: 'elsewhere',
      fix: 'Return it as an output',
    });
  },
  reference: (): readonly RefArray[] => {
    throw fail('engine', { where: 'scan', rule: 'a value of a step is read within its scan', got: 'elsewhere' });
  },
  cases: [],
});

let keys = 0;

/** A fresh leaf for the body of a scan. */
export function scanValue({ shape, dtype }: Spec): Tensor {
  return applyOne(scanValueOp, [], { shape, dtype, key: keys++ });
}

/** What one step computes: a closed graph, whose only leaves besides constants are its parameters. */
export interface ScanBody {
  /** Carries, then a slice of each sequence, then what is captured. */
  readonly params: readonly Tensor[];
  readonly carries: number;
  readonly sequences: number;
  /** The next carries, then what is stacked over the steps. */
  readonly outputs: readonly Tensor[];
}

export interface ScanAttrs {
  readonly body: ScanBody;
  /** From the last step to the first; what is stacked keeps its place. */
  readonly reverse: boolean;
  /** The gradients of what is captured are carried from step to step, also where they are products that could be stacked. */
  readonly carrySums?: boolean;
}

/**
 * Closes a traced step: what it computes without its parameters (parameters of the model, values of the program around it)
 * is captured, as one more parameter each. Constants stay inside, where passes can fold them.
 */
export function closeBody(body: ScanBody): { readonly body: ScanBody; readonly captured: readonly Tensor[] } {
  const inside = dependents(body);
  const captured = new Map<Tensor, Tensor>();
  const capture = (t: Tensor): void => {
    if (isInside(t, inside) || body.params.includes(t) || isConstant(t.node) || captured.has(t)) return;
    captured.set(t, scanValue(t));
  };
  for (const node of inside) node.inputs.forEach(capture);
  body.outputs.forEach(capture);
  const outputs = substitute(body.outputs, captured);
  return { body: { ...body, params: [...body.params, ...captured.values()], outputs }, captured: [...captured.keys()] };
}

/** The nodes of a step that depend on its parameters, each after its inputs. */
export function dependents({ params, outputs }: Pick<ScanBody, 'params' | 'outputs'>): Set<Node> {
  const leaves = new Set(params);
  const inside = new Set<Node>();
  for (const node of topological(outputs)) if (node.inputs.some((x) => leaves.has(x) || inside.has(x.node))) inside.add(node);
  return inside;
}

function isInside(t: Tensor, inside: ReadonlySet<Node>): boolean {
  return inside.has(t.node);
}

/** Constants, and what is computed of nothing but them. */
function isConstant(node: Node): boolean {
  if (node.inputs.length > 0) return node.inputs.every((x) => isConstant(x.node));
  return node.op.name === 'constant' || node.op.name === 'iota';
}
