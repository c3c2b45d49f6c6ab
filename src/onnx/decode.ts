import { fail, type HeadlightError } from '../core/index.js';
import { knownType, readTensor } from './decode-tensor.js';
import type { OnnxAttribute, OnnxDim, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './model.js';
import { ProtobufReader } from './protobuf-reader.js';
import { ATTRIBUTE, attributeCode, DIM, GRAPH, MODEL, NODE, OPSET, SHAPE, TENSOR_TYPE, TYPE, VALUE } from './schema.js';

/**
 * The model in the bytes of an `.onnx` file, whoever wrote it. Raw tensor data are views of `bytes`, not copies.
 * Left out: documentation strings, metadata, inferred shapes of inner values. Structure is not looked at: that is
 * `checkModel`'s. Attribute integers beyond ±2⁵³ become the nearest double.
 *
 * @throws file where the bytes are not a whole ONNX model
 * @throws unsupported for what `OnnxModel` cannot say: model-local functions, sparse tensors, sequences, strings in tensors
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  const r = new ProtobufReader(bytes);
  let irVersion = 0;
  let producer = '';
  let graph: OnnxGraph | undefined;
  const opsets: { domain: string; version: number }[] = [];
  while (r.next()) {
    if (r.field === MODEL.irVersion) irVersion = r.int();
    else if (r.field === MODEL.producer) producer = r.text();
    else if (r.field === MODEL.graph) graph = readGraph(r.message());
    else if (r.field === MODEL.opset) opsets.push(readOpset(r.message()));
    else if (r.field === MODEL.functions) throw unsupported('model', 'a model of plain operators', 'model-local functions');
    else if (r.field === MODEL.training) throw unsupported('model', 'a model for inference', 'training information');
    else r.skip();
  }
  if (graph === undefined)
    throw fail('file', { where: 'decodeModel', rule: 'an ONNX model has a graph', got: `${bytes.length} bytes without one` });
  return { irVersion, opsets, producer, graph };
}

function unsupported(where: string, rule: string, got: string): HeadlightError {
  return fail('unsupported', { where, rule, got });
}

function readOpset(r: ProtobufReader): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  while (r.next()) {
    if (r.field === OPSET.domain) domain = r.text();
    else if (r.field === OPSET.version) version = r.int();
    else r.skip();
  }
  return { domain, version };
}

function readGraph(r: ProtobufReader): OnnxGraph {
  let name = '';
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  while (r.next()) {
    if (r.field === GRAPH.node) nodes.push(readNode(r.message()));
    else if (r.field === GRAPH.name) name = r.text();
    else if (r.field === GRAPH.initializer) initializers.push(readTensor(r.message()));
    else if (r.field === GRAPH.input) inputs.push(readValue(r.message()));
    else if (r.field === GRAPH.output) outputs.push(readValue(r.message()));
    else if (r.field === GRAPH.sparseInitializer) throw unsupported(`graph '${name}'`, 'dense initializers', 'a sparse one');
    else r.skip();
  }
  return { name, nodes, initializers, inputs, outputs };
}

function readNode(r: ProtobufReader): OnnxNode {
  let name = '';
  let type = '';
  let domain = '';
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  while (r.next()) {
    if (r.field === NODE.input) inputs.push(r.text());
    else if (r.field === NODE.output) outputs.push(r.text());
    else if (r.field === NODE.name) name = r.text();
    else if (r.field === NODE.type) type = r.text();
    else if (r.field === NODE.domain) domain = r.text();
    else if (r.field === NODE.attribute) {
      const [key, attribute] = readAttribute(r.message());
      if (attributes.has(key)) throw fail('file', { where: `node '${name}'`, rule: 'attributes are named once', got: `'${key}' twice` });
      attributes.set(key, attribute);
    } else r.skip();
  }
  return { name, type, domain, inputs, outputs, attributes: Object.fromEntries(attributes) };
}

/** Writers of old leave the kind out: then it is that of the field they filled. */
function readAttribute(r: ProtobufReader): [string, OnnxAttribute] {
  let name = '';
  let code = 0;
  let filled: OnnxAttribute['kind'] | undefined;
  const single: { float: number; int: number; string: string; tensor?: OnnxTensor; graph?: OnnxGraph } = { float: 0, int: 0, string: '' };
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  while (r.next()) {
    const kind = kindOfField.get(r.field);
    filled = kind ?? filled;
    if (kind === 'float') single.float = r.float();
    else if (kind === 'int') single.int = r.int();
    else if (kind === 'string') single.string = r.text();
    else if (kind === 'tensor') single.tensor = readTensor(r.message());
    else if (kind === 'graph') single.graph = readGraph(r.message());
    else if (kind === 'floats') r.floatsInto(floats);
    else if (kind === 'ints') r.intsInto(ints);
    else if (kind === 'strings') strings.push(r.text());
    else if (r.field === ATTRIBUTE.name) name = r.text();
    else if (r.field === ATTRIBUTE.kind) code = r.int();
    else r.skip();
  }
  const where = `attribute '${name}'`;
  const kind = code === 0 ? filled : kindOfCode.get(code);
  switch (kind) {
    case 'float':
      return [name, { kind, value: single.float }];
    case 'int':
      return [name, { kind, value: single.int }];
    case 'string':
      return [name, { kind, value: single.string }];
    case 'tensor':
      if (single.tensor === undefined) throw fail('file', { where, rule: 'a tensor attribute holds a tensor', got: 'none' });
      return [name, { kind, value: single.tensor }];
    case 'graph':
      if (single.graph === undefined) throw fail('file', { where, rule: 'a graph attribute holds a graph', got: 'none' });
      return [name, { kind, value: single.graph }];
    case 'floats':
      return [name, { kind, value: floats }];
    case 'ints':
      return [name, { kind, value: ints }];
    case 'strings':
      return [name, { kind, value: strings }];
    case undefined:
      throw unsupported(where, 'a number, string, tensor or graph, or a list of numbers or strings', `attribute kind ${code}`);
  }
}

const kinds = Object.keys(attributeCode) as OnnxAttribute['kind'][];
const kindOfCode = new Map<number, OnnxAttribute['kind']>(kinds.map((kind) => [attributeCode[kind], kind]));
const kindOfField = new Map<number, OnnxAttribute['kind']>(kinds.map((kind) => [ATTRIBUTE[kind], kind]));

function readValue(r: ProtobufReader): OnnxValue {
  let name = '';
  let code = 0;
  let dims: OnnxDim[] | undefined;
  while (r.next()) {
    if (r.field === VALUE.name) name = r.text();
    else if (r.field === VALUE.type) {
      const type = r.message();
      while (type.next()) {
        if (type.field === TYPE.tensor) [code, dims] = readTensorType(type.message());
        else type.skip(); // sequences, maps, optionals: the code stays 0, which is an error below
      }
    } else r.skip();
  }
  if (code === 0) throw unsupported(`value '${name}'`, 'a value declared as a tensor', 'another type or none');
  return { name, type: knownType(code, `value '${name}'`), dims };
}

function readTensorType(r: ProtobufReader): [number, OnnxDim[] | undefined] {
  let code = 0;
  let dims: OnnxDim[] | undefined;
  while (r.next()) {
    if (r.field === TENSOR_TYPE.element) code = r.int();
    else if (r.field === TENSOR_TYPE.shape) dims = readShape(r.message());
    else r.skip();
  }
  return [code, dims];
}

function readShape(r: ProtobufReader): OnnxDim[] {
  const dims: OnnxDim[] = [];
  while (r.next()) {
    if (r.field === SHAPE.dim) dims.push(readDim(r.message()));
    else r.skip();
  }
  return dims;
}

/** An axis with neither size nor name is ''; so is the −1 by which some writers say "unknown". */
function readDim(r: ProtobufReader): OnnxDim {
  let dim: OnnxDim = '';
  while (r.next()) {
    if (r.field === DIM.value) dim = r.int();
    else if (r.field === DIM.symbol) dim = r.text();
    else r.skip();
  }
  if (typeof dim === 'string') return dim;
  if (!Number.isSafeInteger(dim)) throw fail('file', { where: 'shape', rule: 'sizes are integers below 2⁵³', got: String(dim) });
  return dim < 0 ? '' : dim;
}
