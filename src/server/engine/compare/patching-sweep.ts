import { turns } from '../../../core/event-loop.js';
import { fail, type HostArray } from '../../../core/index.js';
import { type Metric as LensMetric, sweep } from '../../../lens/index.js';
import { repeated } from '../../../lens/rows.js';
import { input, type Tensor, where } from '../../../ops/index.js';
import type { GraphInput } from '../../../runtime/index.js';
import type { Context, Metric, Output, SweepSpec } from '../../protocol/index.js';
import { changedGraph } from '../change/apply.js';
import { lensInterventions } from '../change/interventions.js';
import type { ModelState } from '../model-state.js';
import { logitsAt } from '../read/next.js';
import { lensPromptOf } from '../run/lens-prompt.js';
import type { Run } from '../run/run.js';
import { type Cell, maskOf, planOf, type SweepPlan } from './cells.js';
import { bytesOfRun, metricOf, rowsIn } from './measure.js';

/** Cells that go through the model together. */
const mostRows = 16;
/** Bytes that they may hold together. */
const mostBytes = 256 * 2 ** 20;

type Emit = Context<'compare.sweep'>['emit'];

/**
 * Activation patching (Meng et al. 2022; Wang et al. 2022): the corrupted run again and again, each time with one part of the
 * clean run put in; how much of the metric comes back says how much that part matters. Several cells are rows of one batch,
 * told apart by masks; those that a gradient says are promising (Nanda 2023, attribution patching) come first.
 */
export class PatchingSweep {
  private constructor(
    private readonly state: ModelState,
    private readonly spec: SweepSpec,
    private readonly clean: Run,
    private readonly corrupted: Run,
    private readonly plan: SweepPlan,
    private readonly rows: number,
  ) {}

  /** @throws shape: prompts of different lengths; value: runs of different checkpoints; gone */
  static of(state: ModelState, spec: SweepSpec): PatchingSweep {
    const [clean, corrupted] = [state.runOf(spec.clean), state.runOf(spec.corrupted)];
    const [a, b] = [lengthOf(clean), lengthOf(corrupted)];
    if (a !== b)
      throw fail('shape', {
        where: 'sweep',
        rule: 'two prompts of as many tokens, so that each has its place in the other',
        got: `${a} and ${b}`,
        fix: 'Exchange words for words of as many tokens',
      });
    if (clean.spec.step !== corrupted.spec.step || clean.spec.model !== corrupted.spec.model)
      throw fail('value', { where: 'sweep', rule: 'two runs of one checkpoint', got: 'two', fix: 'Compare two prompts at one step' });
    const plan = planOf(corrupted, spec.by);
    const fitting = Math.floor(mostBytes / Math.max(1, bytesOfRun(corrupted)));
    return new PatchingSweep(state, spec, clean, corrupted, plan, Math.max(1, Math.min(mostRows, fitting, plan.cells.length)));
  }

  /** What all of it takes, by one batch that is run and timed. */
  async cost(): Promise<Output<'compare.cost'>> {
    const values = await this.#cleanValues();
    const first = this.plan.cells.slice(0, this.rows);
    await this.#batch(first, values); // the program is made
    const begun = performance.now();
    await this.#batch(first, values);
    const seconds = ((performance.now() - begun) / 1000) * Math.ceil(this.plan.cells.length / this.rows);
    return { cells: this.plan.cells.length, seconds, bytes: this.rows * bytesOfRun(this.corrupted) };
  }

  /** @param limit cells that are enough */
  async run(limit = Number.POSITIVE_INFINITY, signal: AbortSignal, emit: Emit): Promise<Output<'compare.sweep'>> {
    const { plan, spec } = this;
    const [clean, corrupted] = [await this.#metric(this.clean), await this.#metric(this.corrupted)];
    const values = await this.#cleanValues();
    const order = await this.#promising(signal);
    const data = new Float32Array(plan.cells.length).fill(Number.NaN);
    const turn = turns();
    const total = Math.min(plan.cells.length, limit);
    let done = 0;
    while (done < total) {
      await turn();
      signal.throwIfAborted();
      const indices = order.slice(done, Math.min(total, done + this.rows));
      const cells = indices.map((i) => plan.cells[i] as Cell);
      const logits = await this.#batch(cells, values);
      const told = rowsIn(logits).map((row) => metricOf(row, spec.metric));
      done += cells.length;
      const regained = cells.map((cell, i) => {
        const share = ((told[i] as number) - corrupted) / (clean - corrupted);
        data[indices[i] as number] = share;
        return { ...cell, regained: share, metric: told[i] as number };
      });
      emit({ cells: regained, done, total, clean, corrupted });
    }
    return { values: { shape: plan.shape, data }, done, total };
  }

  async #metric(run: Run): Promise<number> {
    const position = this.spec.metric.position ?? run.prepared.tokens.length - 1;
    return metricOf(await logitsAt(run, this.state.subject, position), this.spec.metric);
  }

  #cleanValues(): Promise<Record<string, HostArray>> {
    return this.clean.values(Object.fromEntries(this.plan.sites.map((name) => [name, this.clean.siteTensor(name)])));
  }

  /** Logits [rows,V] of the corrupted run with one cell of the clean one in each row. */
  async #batch(cells: readonly Cell[], values: Readonly<Record<string, HostArray>>): Promise<HostArray> {
    const { plan, rows, corrupted, state, spec } = this;
    const hasHeads = spec.by !== 'layer-position';
    const masks = plan.sites.map(
      (name, layer) => [`mask.${name}`, maskOf(cells, layer, rows, values[name]?.shape ?? [], hasHeads)] as const,
    );
    const others = plan.sites.map((name) => [`clean.${name}`, values[name] as HostArray] as const);
    const prompt = Object.entries(corrupted.prepared.feeds).map(([name, array]) => [name, repeated(array, rows)] as const);
    const changes = corrupted.spec.changes ?? [];
    const shapes = Object.fromEntries(prompt.map(([name, { shape }]) => [name, shape]));
    const changed = changedGraph(state.subject.trace(shapes), changes);
    const own = Object.fromEntries([...masks, ...others]);
    const position = spec.metric.position ?? corrupted.prepared.tokens.length - 1;
    const key = `sweep ${JSON.stringify(shapes)} ${spec.by} ${position} ${changed.key}`;
    const outputs = () => {
      const declared: GraphInput[] = [];
      const bind = (name: string): Tensor => {
        const { shape, dtype } = own[name] as HostArray;
        declared.push({ name, spec: { shape, dtype } });
        return input(name, shape, dtype);
      };
      const edited = changed.trace(({ name }) => {
        if (!plan.sites.includes(name)) return [];
        const arrays = [bind(`mask.${name}`), bind(`clean.${name}`)];
        return [{ name: 'sweep', arrays, apply: (value, [mask, clean]) => where(mask as Tensor, clean as Tensor, value) }];
      });
      const { result } = edited;
      const logits = result.shape.length === 3 ? result.slice([null, [position, position + 1]]) : result;
      return { tensors: { logits }, inputs: [...edited.inputs, ...declared] };
    };
    const feeds = { ...Object.fromEntries(prompt), ...changed.feeds, ...own };
    const found = await state.programs.run(key, outputs, feeds, () => state.useWeights(corrupted.spec.step));
    return found.logits as HostArray;
  }

  /** Every cell's number, the most promising first, by one gradient; as they stand where the lens has none. */
  async #promising(signal: AbortSignal): Promise<number[]> {
    const { state, clean, corrupted, plan, spec } = this;
    const asTheyStand = plan.cells.map((_, i) => i);
    if (clean.prepared.ids === undefined || corrupted.prepared.ids === undefined) return asTheyStand;
    const view = state.lensView().with(lensInterventions(corrupted.spec.changes ?? []));
    const prompts = { clean: lensPromptOf(clean), corrupted: lensPromptOf(corrupted) };
    const estimated = state.programs.inTurn(async () => {
      await state.useWeights(corrupted.spec.step);
      const asked = { ...prompts, kind: 'attribution', site: plan.glob, by: plan.by, metric: lensMetric(spec.metric), signal };
      return sweep(view, asked as never);
    });
    const effects = (await estimated).values.values.data as Float32Array;
    return asTheyStand.sort((i, j) => Math.abs(effects[j] as number) - Math.abs(effects[i] as number));
  }
}

/** Of a translation, of both sides. */
function lengthOf({ prepared: { tokens, source } }: Run): string {
  return source === undefined ? String(tokens.length) : `${tokens.length} (source: ${source.length})`;
}

function lensMetric(metric: Metric): LensMetric {
  const at = metric.position === undefined ? {} : { position: metric.position };
  if (metric.kind === 'log-probability') return { kind: 'logProbability', token: metric.token, ...at };
  return { kind: 'logitDifference', token: metric.token, against: metric.against, ...at };
}
