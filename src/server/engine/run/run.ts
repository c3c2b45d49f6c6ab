import { fail, type HostArray, nearest } from '../../../core/index.js';
import type { Parameter, Tensor } from '../../../ops/index.js';
import type { AttentionLayer, AttentionValue, RunSpec } from '../../protocol/index.js';
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
    const missing = names.filter((name) => this.ground.values.get(this.#valueKey(name)) === undefined);
    const found: Record<string, HostArray> = {};
    for (const name of names) {
      const known = this.ground.values.get(this.#valueKey(name));
      if (known !== undefined) found[name] = known;
    }
    if (missing.length === 0) return found;
    const { key, inputs } = this.graph;
    const wanted = Object.fromEntries(missing.map((name) => [name, tensors[name] as Tensor]));
    const computed = await this.ground.programs.run(
      `${key} ${missing.join(',')}`,
      () => ({ tensors: wanted, inputs }),
      { ...this.prepared.feeds, ...this.put },
      () => this.ground.useWeights(this.spec.step),
    );
    for (const [name, value] of Object.entries(computed)) {
      this.ground.values.set(this.#valueKey(name), value, value.data.byteLength);
      found[name] = value;
    }
    return found;
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

  /** A layer's patterns or scores, [1,H,T,S]; with those of all layers where they are small. */
  async attentionOf(layer: number, value: AttentionValue): Promise<HostArray> {
    const name = this.attentionSite(layer, value);
    const known = this.ground.values.get(this.#valueKey(name));
    if (known !== undefined) return known;
    const all = this.ground.attention.flatMap(({ path, hasScores }) => [`${path}.pattern`, ...(hasScores ? [`${path}.scores`] : [])]);
    const bytes = all.reduce((sum, site) => sum + 4 * sizeOfTensor(this.siteTensor(site)), 0);
    const isSmall = bytes + 4 * sizeOfTensor(this.graph.result) <= atOnceBytes;
    const names = isSmall ? [...all, ...(this.graph.sites.has('logits') ? ['logits'] : [])] : [name];
    const found = await this.values(Object.fromEntries(names.map((site) => [site, this.siteTensor(site)])));
    return found[name] as HostArray;
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
