import { fail } from '../core/index.js';
import type { OnnxModel } from '../onnx/index.js';
import { topological, useCounts } from '../ops/graph.js';
import { Tensor } from '../ops/index.js';
import type { Binding } from './bindings.js';
import { GraphEmitter, type LowerBody } from './emitter.js';
import type { LowerOptions } from './lower-options.js';
import { declared } from './onnx-parts.js';
import { constantValue } from './passes/fold-constants.js';
import { optimize } from './passes/index.js';

/** ONNX's operator set and file format version that every model is written in. */
export const opset = 20;
const irVersion = 9;

export interface Lowered {
  readonly model: OnnxModel;
  readonly bindings: readonly Binding[];
}

/** Writes a graph as an ONNX model: each node's op emits its operators; leaves become inputs, initializers, masks. */
export function lower(outputs: Readonly<Record<string, Tensor>>, options: LowerOptions): Lowered {
  const wanted = Object.values(outputs);
  const emitter = new GraphEmitter({ ...options, lowerBody });
  const names = new Map<Tensor, string>();
  emitNodes(emitter, wanted, names);
  const values = Object.entries(outputs).map(([name, t]) => {
    const value = names.get(t);
    if (value === undefined || value === '')
      throw fail('engine', { where: 'lower', rule: `the output ${name} has a value`, got: t.node.op.name });
    return { name, value };
  });
  emitter.declareOutputs(values);
  const declarations = Object.entries(outputs).map(([name, t]) => declared(name, t));
  const domains = emitter.fused ? [{ domain: 'com.microsoft', version: 1 }] : [];
  return {
    bindings: emitter.bindings,
    model: {
      irVersion,
      opsets: [{ domain: '', version: opset }, ...domains],
      producer: 'headlight',
      graph: { name: 'headlight', nodes: emitter.nodes, initializers: emitter.initializers, inputs: emitter.inputs, outputs: declarations },
    },
  };
}

/** Writes every node that the outputs need and that has no name yet; `names` gets what they are called. */
function emitNodes(emitter: GraphEmitter, outputs: readonly Tensor[], names: Map<Tensor, string>): void {
  const nodes = topological(outputs);
  const uses = useCounts(nodes, outputs);
  for (const node of nodes) {
    if (node.outputs.every((y) => names.has(y))) continue;
    emitter.enter(node);
    const inputs = node.inputs.map((x) => names.get(x) as string);
    const results = node.op.lower(emitter, {
      attrs: node.attrs,
      inputs,
      inputSpecs: node.inputs,
      outputSpecs: node.outputs,
      used: node.outputs.map((y) => (uses.get(y) ?? 0) > 0),
      constant: (i) => (node.inputs[i] instanceof Tensor ? constantValue(node.inputs[i] as Tensor) : undefined),
    });
    node.outputs.forEach((y, i) => {
      names.set(y, results[i] ?? '');
    });
  }
}

/** The step of a loop is a graph of its own: it is optimised as one, then written into the emitter's current graph. */
const lowerBody: LowerBody = (emitter, outputs, given) => {
  const optimized = optimize(outputs);
  const names = new Map(given);
  emitNodes(emitter, optimized, names);
  return optimized.map((y) => names.get(y) as string);
};
