import type { DType } from '../core/index.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor, OnnxType, OnnxValue } from '../onnx/index.js';
import type { EmitAttribute } from '../ops/emitter.js';
import type { Parameter } from '../ops/index.js';
import type { Spec } from '../ops/spec.js';

/** A graph's value as ONNX declares it. */
export function declared(name: string, spec: Spec): OnnxValue {
  return { name, type: spec.dtype as OnnxType, dims: spec.shape.map((d) => (typeof d === 'number' ? d : d.key)) };
}

/** Nodes whose values are called otherwise, also where steps of loops read them. */
export function withNames(nodes: readonly OnnxNode[], rename: (value: string) => string): OnnxNode[] {
  const within = (a: OnnxAttribute): OnnxAttribute =>
    a.kind === 'graph' ? { kind: 'graph', value: { ...a.value, nodes: withNames(a.value.nodes, rename) } } : a;
  return nodes.map((n) => ({
    ...n,
    inputs: n.inputs.map(rename),
    outputs: n.outputs.map(rename),
    attributes: Object.fromEntries(Object.entries(n.attributes).map(([k, a]) => [k, within(a)])),
  }));
}

export function attribute(value: EmitAttribute): OnnxAttribute {
  if (typeof value === 'number') return { kind: 'int', value };
  if (typeof value === 'string') return { kind: 'string', value };
  if ('float' in value) return { kind: 'float', value: value.float };
  return { kind: 'ints', value };
}

/** Numbers of `TensorProto.DataType`. */
export const onnxTypeNumber: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
};

/** An initializer that stands for a parameter's bytes in its file; `undefined` for one that does not lie so in the folder. */
export function storedTensor(parameter: Parameter, name: string, folder: string | undefined): OnnxTensor | undefined {
  const { stored, shape } = parameter;
  if (stored === undefined || stored.transposed || stored.file.folder !== folder) return undefined;
  stored.file.check();
  const length = 4 * shape.reduce((a, b) => a * b, 1);
  return { name, type: 'float32', dims: shape, data: { location: stored.file.name, offset: stored.offset, length } };
}
