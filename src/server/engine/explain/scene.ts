import { fail, globMatcher, type HostArray, nearest } from '../../../core/index.js';
import type { TapAttrs } from '../../../ops/control/tap.js';
import type { Parameter, Tensor } from '../../../ops/index.js';
import { constantValue } from '../../../runtime/passes/fold-constants.js';
import { type Address, flatOf, type Operand, type Source } from '../../protocol/index.js';
import { beforeChange } from '../change/apply.js';
import type { Run } from '../run/run.js';
import { originOf, type Place } from './place.js';

/** A number that a rule uses: what it is called, and where it lies. */
export interface Named {
  readonly symbol: string;
  readonly place: Place;
}

/** What unnamed values are, by the op that computed them. */
const made: Readonly<Record<string, string>> = {
  layer_norm: 'normalised',
  rms_norm: 'normalised',
  linear: 'projection',
  gather: 'row looked up',
  add: 'sum',
  sub: 'difference',
  mul: 'product',
  div: 'quotient',
  matmul: 'matrix product',
};

/** A run's graph as explanations see it: names of its tensors, and their values. */
export class Scene {
  readonly #at = new Map<Tensor, string>();

  constructor(readonly run: Run) {
    run.graph.tensors.forEach((tensor, i) => {
      this.#at.set(tensor, `%${i}`);
    });
    for (const [site, tensor] of run.graph.sites) this.#at.set(tensor, site);
    for (const tensor of run.graph.tensors) {
      const parameter = parameterOf(tensor);
      if (parameter !== undefined) this.#at.set(tensor, `parameter:${parameter.name}`);
    }
  }

  /** @throws name: no such value; axis: an index outside it */
  placeOf({ at, index }: Address): Place {
    const tensor = this.#tensorAt(at);
    const shape = tensor.shape as readonly number[];
    const fits = index.length === shape.length && index.every((i, axis) => Number.isInteger(i) && i >= 0 && i < (shape[axis] as number));
    if (!fits) throw fail('axis', { where: at, rule: `an index within [${shape}]`, got: `[${index}]` });
    return { tensor, index };
  }

  /** The same element as it would have been, at a site that changes reach. */
  beforeChange({ tensor, index }: Place): Place | undefined {
    const before = this.run.graph.sites.get(beforeChange(this.#at.get(tensor) ?? ''));
    return before === undefined ? undefined : { tensor: before, index };
  }

  /** What a person calls the changes that reach a site. */
  changesOf({ tensor }: Place): string {
    const site = this.#at.get(tensor) ?? '';
    const reach = (this.run.spec.changes ?? []).filter(({ intervention }) => globMatcher(intervention.at.replace(/\[.*$/, ''))(site));
    return reach.map(({ name }) => name).join(', ');
  }

  addressOf({ tensor, index }: Place): Address {
    return { at: this.#at.get(tensor) as string, index };
  }

  sourceOf(tensor: Tensor): Source {
    const at = this.#at.get(tensor) as string;
    const shape = tensor.shape as readonly number[];
    const { op, path } = tensor.node;
    if (op.name === 'tap') return { at, shape, kind: 'site', name: at };
    if (op.name === 'parameter') return { at, shape, kind: 'parameter', name: at.slice('parameter:'.length) };
    if (op.name === 'constant' || op.name === 'iota') return { at, shape, kind: 'constant', name: 'a constant' };
    const fed = inputName(tensor);
    if (fed !== undefined)
      return { at, shape, kind: 'constant', name: fed.startsWith('change.') ? 'put here by a change' : `the prompt's ${fed}` };
    return { at, shape, kind: 'unnamed', name: `${made[op.name] ?? op.name.replaceAll('_', ' ')}${path === '' ? '' : ` in ${path}`}` };
  }

  /** Values of tensors, at once. */
  async valuesOf(tensors: Iterable<Tensor>): Promise<ReadonlyMap<Tensor, HostArray>> {
    const found = new Map<Tensor, HostArray>();
    const wanted: Record<string, Tensor> = {};
    for (const tensor of tensors) {
      const parameter = parameterOf(tensor);
      const constant = constantValue(tensor) ?? this.run.fed(inputName(tensor) ?? '');
      if (parameter !== undefined) found.set(tensor, await this.run.parameterValue(parameter));
      else if (constant !== undefined) found.set(tensor, constant);
      else wanted[this.#at.get(tensor) as string] = tensor;
    }
    for (const [at, value] of Object.entries(await this.run.values(wanted))) found.set(wanted[at] as Tensor, value);
    return found;
  }

  /** An operand whose elements lie at places, all of one tensor or else of their own. */
  operand(
    symbol: string,
    places: readonly Place[],
    fallback: readonly Place[],
  ): { readonly operand: Omit<Operand, 'values'>; readonly tensor: Tensor } {
    const origins = places.map(originOf);
    const tensor = origins[0]?.tensor as Tensor;
    const chosen = origins.every((o) => o.tensor === tensor) ? origins : fallback;
    const own = chosen[0]?.tensor as Tensor;
    const shape = own.shape as readonly number[];
    const flat = Int32Array.from(chosen, ({ index }) => flatOf(index, shape));
    return { operand: { symbol, source: this.sourceOf(own), flat }, tensor: own };
  }

  #tensorAt(at: string): Tensor {
    const numbered = /^%(\d+)$/.exec(at)?.[1];
    const tensor = numbered === undefined ? this.#named(at) : this.run.graph.tensors[Number(numbered)];
    if (tensor !== undefined) return tensor;
    const fix = `Nearest: ${nearest(at, this.#at.values(), 3).join(', ')}`;
    throw fail('name', { where: 'address', rule: 'a value of this run', got: JSON.stringify(at).slice(0, 200), fix });
  }

  #named(at: string): Tensor | undefined {
    const site = this.run.graph.sites.get(at);
    if (site !== undefined) return site;
    return [...this.#at].find(([, name]) => name === at)?.[0];
  }
}

/** The number at a place. */
export function numberAt(values: ReadonlyMap<Tensor, HostArray>, { tensor, index }: Place): number {
  return Number(values.get(tensor)?.data[flatOf(index, tensor.shape as readonly number[])]);
}

export function parameterOf({ node }: Tensor): Parameter | undefined {
  return node.op.name === 'parameter' ? (node.attrs as { readonly parameter: Parameter }).parameter : undefined;
}

/** The name of an input of the program; of what is none, nothing. */
function inputName({ node }: Tensor): string | undefined {
  return node.op.name === 'input' ? (node.attrs as { readonly name: string }).name : undefined;
}

/** The site that a tap names; of what is no tap, none. */
export function siteOf({ node }: Tensor): string | undefined {
  return node.op.name === 'tap' ? (node.attrs as unknown as TapAttrs).site : undefined;
}

/** Every place along one axis. */
export function along(tensor: Tensor, index: readonly number[], axis: number): Place[] {
  const size = tensor.shape[axis] as number;
  return Array.from({ length: size }, (_, i) => ({ tensor, index: index.map((at, a) => (a === axis ? i : at)) }));
}
