import { fail, type HeadlightError } from '../core/index.js';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './model.js';
import { byteLength } from './schema.js';

/**
 * Checks a model's structure: what ONNX asks of any model, without knowing what its operators mean.
 *
 * - versions: an IR version, each domain imported once, and every node's domain among them;
 * - names: inputs, initializers and node outputs are defined once, and a node output never hides a name of an enclosing
 *   graph; an initializer may share an input's name (it is that input's default);
 * - order: a node uses only what is defined before it, in its graph or in an enclosing one;
 * - outputs: unlike a node's inputs, a graph's outputs come from that graph itself;
 * - tensors: bytes = product of dims × size of an element.
 *
 * @throws value at the first rule broken, naming the node, value or tensor
 */
export function checkModel(model: OnnxModel): void {
  if (!positive(model.irVersion)) throw broken('model', 'irVersion is a positive integer', String(model.irVersion));
  const domains = new Set<string>();
  for (const { domain, version } of model.opsets) {
    if (!positive(version)) throw broken(`opset of domain '${domain}'`, 'its version is a positive integer', String(version));
    if (domains.has(canonical(domain))) throw broken('model', 'a domain is imported once', `'${domain}' twice`);
    domains.add(canonical(domain));
  }
  if (domains.size === 0) throw broken('model', 'at least one opset is imported', 'none');
  checkGraph(model.graph, undefined, domains);
}

/** Names defined so far in a graph, and in the graphs around it. */
interface Scope {
  readonly names: Set<string>;
  readonly outer: Scope | undefined;
}

function sees(scope: Scope | undefined, name: string): boolean {
  for (let s = scope; s !== undefined; s = s.outer) if (s.names.has(name)) return true;
  return false;
}

function checkGraph(graph: OnnxGraph, outer: Scope | undefined, domains: ReadonlySet<string>): void {
  const scope: Scope = { names: new Set(), outer };
  const what = `graph '${graph.name}'`;
  addAll(graph.inputs, scope.names, `input of ${what}`);
  for (const value of [...graph.inputs, ...graph.outputs]) checkValue(value);
  const initializers = new Set<string>();
  addAll(graph.initializers, initializers, `initializer of ${what}`);
  for (const tensor of graph.initializers) {
    checkTensor(tensor);
    scope.names.add(tensor.name);
  }
  for (const node of graph.nodes) checkNode(node, scope, domains);
  addAll(graph.outputs, new Set(), `output of ${what}`);
  for (const { name } of graph.outputs) {
    if (scope.names.has(name)) continue;
    const fix = sees(outer, name) ? 'Pass the outer value through an Identity node' : undefined;
    throw broken(`output '${name}' of ${what}`, 'some node, input or initializer of the graph defines it', 'none', fix);
  }
}

function checkNode(node: OnnxNode, scope: Scope, domains: ReadonlySet<string>): void {
  const where = `${node.type || 'node'} '${node.name}'`;
  if (node.type === '') throw broken(where, 'a node names its operator', 'none');
  if (!domains.has(canonical(node.domain))) {
    throw broken(where, 'its domain has an opset entry', `domain '${node.domain}'`, 'Add it to the opsets of the model');
  }
  for (const name of node.inputs) {
    if (name !== '' && !sees(scope, name)) {
      throw broken(where, 'inputs are defined before use', `'${name}'`, 'Sort the nodes, or add the missing definition');
    }
  }
  for (const [name, attribute] of Object.entries(node.attributes)) {
    if (attribute.kind === 'graph') checkGraph(attribute.value, scope, domains);
    if (attribute.kind === 'tensor') checkTensor(attribute.value, `attribute '${name}' of ${where}`);
  }
  for (const name of node.outputs) {
    if (name === '') continue;
    if (sees(scope, name)) throw broken(where, 'every name is defined once', `output '${name}', defined before`);
    scope.names.add(name);
  }
}

function checkTensor(tensor: OnnxTensor, where = `initializer '${tensor.name}'`): void {
  const { type, dims, data } = tensor;
  if (type === 'string') throw broken(where, 'a tensor of numbers', 'strings');
  if (!dims.every(isSize)) throw broken(where, 'dims are whole numbers', `[${dims}]`);
  const expected = byteLength(type, dims);
  if (data.length !== expected) throw broken(where, `[${dims}] of ${type} takes ${expected} bytes`, String(data.length));
  if (data instanceof Uint8Array) return;
  if (data.location === '') throw broken(where, 'external data names its location', 'none');
  if (!isSize(data.offset)) throw broken(where, "the external data's offset is a whole number", String(data.offset));
}

function checkValue(value: OnnxValue): void {
  const bad = value.dims?.find((d) => typeof d === 'number' && !isSize(d));
  if (bad !== undefined) throw broken(`value '${value.name}'`, 'dims are names or whole numbers', String(bad));
}

function addAll(items: readonly { readonly name: string }[], names: Set<string>, what: string): void {
  for (const { name } of items) {
    if (name === '') throw broken(what, 'it has a name', 'an empty one');
    if (names.has(name)) throw broken(what, 'every name is defined once', `'${name}' twice`);
    names.add(name);
  }
}

/** ONNX's own operators go by two names. */
function canonical(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function positive(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function broken(where: string, rule: string, got: string, fix?: string): HeadlightError {
  return fail('value', fix === undefined ? { where, rule, got } : { where, rule, got, fix });
}
