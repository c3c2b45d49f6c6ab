import { fail } from '../core/index.js';
import type { ExternalData, OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './model.js';
import { ProtobufWriter } from './protobuf-writer.js';
import {
  ATTRIBUTE,
  attributeCode,
  DIM,
  ENTRY,
  EXTERNAL,
  GRAPH,
  MODEL,
  NODE,
  OPSET,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  typeFacts,
  VALUE,
} from './schema.js';

/**
 * A model as the bytes of an `.onnx` file. Tensors' bytes are copied once.
 *
 * Structure is not looked at: that is `checkModel`'s.
 * @throws value where a number does not fit its field, or the whole exceeds protobuf's 2 GiB
 * @throws unsupported for a tensor of strings
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const w = new ProtobufWriter();
  w.int(MODEL.irVersion, model.irVersion, 'irVersion');
  w.text(MODEL.producer, model.producer);
  w.message(MODEL.graph, () => writeGraph(w, model.graph));
  for (const { domain, version } of model.opsets) {
    w.message(MODEL.opset, () => {
      w.text(OPSET.domain, domain);
      w.int(OPSET.version, version, `opset version of domain '${domain}'`);
    });
  }
  return w.finish();
}

function writeGraph(w: ProtobufWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) w.message(GRAPH.node, () => writeNode(w, node));
  w.text(GRAPH.name, graph.name);
  for (const tensor of graph.initializers) w.message(GRAPH.initializer, () => writeTensor(w, tensor));
  for (const value of graph.inputs) w.message(GRAPH.input, () => writeValue(w, value));
  for (const value of graph.outputs) w.message(GRAPH.output, () => writeValue(w, value));
}

function writeNode(w: ProtobufWriter, node: OnnxNode): void {
  for (const name of node.inputs) w.text(NODE.input, name);
  for (const name of node.outputs) w.text(NODE.output, name);
  w.text(NODE.name, node.name);
  w.text(NODE.type, node.type);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    w.message(NODE.attribute, () => {
      w.text(ATTRIBUTE.name, name);
      writeAttribute(w, attribute, `attribute '${name}' of node '${node.name}'`);
      w.int(ATTRIBUTE.kind, attributeCode[attribute.kind], 'attribute kind');
    });
  }
  if (node.domain !== '') w.text(NODE.domain, node.domain);
}

function writeAttribute(w: ProtobufWriter, attribute: OnnxAttribute, what: string): void {
  switch (attribute.kind) {
    case 'float':
      w.float(ATTRIBUTE.float, attribute.value);
      break;
    case 'int':
      w.int(ATTRIBUTE.int, attribute.value, what);
      break;
    case 'string':
      w.text(ATTRIBUTE.string, attribute.value);
      break;
    case 'tensor':
      w.message(ATTRIBUTE.tensor, () => writeTensor(w, attribute.value));
      break;
    case 'graph':
      w.message(ATTRIBUTE.graph, () => writeGraph(w, attribute.value));
      break;
    // Lists are written one by one, not packed: onnx.proto is of protobuf's second edition, where that is the default.
    case 'floats':
      for (const x of attribute.value) w.float(ATTRIBUTE.floats, x);
      break;
    case 'ints':
      for (const x of attribute.value) w.int(ATTRIBUTE.ints, x, what);
      break;
    case 'strings':
      for (const x of attribute.value) w.text(ATTRIBUTE.strings, x);
      break;
  }
}

function writeTensor(w: ProtobufWriter, tensor: OnnxTensor): void {
  const what = `tensor '${tensor.name}'`;
  if (tensor.type === 'string') throw fail('unsupported', { where: what, rule: 'a tensor of numbers', got: 'strings' });
  for (const d of tensor.dims) w.int(TENSOR.dims, size(d, what), what);
  w.int(TENSOR.type, typeFacts[tensor.type].code, what);
  w.text(TENSOR.name, tensor.name);
  if (tensor.data instanceof Uint8Array) w.bytes(TENSOR.rawData, tensor.data);
  else writeReference(w, tensor.data, what);
}

function writeReference(w: ProtobufWriter, { location, offset, length }: ExternalData, what: string): void {
  const entries = { location, offset: String(size(offset, what)), length: String(size(length, what)) };
  for (const [key, value] of Object.entries(entries)) {
    w.message(TENSOR.externalData, () => {
      w.text(ENTRY.key, key);
      w.text(ENTRY.value, value);
    });
  }
  w.int(TENSOR.dataLocation, EXTERNAL, what);
}

function writeValue(w: ProtobufWriter, value: OnnxValue): void {
  const what = `value '${value.name}'`;
  const { dims } = value;
  w.text(VALUE.name, value.name);
  w.message(VALUE.type, () => {
    w.message(TYPE.tensor, () => {
      w.int(TENSOR_TYPE.element, typeFacts[value.type].code, what);
      if (dims === undefined) return;
      w.message(TENSOR_TYPE.shape, () => {
        for (const dim of dims) {
          w.message(SHAPE.dim, () => {
            if (typeof dim === 'number') w.int(DIM.value, size(dim, what), what);
            else if (dim !== '') w.text(DIM.symbol, dim); // an axis without size and name is an empty message
          });
        }
      });
    });
  });
}

function size(value: number, what: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw fail('value', { where: what, rule: 'sizes are integers from 0 to 2⁵³ − 1', got: String(value) });
}
