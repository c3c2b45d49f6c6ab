import { fail, type HostArray, nearest } from '../../../core/index.js';
import type { Parameter, Tensor } from '../../../ops/index.js';
import type { AttentionLayer, AttentionValue, RunSpec, TokenInfo } from '../../protocol/index.js';
import type { Kept } from '../kept.js';
import { atOnceBytes } from '../limits.js';
import type { RunGraph } from './graph.js';
import type { Programs } from './programs.js';
import type { Prepared } from './subject.js';

/** What a run stands on: its model's, shared by all runs of it. */
export interface RunGround {
  readonly attention: readonly AttentionLayer[];
  readonly programs: Programs;
  /** Values of all runs. */
  readonly values: Kept<HostArray>;
  /** Gives the model the weights of a step. */
  useWeights(step: number | undefined): Promise<void>;
}

/** One model on one prompt under some changes: values are computed when they are asked for, and kept a while. */
export class Run {
  /** Values that are being computed. */
  readonly #coming = new Map<string, Promise<HostArray>>();
  /** Names of values that were computed. */
  readonly #computed = new Set<string>();
  #small: readonly string[] | undefined;

  constructor(
    readonly key: string,
    readonly spec: RunSpec,
    readonly prepared: Prepared,
    readonly graph: RunGraph,
    /** What its changes put in, besides the prompt's own. */
    private readonly put: Readonly<Record<string, HostArray>>,
    private readonly ground: RunGround,
  ) {}

  get attention(): readonly AttentionLayer[] {
    return this.ground.attention;
  }

  /** @throws name: no such site */
  siteTensor(name: string): Tensor {
    const tensor = this.graph.sites.get(name);
    if (tensor !== undefined) return tensor;
    const fix = `Nearest: ${nearest(name, this.graph.sites.keys(), 3).join(', ')}`;
    throw fail('name', { where: 'site', rule: 'a site of this model', got: JSON.stringify(name), fix });
  }

  async site(name: string): Promise<HostArray> {
    return (await this.values({ [name]: this.siteTensor(name) }))[name] as HostArray;
  }

  /** Values of tensors of the graph, by names that mean the same tensors in every run of this graph. */
  async values(tensors: Readonly<Record<string, Tensor>>): Promise<Record<string, HostArray>> {
    const names = Object.keys(tensors);
    const missing = names.filter((name) => this.#known(name) === undefined);
    // What is looked at first is looked at together: one program and one run for all of it, where it is small.
    const isFirst = missing.some((name) => this.#together.includes(name));
    const wanted = { ...(isFirst && this.#first()), ...Object.fromEntries(missing.map((name) => [name, tensors[name] as Tensor])) };
    const asked = Object.keys(wanted).filter((name) => this.#known(name) === undefined);
    if (asked.length > 0) this.#compute(Object.fromEntries(asked.map((name) => [name, wanted[name] as Tensor])));
    const found = names.map(async (name) => [name, (await this.#known(name)) as HostArray] as const);
    return Object.fromEntries(await Promise.all(found));
  }

  /** A value that is kept, or on its way. */
  #known(name: string): HostArray | Promise<HostArray> | undefined {
    return this.ground.values.get(this.#valueKey(name)) ?? this.#coming.get(name);
  }

  #compute(tensors: Readonly<Record<string, Tensor>>): void {
    const { key, inputs } = this.graph;
    const computed = this.ground.programs.run(
      `${key} ${Object.keys(tensors).join(',')}`,
      () => ({ tensors, inputs }),
      { ...this.prepared.feeds, ...this.put },
      () => this.ground.useWeights(this.spec.step),
    );
    for (const name of Object.keys(tensors)) {
      const coming = computed.then((values) => {
        const value = values[name] as HostArray;
        this.#computed.add(name);
        this.ground.values.set(this.#valueKey(name), value, value.data.byteLength);
        return value;
      });
      this.#coming.set(name, coming);
      // Who waits for it meets the error.
      coming.catch(() => {}).finally(() => this.#coming.delete(name));
    }
  }

  #first(): Record<string, Tensor> {
    return Object.fromEntries(this.#together.map((name) => [name, this.siteTensor(name)]));
  }

  /** Lets go of its values: nobody can ask for them any more. */
  forget(): void {
    for (const name of this.#computed) this.ground.values.delete(this.#valueKey(name));
  }

  /** Every layer's pattern and scores, and the logits, where all of them are small; else none. */
  get #together(): readonly string[] {
    if (this.#small === undefined) {
      const sites = this.ground.attention.flatMap(({ path, hasScores }) => [`${path}.pattern`, ...(hasScores ? [`${path}.scores`] : [])]);
      const all = [...sites, ...(this.graph.sites.has('logits') ? ['logits'] : [])];
      const bytes = all.reduce((sum, name) => sum + 4 * sizeOfTensor(this.siteTensor(name)), 0);
      this.#small = bytes <= atOnceBytes ? all : [];
    }
    return this.#small;
  }

  /** What an input is fed. */
  fed(name: string): HostArray | undefined {
    return this.prepared.feeds[name] ?? this.put[name];
  }

  /** A parameter's value at the run's step. */
  parameterValue(parameter: Parameter): Promise<HostArray> {
    return this.ground.programs.inTurn(async () => {
      await this.ground.useWeights(this.spec.step);
      return parameter.value;
    });
  }

  /** The tokens that look, and those looked at, in a layer: of a translation the source's, the target's, or both. */
  sides(layer: number): { readonly queries: readonly TokenInfo[]; readonly keys: readonly TokenInfo[] } {
    const { tokens, source = tokens } = this.prepared;
    const { kind, path } = this.ground.attention[layer] as AttentionLayer;
    if (kind === 'cross') return { queries: tokens, keys: source };
    const own = path.startsWith('encoder.') ? source : tokens;
    return { queries: own, keys: own };
  }

  /** A layer's patterns or scores, [1,H,T,S]. */
  attentionOf(layer: number, value: AttentionValue): Promise<HostArray> {
    return this.site(this.attentionSite(layer, value));
  }

  /** @throws value: no such layer, or a form without scores */
  attentionSite(layer: number, value: AttentionValue): string {
    const attention = this.ground.attention[layer];
    if (attention === undefined)
      throw fail('value', { where: 'layer', rule: `a layer from 0 to ${this.ground.attention.length - 1}`, got: String(layer) });
    if (value === 'scores' && !attention.hasScores)
      throw fail('unsupported', { where: attention.path, rule: 'an attention with scores', got: 'a form without' });
    return `${attention.path}.${value}`;
  }

  #valueKey(name: string): string {
    return `${this.key} ${name}`;
  }
}

/** Elements of a tensor of known sizes. */
export function sizeOfTensor({ shape }: Tensor): number {
  return (shape as readonly number[]).reduce((a, b) => a * b, 1);
}
