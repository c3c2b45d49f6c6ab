// A model's program in the form that Transformers.js opens, as Optimum exports it: ids, mask and positions of int64, keys and values
// in (`past_key_values.N.key`) and out (`present.N.key`), ONNX's own operators only.
import { symbol } from 'headlightjs/core';
import { encodeModel } from 'headlightjs/onnx';
import { concat, input, withTraining } from 'headlightjs/ops';
import { lowerProgram, sitesOf } from 'headlightjs/runtime';

/** ONNX's numbers for types. */
const [int32, bool] = [6, 9];

/**
 * @param {import('headlightjs/generate').CachedModel} model
 * @returns {Uint8Array} an ONNX file, weights inside; `logits` [B,1,V] of the last position
 */
export function transformersOnnx(model) {
  const { layers, heads, headWidth } = model.cache;
  const [batch, length, past] = [symbol('batch_size'), symbol('sequence_length'), symbol('past_sequence_length')];
  const declared = [
    { name: 'ids', spec: input('ids', [batch, length], 'int32') },
    { name: 'position', spec: input('position', [batch, length], 'int32') },
    { name: 'filled', spec: input('filled', [batch, past], 'bool') },
  ];
  const [ids, position, filled] = declared.map(({ spec }) => spec);
  if (ids === undefined || position === undefined || filled === undefined) throw new Error('three inputs');
  const memory = (/** @type {string} */ name) => {
    const spec = input(name, [batch, heads, past, headWidth], 'float32');
    declared.push({ name, spec });
    return spec;
  };
  const kept = Array.from({ length: layers }, (_, i) => ({
    keys: memory(`past_key_values.${i}.key`),
    values: memory(`past_key_values.${i}.value`),
    filled,
  }));
  const logits = withTraining(false, () => model.forward(ids, { position, past: kept }));
  const sites = [...sitesOf([logits])];
  const outputs = { logits: logits.slice([null, [-1, undefined]]) };
  for (const [name, part] of /** @type {const} */ ([
    ['key', 'keys'],
    ['value', 'values'],
  ])) {
    const made = sites.filter(([site]) => site.endsWith(`attention.${name}`));
    for (const [i, [, value]] of made.entries()) {
      const before = kept[i]?.[part];
      if (before === undefined) throw new Error(`more sites attention.${name} than layers`);
      Object.assign(outputs, { [`present.${i}.${name}`]: concat([before, value], 2) });
    }
  }
  return encodeModel(withWideIds(lowerProgram(outputs, declared, { embedParameters: true, plain: true }).model));
}

/**
 * Ids, positions and mask as Transformers.js feeds them: int64, the mask over past and new tokens.
 * @param {import('headlightjs/onnx').OnnxModel} model
 */
function withWideIds(model) {
  const { graph } = model;
  const renamed = { ids: 'input_ids', position: 'position_ids', filled: 'attention_mask' };
  const inputs = graph.inputs.map((value) => {
    const name = Object.entries(renamed).find(([ours]) => ours === value.name)?.[1];
    if (name === undefined) return value;
    const dims = name === 'attention_mask' ? ['batch_size', 'total_sequence_length'] : value.dims;
    return { name, type: /** @type {const} */ ('int64'), dims };
  });
  /** @type {import('headlightjs/onnx').OnnxNode[]} */
  const nodes = [
    cast('input_ids', 'ids', int32),
    cast('position_ids', 'position', int32),
    node('Shape', ['past_key_values.0.key'], 'past_shape', {
      start: { kind: 'int', value: 2 },
      end: { kind: 'int', value: 3 },
    }),
    node('Slice', ['attention_mask', 'slice_start', 'past_shape', 'slice_axis'], 'past_mask'),
    cast('past_mask', 'filled', bool),
  ];
  const whole = (/** @type {string} */ name, /** @type {number} */ value) => ({
    ...{ name, type: /** @type {const} */ ('int64'), dims: [1] },
    data: new Uint8Array(BigInt64Array.of(BigInt(value)).buffer),
  });
  const initializers = [...graph.initializers, whole('slice_start', 0), whole('slice_axis', 1)];
  return { ...model, graph: { ...graph, inputs, initializers, nodes: [...nodes, ...graph.nodes] } };
}

/**
 * @param {string} type
 * @param {readonly string[]} inputs
 * @param {string} output
 * @param {import('headlightjs/onnx').OnnxNode['attributes']} [attributes]
 */
function node(type, inputs, output, attributes = {}) {
  return { name: output, type, domain: '', inputs, outputs: [output], attributes };
}

/**
 * @param {string} from
 * @param {string} to
 * @param {number} type
 */
function cast(from, to, type) {
  return node('Cast', [from], to, { to: { kind: 'int', value: type } });
}
