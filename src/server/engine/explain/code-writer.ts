import { type Equation, type Explanation, type Factor, flatOf, indexOf, type Operand } from '../../protocol/index.js';
import { formOf } from './elementwise.js';
import { explain } from './explain.js';
import { computedAt } from './place.js';
import type { Scene } from './scene.js';

/** How far unnamed values are followed back before their number is written as it is. */
const mostDepth = 12;
/** Numbers of a list that is written out. */
const mostListed = 4096;

/** Writes equations as TypeScript; gathers which sites and parameters they read, and which helpers. */
export class CodeWriter {
  readonly #sites = new Map<string, string>();
  readonly #helpers = new Set<keyof typeof helperCode>();
  readonly statements: string[] = [];
  #names = 0;

  constructor(private readonly scene: Scene) {}

  /** Sites that the code captures. */
  get sites(): readonly string[] {
    return [...this.#sites.keys()];
  }

  helpers(): string[] {
    return (Object.keys(helperCode) as (keyof typeof helperCode)[])
      .filter((name) => this.#helpers.has(name))
      .map((name) => helperCode[name]);
  }

  /** A number that was explained, as an expression. */
  async number({ equation, value, address }: Explanation, depth = 0): Promise<string> {
    switch (equation.kind) {
      case 'softmax':
        return this.#softmax(equation, depth);
      case 'sum-of-products': {
        const [a, b] = await this.#vectors(equation.operands, depth);
        const product = `${this.#helper('dot')}(${a}, ${b})`;
        const scaled = equation.scale === undefined ? product : `${equation.scale.value} * ${product}`;
        return equation.plus === undefined ? scaled : `(${scaled} + ${await this.#factor(equation.plus, depth)})`;
      }
      case 'parts': {
        const parts: string[] = [];
        for (const part of equation.parts) parts.push(await this.#factor({ symbol: '', ...part }, depth));
        return `(${parts.join(' + ')})`;
      }
      case 'norm':
        return this.#norm(equation, depth);
      case 'function': {
        const { code } = formOf(computedAt(this.scene.placeOf(address)).tensor);
        if (code === '') return literal(value);
        const values: string[] = [];
        for (const argument of equation.arguments) values.push(await this.#factor(argument, depth));
        return `(${code.replace(/\b[abc]\b/g, (letter) => values['abc'.indexOf(letter)] as string)})`;
      }
      case 'lookup':
        return this.#factor(equation.table, depth);
      default:
        return this.#leaf(address.at, address.index, value);
    }
  }

  /** A number by its address: read where it has a name, worked out where it has none. */
  async #factor({ value, address }: Factor, depth: number): Promise<string> {
    if (address === undefined) return literal(value);
    const place = this.scene.placeOf(address);
    const { kind } = this.scene.sourceOf(place.tensor);
    if (kind !== 'unnamed') return this.#leaf(address.at, address.index, value);
    return depth > mostDepth ? literal(value) : this.number(await explain(this.scene, address), depth + 1);
  }

  #leaf(at: string, index: readonly number[], value: number): string {
    const { tensor } = this.scene.placeOf({ at, index });
    const array = this.#array(at);
    return array === undefined ? literal(value) : `Number(${array}.data[${flatOf(index, tensor.shape as readonly number[])}])`;
  }

  async #vectors(operands: readonly Operand[], depth: number): Promise<string[]> {
    const written: string[] = [];
    for (const operand of operands) written.push(await this.#vector(operand, depth));
    return written;
  }

  async #vector(operand: Operand, depth: number): Promise<string> {
    const { source, flat, values } = operand;
    const array = source.kind === 'unnamed' ? undefined : this.#array(source.at);
    if (array !== undefined) {
      const stride = flat.length > 1 ? (flat[1] as number) - (flat[0] as number) : 1;
      const isEven = flat.every((at, i) => at === (flat[0] as number) + i * stride);
      if (isEven) return `${this.#helper('take')}(${array}, ${flat[0]}, ${flat.length}${stride === 1 ? '' : `, ${stride}`})`;
      return `[${flat.join(', ')}].map((i) => Number(${array}.data[i]))`;
    }
    const row = source.kind === 'unnamed' && depth <= mostDepth ? await this.#normalisedRow(operand, depth) : undefined;
    if (row !== undefined) return row;
    const listed = Array.from(values.subarray(0, mostListed), literal).join(', ');
    return `[${listed}]`;
  }

  /** A whole row that a norm made: such a row has no name, and the projections read it. */
  async #normalisedRow({ source, flat }: Operand, depth: number): Promise<string | undefined> {
    const width = source.shape.at(-1) as number;
    const isRow = flat.length === width && flat.every((at, i) => at === (flat[0] as number) + i) && (flat[0] as number) % width === 0;
    if (!isRow) return undefined;
    const { equation } = await explain(this.scene, { at: source.at, index: indexOf(flat[0] as number, source.shape) });
    if (equation.kind !== 'norm') return undefined;
    const { over, weight, bias, epsilon, mean } = equation;
    const x = await this.#vector(over, depth + 1);
    const list = (factor: Factor | undefined): string =>
      factor?.address === undefined ? 'undefined' : `${this.#helper('take')}(${this.#array(factor.address.at)}, 0, ${width})`;
    const name = `normalised${this.#names++}`;
    const centred = mean === undefined ? 'false' : 'true';
    this.statements.push(`const ${name} = ${this.#helper('normalise')}(${x}, ${epsilon}, ${centred}, ${list(weight)}, ${list(bias)});`);
    return name;
  }

  async #softmax({ of, over }: Extract<Equation, { kind: 'softmax' }>, depth: number): Promise<string> {
    const at = of.address && flatOf(of.address.index, over.source.shape);
    if (at !== undefined && !over.flat.includes(at)) return '0'; // the mask forbids it
    return `${this.#helper('softmax')}(${await this.#vector(over, depth)}, ${await this.#factor(of, depth)})`;
  }

  async #norm({ of, over, mean, epsilon, weight, bias }: Extract<Equation, { kind: 'norm' }>, depth: number): Promise<string> {
    const row = await this.#vector(over, depth);
    const [x, w, b] = [
      await this.#factor(of, depth),
      weight && (await this.#factor(weight, depth)),
      bias && (await this.#factor(bias, depth)),
    ];
    const name = `row${this.#names++}`;
    this.statements.push(`const ${name} = ${row};`);
    const centre = mean === undefined ? '0' : `${this.#helper('mean')}(${name})`;
    const spread = `${this.#helper('mean')}(${name}.map((v) => (v - ${centre}) ** 2))`;
    return `(((${x} - ${centre}) / Math.sqrt(${spread} + ${epsilon}))${w === undefined ? '' : ` * ${w}`}${b === undefined ? '' : ` + ${b}`})`;
  }

  /** How the code names an array: a captured site, or a parameter; of constants and inputs, none. */
  #array(at: string): string | undefined {
    if (at.startsWith('parameter:')) {
      this.#helper('parameter');
      return `parameter(${JSON.stringify(at.slice('parameter:'.length))})`;
    }
    // What a change took the place of is no site of the library's.
    if (!this.scene.run.graph.sites.has(at) || at.endsWith(':before')) return undefined;
    this.#sites.set(at, at);
    this.#helper('site');
    return `site(${JSON.stringify(at)})`;
  }

  #helper(name: keyof typeof helperCode): string {
    this.#helpers.add(name);
    if (name === 'normalise') this.#helpers.add('mean');
    return name;
  }
}

/** What the code needs besides the library, in the order they are written. */
const helperCode = {
  site: 'const site = (name: string) => seen[name] as { readonly data: ArrayLike<number | bigint> };',
  parameter: 'const parameter = (name: string) => model.parameters().get(name)!.value;',
  take: 'const take = (a: { data: ArrayLike<number | bigint> }, from: number, count: number, stride = 1) => Array.from({ length: count }, (_, i) => Number(a.data[from + i * stride]));',
  dot: 'const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);',
  mean: 'const mean = (a: number[]) => a.reduce((sum, x) => sum + x, 0) / a.length;',
  softmax:
    'const softmax = (row: number[], x: number) => { const top = Math.max(...row); return Math.exp(x - top) / row.reduce((sum, s) => sum + Math.exp(s - top), 0); };',
  normalise:
    'const normalise = (x: number[], epsilon: number, centred: boolean, w?: number[], b?: number[]) => { const m = centred ? mean(x) : 0; const d = Math.sqrt(mean(x.map((v) => (v - m) ** 2)) + epsilon); return x.map((v, i) => ((v - m) / d) * (w?.[i] ?? 1) + (b?.[i] ?? 0)); };',
} as const;

/** A number as code, with all the digits that float32 has. */
function literal(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(9))) : value > 0 ? 'Infinity' : value < 0 ? '-Infinity' : 'NaN';
}
