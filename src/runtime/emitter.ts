import { type Dim, type DType, fail, HostArray, type Shape } from '../core/index.js';
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from '../onnx/index.js';
import type { ScanBody } from '../ops/control/scan-body.js';
import type { EmitOptions, EmitScan, Emitter, RandomMaskAttrs, Target } from '../ops/emitter.js';
import type { Node, Parameter, Tensor } from '../ops/index.js';
import type { Spec } from '../ops/spec.js';
import type { Binding } from './bindings.js';
import { ConstantPool } from './constant-pool.js';
import type { LowerOptions } from './lower-options.js';
import { asOutputs, attribute, declared, onnxTypeNumber, storedTensor, withNames } from './onnx-parts.js';

/** Writes the nodes of a step's outputs. @param names what values that are given are called @returns the outputs' names */
export type LowerBody = (emitter: GraphEmitter, outputs: readonly Tensor[], names: ReadonlyMap<Tensor, string>) => readonly string[];

/** Collects the ONNX nodes, initializers and inputs that ops emit, with names that carry the module path. */
export class GraphEmitter implements Emitter {
  readonly target: Target;
  readonly fused: boolean;
  nodes: OnnxNode[] = [];
  readonly inputs: OnnxValue[] = [];
  readonly bindings: Binding[] = [];
  readonly #embed: boolean;
  readonly #folder: string | undefined;
  readonly #lowerBody: LowerBody;
  readonly #constants = new ConstantPool();
  readonly #produced = new Set<string>();
  /** What was emitted: the same operator on the same values is computed once. */
  #emitted = new Map<string, string[]>();
  /** Sizes that were read, as int64 vectors of one element. */
  #sizes = new Map<string, string>();
  /** Where the size of each symbol can be read: an input and an axis. */
  readonly #symbols = new Map<string, { input: string; axis: number }>();
  #prefix = '';
  #count = 0;

  constructor(options: LowerOptions & { readonly lowerBody: LowerBody }) {
    this.#lowerBody = options.lowerBody;
    this.target = options.target;
    this.fused = !options.target.plain && options.target.provider !== 'webgpu';
    this.#embed = options.embedParameters ?? false;
    this.#folder = options.folder;
    for (const { name, spec } of options.inputs) this.input(name, spec);
  }

  /** Nodes emitted from now on belong to this graph node. */
  enter(node: Node): void {
    this.#prefix = node.path === '' ? node.op.name : `${node.path}/${node.op.name}`;
  }

  one(type: string, inputs: readonly string[], options: EmitOptions = {}): string {
    return this.many(type, inputs, 1, options)[0] as string;
  }

  many(type: string, inputs: readonly string[], outputs: number, options: EmitOptions = {}): string[] {
    const key = JSON.stringify([type, options.domain, inputs, outputs, options.attributes]);
    const known = this.#emitted.get(key);
    if (known !== undefined) return known;
    const name = `${this.#prefix}.${this.#count++}`;
    const results = Array.from({ length: outputs }, (_, i) => (outputs === 1 ? name : `${name}:${i}`));
    const attributes = Object.fromEntries(Object.entries(options.attributes ?? {}).map(([k, v]) => [k, attribute(v)]));
    for (const r of results) this.#produced.add(r);
    this.nodes.push({ name, type, domain: options.domain ?? '', inputs, outputs: results, attributes });
    this.#emitted.set(key, results);
    return results;
  }

  /**
   * Declares outputs under their names: what produces a value is renamed, so that nothing is copied; inputs, constants
   * and values that are declared twice get an Identity.
   */
  declareOutputs(outputs: readonly { readonly value: string; readonly name: string }[]): void {
    const renamed = new Map<string, string>();
    const copies: OnnxNode[] = [];
    for (const { value, name } of outputs) {
      if (this.#produced.has(value) && !renamed.has(value)) renamed.set(value, name);
      else copies.push({ name: `output/${name}`, type: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: {} });
    }
    const rename = (v: string): string => renamed.get(v) ?? v;
    this.nodes = withNames([...this.nodes, ...copies], rename);
  }

  scan(body: ScanBody, { inputs, used, reverse }: EmitScan): string[] {
    const { carries, sequences, params, outputs } = body;
    const prefix = this.#prefix;
    const name = `${prefix}.${this.#count++}`;
    const before = { nodes: this.nodes, emitted: this.#emitted, sizes: this.#sizes };
    // What the graph around has computed is seen inside, but not the other way round.
    [this.nodes, this.#emitted, this.#sizes] = [[], new Map(this.#emitted), new Map(this.#sizes)];
    const names = new Map(params.map((p, i) => [p, i < carries + sequences ? `${name}/in${i}` : (inputs[i] as string)]));
    const kept = [...outputs.keys()].filter((i) => i < carries || used[i]);
    const wanted = kept.map((i) => outputs[i] as Tensor);
    const values = this.#lowerBody(this, wanted, names);
    const own = asOutputs(this.nodes, values, name);
    const graph: OnnxGraph = {
      name,
      nodes: this.nodes,
      initializers: [],
      inputs: params.slice(0, carries + sequences).map((p, i) => declared(`${name}/in${i}`, p)),
      outputs: wanted.map((y, k) => declared(own[k] as string, y)),
    };
    [this.nodes, this.#emitted, this.#sizes] = [before.nodes, before.emitted, before.sizes];
    this.#prefix = prefix;
    const results = kept.map((_, k) => `${name}:${k}`);
    for (const r of results) this.#produced.add(r);
    const direction = (count: number): OnnxAttribute => ({ kind: 'ints', value: new Array<number>(count).fill(reverse ? 1 : 0) });
    this.nodes.push({
      name,
      type: 'Scan',
      domain: '',
      inputs: inputs.slice(0, carries + sequences),
      outputs: results,
      attributes: {
        body: { kind: 'graph', value: graph },
        num_scan_inputs: { kind: 'int', value: sequences },
        scan_input_directions: direction(sequences),
        ...(kept.length > carries && { scan_output_directions: direction(kept.length - carries) }),
      },
    });
    return outputs.map((_, i) => results[kept.indexOf(i)] ?? '');
  }

  get initializers(): OnnxTensor[] {
    return this.#constants.initializers;
  }

  constant(value: HostArray): string {
    return this.#constants.add(value);
  }

  scalar(value: number, dtype: DType): string {
    const data = dtype === 'float64' ? Float64Array.of(value) : dtype === 'int32' ? Int32Array.of(value) : Float32Array.of(value);
    return this.constant(new HostArray(data, [], dtype === 'float64' || dtype === 'int32' ? dtype : 'float32'));
  }

  ints(values: readonly number[]): string {
    return this.constant(new HostArray(BigInt64Array.from(values, BigInt), [values.length], 'int64'));
  }

  shape(shape: Shape): string {
    const sizes = shape.filter((d) => typeof d === 'number');
    if (sizes.length === shape.length) return this.ints(sizes);
    return this.one(
      'Concat',
      shape.map((d) => this.#size(d)),
      { attributes: { axis: 0 } },
    );
  }

  /** One size as an int64 vector of one element: a polynomial of sizes read from the inputs. */
  #size(dim: Dim): string {
    if (typeof dim === 'number') return this.ints([dim]);
    let sum: string | undefined;
    for (const [monomial, coefficient] of dim.terms) {
      let product = coefficient === 1 && monomial !== '' ? undefined : this.ints([coefficient]);
      for (const symbol of monomial === '' ? [] : monomial.split('*')) {
        const size = this.#symbol(symbol);
        product = product === undefined ? size : this.one('Mul', [product, size]);
      }
      sum = sum === undefined ? product : this.one('Add', [sum, product as string]);
    }
    return sum as string;
  }

  #symbol(name: string): string {
    const known = this.#sizes.get(name);
    if (known !== undefined) return known;
    const at = this.#symbols.get(name);
    if (at === undefined) {
      throw fail('shape', {
        where: 'lower',
        rule: 'every named size is the whole size of some input axis',
        got: name,
        fix: 'Declare an input with that axis',
      });
    }
    const size = this.one('Shape', [at.input], { attributes: { start: at.axis, end: at.axis + 1 } });
    this.#sizes.set(name, size);
    return size;
  }

  cast(value: string, to: DType): string {
    return this.one('Cast', [value], { attributes: { to: onnxTypeNumber[to] } });
  }

  input(name: string, spec: Spec): string {
    if (!this.inputs.some((v) => v.name === name)) {
      this.#declare(name, spec);
      this.bindings.push({ kind: 'input', name, spec });
    }
    return name;
  }

  parameter(parameter: Parameter): string {
    const stored = storedTensor(parameter, `constant.${this.initializers.length}`, this.#folder);
    if (stored !== undefined) this.initializers.push(stored);
    if (this.#embed) return stored?.name ?? this.constant(parameter.value);
    const name = this.#unique(`parameter:${parameter.name}`);
    this.#declare(name, { shape: parameter.shape, dtype: parameter.dtype });
    this.bindings.push({ kind: 'parameter', name, shape: parameter.shape, parameter });
    return name;
  }

  mask(attrs: RandomMaskAttrs, spec: Spec): string {
    const name = this.#unique(`mask:${attrs.stream}`);
    this.#declare(name, spec);
    this.bindings.push({ kind: 'mask', name, mask: attrs });
    return name;
  }

  /** Two parameters may have one name (two models in a program): their inputs are told apart. */
  #unique(name: string): string {
    const taken = (n: string): boolean => this.inputs.some((v) => v.name === n);
    let free = name;
    for (let i = 1; taken(free); i++) free = `${name}#${i}`;
    return free;
  }

  #declare(name: string, spec: Spec): void {
    this.inputs.push(declared(name, spec));
    spec.shape.forEach((d, axis) => {
      if (typeof d !== 'number' && d.terms.size === 1 && d.terms.get(d.key) === 1 && !this.#symbols.has(d.key))
        this.#symbols.set(d.key, { input: name, axis });
    });
  }
}
