import { fail, HeadlightError, type HostArray } from '../core/index.js';
import type { Module } from '../nn/index.js';
import { encodeModel } from '../onnx/index.js';
import { checkSites, type LoweredProgram, type ProgramOptions } from '../runtime/index.js';
import type { SiteAddress } from './address.js';
import {
  addressed,
  type CaptureCost,
  type Captured,
  type Captures,
  captureCost,
  checkLimit,
  Probes,
  type Site,
  sliced,
} from './capture.js';
import { changedModel } from './change/changed-model.js';
import type { Intervention } from './change/intervention.js';
import { ChangePlan } from './change/plan.js';
import type { FoundSite } from './change/rewrite.js';
import type { Metric } from './metric/metric.js';
import { MetricPlan } from './metric/plan.js';
import { ProgramShelf } from './program-shelf.js';
import { foundSites, ProgramTrace } from './program-trace.js';
import { rowCount } from './rows.js';
import type { Feeds, Subject } from './subject/subject.js';

export interface LensOptions extends ProgramOptions {
  /** Looks at every site of the model, also those not asked for, and stops at the first NaN or infinity. */
  readonly check?: boolean;
  /** How many programs are kept for the next run with prompts of the same size; 4 by default. */
  readonly programs?: number;
}

export interface CaptureOptions {
  /** What `:grad` is the gradient of, summed over the rows: each row's is its own. */
  readonly metric?: Metric | undefined;
  /** Most bytes that may be captured. */
  readonly limit?: number | undefined;
}

/** What the views of one model share. */
interface Shared {
  readonly shelf: ProgramShelf;
  /** Sites by the sizes of prompts. */
  readonly sites: Map<string, ReadonlyMap<string, FoundSite>>;
}

/** One capture, ready to trace. */
interface CapturePlan {
  readonly feeds: Feeds;
  readonly addresses: readonly SiteAddress[];
  readonly changes: ChangePlan;
  readonly metric: MetricPlan | undefined;
}

/**
 * A view into a model: what it computes on the way, and what becomes of that when some of it is changed. Works on any model
 * whose `forward` takes tokens, images, or sources and targets.
 *
 * Programs are kept for prompts of the same size; `dispose` lets them go.
 */
export class Lens<P, M extends Module = Module> {
  readonly #shared: Shared;
  #model: M | undefined;

  constructor(
    readonly subject: Subject<P, M>,
    readonly options: LensOptions = {},
    /** What is changed, in order. */
    readonly interventions: readonly Intervention[] = [],
    shared?: Shared,
  ) {
    this.#shared = shared ?? { shelf: new ProgramShelf(options.programs ?? 4, options), sites: new Map() };
  }

  /** The model; a changed view's computes the changed values wherever a model is taken: to generate, to evaluate, under another lens. */
  get model(): M {
    this.#model ??= this.interventions.length === 0 ? this.subject.model : changedModel(this.subject.model, this.interventions);
    return this.#model;
  }

  /**
   * The same view with values changed, after those that this one changes.
   * @throws name, axis: an address that matches no site, or places that it does not have
   * @example view.with(zero('blocks.1.attention.mixed', { heads: [3] }))
   */
  with(interventions: Intervention | readonly Intervention[]): Lens<P, M> {
    const all = [...this.interventions, ...(Array.isArray(interventions) ? interventions : [interventions])];
    const sites = this.#openSites();
    if (sites !== undefined) ChangePlan.checkAddresses(all, sites);
    return new Lens(this.subject, this.options, all, this.#shared);
  }

  /** Every site, in the order of computation, with the names of sizes that prompts decide. */
  sites(): Site[] {
    return [...this.sitesFor().values()].map(({ name, shape }) => ({ name, shape: shape.map(String) }));
  }

  /** The same as the lens's tools want it: for certain feeds, or for any. */
  sitesFor(feeds?: Feeds): ReadonlyMap<string, FoundSite> {
    const key = feeds === undefined ? 'open' : shapesOf(feeds);
    const known = this.#shared.sites.get(key) ?? foundSites(this.subject, feeds);
    this.#shared.sites.set(key, known);
    return known;
  }

  /** What a capture would give and how many bytes, told without running anything. @throws as `capture` */
  cost(prompt: P, addresses: Captures): CaptureCost {
    const sites = this.sitesFor(this.subject.feeds(prompt));
    return captureCost(addressed(addresses, sites), sites);
  }

  /**
   * Runs once and returns what the addresses name: values by site, gradients by site and `:grad`, slices with the slice in the name.
   * In the place of addresses, a function of a site's name and shape says which sites are wanted.
   * @returns axes as the site's role says; `logits` and others are sites like any
   * @throws name: no site matches; axis: a slice outside a site; value: a prompt the model cannot take, more bytes than the limit,
   * a gradient without a metric; numeric: NaN or infinity, under `check`
   * @example await view.capture('To be', 'blocks.*.attention.pattern[:, 3], blocks.0.mlp.post:grad', { metric: { kind: 'loss' } })
   */
  async capture(prompt: P, addresses: Captures, options: CaptureOptions = {}): Promise<Captured> {
    const plan = this.#plan(prompt, addresses, options);
    const keys = plan.addresses.map(({ key }) => key);
    const values = await this.#run(`capture ${keys} ${plan.metric?.key ?? ''}`, plan, () => this.#captureProgram(plan));
    const checked = Object.entries(values).filter(([name]) => name.startsWith(seen));
    checkSites(checked.map(([name, value]) => [name.slice(seen.length), value]));
    return Object.fromEntries(keys.map((key) => [key, values[key] as HostArray]));
  }

  /** The number that a metric gives each row of a prompt. @throws as `capture` */
  async measure(prompt: P, metric: Metric): Promise<Float32Array> {
    const feeds = this.subject.feeds(prompt);
    const plan = { feeds, addresses: [], changes: this.changesFor(feeds), metric: this.metricFor(feeds, metric) };
    const values = await this.#run(`measure ${plan.metric.key}`, plan, () => {
      const trace = new ProgramTrace(this.subject, feeds);
      const edits = plan.changes.edits(trace.input);
      const { sites } = trace.run(({ name }) => edits.get(name) ?? []);
      return trace.lower({ metric: plan.metric.trace(sites, trace.input) }, this.options);
    });
    return (values.metric as HostArray).data as Float32Array;
  }

  /** The ONNX file of the program that `capture` would run on these arguments; the parameters are inputs of it. */
  onnx(prompt: P, addresses: Captures, options: CaptureOptions = {}): Uint8Array {
    return encodeModel(this.#captureProgram(this.#plan(prompt, addresses, options)).model);
  }

  /** How many programs are kept. */
  get programs(): number {
    return this.#shared.shelf.size;
  }

  /** Lets the programs go, of all views of this model. They are made anew when they are needed. */
  dispose(): Promise<void> {
    return this.#shared.shelf.dispose();
  }

  /** What this view changes on certain feeds. @throws shape, axis, name: an intervention that does not fit them */
  changesFor(feeds: Feeds): ChangePlan {
    return ChangePlan.of(this.interventions, this.sitesFor(feeds));
  }

  /** A metric on certain feeds. @throws value, name, axis: what does not fit them */
  metricFor(feeds: Feeds, metric: Metric): MetricPlan {
    return MetricPlan.of(metric, { rows: rowCount(feeds), feeds, sites: this.sitesFor(feeds), subject: this.subject });
  }

  /** Sites before a prompt is known; undefined of a model that needs its sizes as numbers: there addresses are checked when it runs. */
  #openSites(): ReadonlyMap<string, FoundSite> | undefined {
    try {
      return this.sitesFor();
    } catch (error) {
      if (error instanceof HeadlightError && (error.code === 'shape' || error.code === 'unsupported')) return undefined;
      throw error;
    }
  }

  #plan(prompt: P, addresses: Captures, { metric, limit }: CaptureOptions): CapturePlan {
    const feeds = this.subject.feeds(prompt);
    const sites = this.sitesFor(feeds);
    const chosen = addressed(addresses, sites);
    checkLimit('capture', captureCost(chosen, sites), limit);
    const differentiated = chosen.find(({ gradient }) => gradient);
    if (differentiated !== undefined && metric === undefined) {
      const fix = "Give metric: { kind: 'loss' }, for example";
      throw fail('value', { where: differentiated.key, rule: 'a metric, to take the gradient of', got: 'none', fix });
    }
    return {
      feeds,
      addresses: chosen,
      changes: this.changesFor(feeds),
      metric: differentiated === undefined || metric === undefined ? undefined : this.metricFor(feeds, metric),
    };
  }

  #captureProgram({ feeds, addresses, changes, metric }: CapturePlan): LoweredProgram {
    const trace = new ProgramTrace(this.subject, feeds);
    const edits = changes.edits(trace.input);
    const probes = new Probes(new Set(addresses.flatMap(({ site, gradient }) => (gradient ? [site] : []))));
    const { sites } = trace.run((site) => [...(edits.get(site.name) ?? []), ...probes.edits(site)]);
    const slopes = metric === undefined ? new Map() : probes.gradients(metric.trace(sites, trace.input).sum(), sites);
    const chosen = addresses.map(({ key, site, parts, gradient }) => {
      const value = gradient ? slopes.get(site) : sites.get(site)?.value;
      return [key, sliced(value, parts)] as const;
    });
    const every = this.options.check ? [...sites].map(([name, { value }]) => [seen + name, value] as const) : [];
    return trace.lower(Object.fromEntries([...every, ...chosen]), this.options);
  }

  #run(name: string, { feeds, changes, metric }: CapturePlan, make: () => LoweredProgram): Promise<Captured> {
    const key = `${name}\n${shapesOf(feeds)}\n${changes.key}`;
    return this.#shared.shelf.use(key, make, (program) => program.run({ ...feeds, ...changes.feeds, ...metric?.feeds }));
  }
}

/** Before the names of outputs that are looked at under `check`, asked for or not. */
const seen = 'seen:';

function shapesOf(feeds: Feeds): string {
  return Object.entries(feeds)
    .map(([name, { shape }]) => `${name}[${shape}]`)
    .join(' ');
}
