import { fail, type HostArray } from '../../core/index.js';
import { imageLens, type Lens, lens, translationLens } from '../../lens/index.js';
import type { Module } from '../../nn/index.js';
import { sitesOf } from '../../runtime/index.js';
import { type AttentionLayer, encodeFrame, type ModelInfo, type RunRef, type RunSpec, type TokenInfo } from '../protocol/index.js';
import { alignTokens } from './align.js';
import { changedGraph } from './change/apply.js';
import { fingerprint } from './fingerprint.js';
import { Kept } from './kept.js';
import { keptBytes, keptRuns } from './limits.js';
import type { Opened } from './opened.js';
import type { Looked } from './read/head-matrix.js';
import { StudioError } from './refusal.js';
import { attentionLayers } from './run/attention-layers.js';
import { RunGraph } from './run/graph.js';
import { Programs } from './run/programs.js';
import { Run, type RunGround } from './run/run.js';
import type { Prepared, Subject } from './run/subject.js';
import { subjectOf } from './run/subject-of.js';
import { type LoadStep, Weights } from './run/weights.js';

/** Graphs that stay traced: of other lengths, and other structures of changes. */
const keptGraphs = 32;

/** A lens on any of the models; what prompts it takes is its subject's affair. */
export type LensView = Lens<never, Module>;

/** Where a model stands in the opened folder. */
export interface Place {
  /** As the protocol names it. */
  readonly model: string;
  readonly name: string;
  /** Steps whose checkpoints are there, and the one that the folder itself holds. */
  steps(): Promise<{ readonly steps: readonly number[]; readonly now?: number }>;
  readonly loadStep: LoadStep;
  /** What computed its numbers: Headlight, the engine. */
  readonly versions: Readonly<Record<string, string>>;
  /** Texts to begin with. */
  examples(): Promise<readonly string[]>;
  /** Opens another model of the folder, to be compared with this one. */
  openOther(model: string): Promise<ModelState>;
  /** Its path, or that of a step's checkpoint, as code opens it. */
  pathOf(step: number | undefined): string;
}

/** An open model and the runs on it. */
export class ModelState implements RunGround {
  readonly subject: Subject;
  readonly attention: readonly AttentionLayer[];
  readonly programs = new Programs();
  readonly values = new Kept<HostArray>(keptBytes);
  readonly #sites: ModelInfo['sites'];
  readonly #runs = new Kept<Run>(keptRuns, (run) => run.forget());
  readonly #graphs = new Kept<RunGraph>(keptGraphs);
  readonly #weights: Weights;
  #view: LensView | undefined;
  /** Another model, whose runs are compared with this one's: the last that was asked for. */
  #other: { readonly model: string; readonly state: Promise<ModelState> } | undefined;
  #otherOpen: ModelState | undefined;

  constructor(
    readonly opened: Opened,
    readonly place: Place,
  ) {
    this.subject = subjectOf(opened);
    const sites = sitesOf([this.subject.trace().result]);
    this.attention = attentionLayers(sites, this.subject.kind);
    this.#sites = [...sites].map(([name, { shape }]) => ({ name, shape: shape.map(String) }));
    this.#weights = new Weights(opened.model, place.loadStep);
  }

  useWeights(step: number | undefined): Promise<void> {
    return this.#weights.use(step);
  }

  async info(step: number | undefined): Promise<ModelInfo> {
    const { opened, subject, place } = this;
    const { steps, now } = await place.steps();
    checkStep(step, steps);
    return {
      model: place.model,
      ...(step !== undefined && { step }),
      name: place.name,
      type: opened.type,
      kind: subject.kind,
      parameters: opened.model.parameterCount,
      width: subject.width,
      context: subject.context,
      vocabulary: subject.vocabulary,
      hasTokenizer: opened.kind !== 'image' && opened.tokenizer !== undefined,
      attention: this.attention,
      sites: this.#sites,
      hash: opened.hash,
      steps,
      ...(now !== undefined && { now }),
      ...imageOf(opened),
      examples: await place.examples(),
    };
  }

  /** A run: its prompt checked and its graph traced, nothing computed. */
  async run(spec: RunSpec): Promise<Run> {
    const { prompt, step } = spec;
    const changes = (spec.changes ?? []).filter(({ isOn }) => isOn);
    const key = `${this.place.model}#${fingerprint(encodeFrame({ prompt, step, changes: changes.map((c) => c.intervention) }))}`;
    const known = this.#runs.get(key);
    if (known !== undefined) return known;
    if (step !== undefined) checkStep(step, (await this.place.steps()).steps);
    const prepared = await this.subject.prepare(prompt);
    const plain = this.#graphOf(prepared);
    const changed = changes.length === 0 ? undefined : changedGraph(plain, changes);
    const graph =
      changed === undefined ? plain : this.#keep(`${plain.key} ${changed.key}`, (named) => new RunGraph(named, changed.trace()));
    // The file of an image is not needed any more: what is kept is what the model sees.
    const kept = prompt.kind === 'image' ? { ...prompt, bytes: new Uint8Array() } : prompt;
    const run = new Run(key, { ...spec, prompt: kept, changes }, prepared, graph, changed?.feeds ?? {}, this);
    this.#runs.set(key, run);
    return run;
  }

  /** Where the runs of a model are: here, or in the state of another, which is opened beside this one. */
  async stateOf(model: string): Promise<ModelState> {
    if (model === this.place.model) return this;
    if (this.#other?.model !== model) {
      void this.#otherOpen?.dispose();
      this.#otherOpen = undefined;
      const state = this.place.openOther(model);
      const other = { model, state };
      this.#other = other;
      state.then(
        (open) => {
          if (this.#other === other) this.#otherOpen = open;
          else void open.dispose();
        },
        () => {
          if (this.#other === other) this.#other = undefined; // it may be mended and asked for again
        },
      );
    }
    return this.#other.state;
  }

  /** How many runs are held. */
  get runs(): number {
    return this.#runs.count;
  }

  /** @throws gone: a run that is no longer held */
  runOf(key: string): Run {
    const run = this.held(key) ?? this.#otherOpen?.held(key);
    if (run === undefined) throw new StudioError('gone', 'This run is no longer held.', 'Ask for it again.');
    return run;
  }

  /** A run, where it is held. */
  held(key: string): Run | undefined {
    return this.#runs.get(key);
  }

  /** The same model under the library's lens. */
  lensView(): LensView {
    const { opened } = this;
    this.#view ??= viewOf(opened);
    return this.#view;
  }

  /** @throws value: no such layer */
  attentionAt(layer: number): AttentionLayer {
    const found = this.attention[layer];
    if (found !== undefined) return found;
    throw fail('value', { where: 'layer', rule: `a layer from 0 to ${this.attention.length - 1}`, got: String(layer) });
  }

  looked({ run, minus }: RunRef): Looked {
    const own = this.runOf(run);
    if (minus === undefined) return { run: own };
    const other = this.runOf(minus);
    checkComparable(own, other);
    const [a, b] = [own.prepared.source, other.prepared.source];
    const sourcePairs = a && b && alignTokens(a.map(idOf), b.map(idOf));
    return {
      run: own,
      minus: { run: other, pairs: alignTokens(idsIn(own.prepared), idsIn(other.prepared)), ...(sourcePairs && { sourcePairs }) },
    };
  }

  async dispose(): Promise<void> {
    await this.#otherOpen?.dispose();
    await this.programs.dispose();
    this.values.clear();
  }

  #graphOf(prepared: Prepared): RunGraph {
    const shapes = Object.fromEntries(Object.entries(prepared.feeds).map(([name, { shape }]) => [name, shape]));
    const key = JSON.stringify(shapes);
    return this.#keep(key, (named) => new RunGraph(named, this.subject.trace(shapes)));
  }

  #keep(key: string, make: (key: string) => RunGraph): RunGraph {
    const known = this.#graphs.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    this.#graphs.set(key, made);
    return made;
  }
}

function viewOf(opened: Opened): LensView {
  if (opened.kind === 'image') return imageLens(opened.model);
  const { tokenizer } = opened;
  return opened.kind === 'translation' ? translationLens(opened.model, { tokenizer }) : lens(opened.model, { tokenizer });
}

function checkStep(step: number | undefined, steps: readonly number[]): void {
  if (step === undefined || steps.includes(step)) return;
  const got = `step ${step}`;
  throw fail('value', { where: 'step', rule: `a step whose checkpoint is there: ${steps.join(', ') || 'none is'}`, got });
}

/** @throws unsupported: two runs that have no part in common */
function checkComparable(a: Run, b: Run): void {
  if (a.spec.model === b.spec.model) return;
  const [own, other] = [a, b].map(({ attention }) => attention.map(({ path, heads }) => `${path} of ${heads} heads`).join(', '));
  if (own === other) return;
  const rule = 'two models with as many layers and heads, each with its place in the other';
  throw fail('unsupported', { where: 'compare', rule, got: `${a.attention.length} and ${b.attention.length} layers, or other heads` });
}

function imageOf(opened: Opened): Pick<ModelInfo, 'image'> {
  if (opened.kind !== 'image') return {};
  const { image, patch, channels } = opened.model.config;
  return { image: { height: image, width: image, channels, patch } };
}

const idOf = ({ id }: TokenInfo): number => id;

/** What tokens are told apart by: ids; of images, places. */
export function idsIn({ ids, tokens }: Prepared): readonly number[] {
  return ids ?? tokens.map((_, i) => i);
}
