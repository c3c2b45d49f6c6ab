import type { HostArray } from '../core/index.js';
import type { Module } from '../nn/index.js';
import { input, type Tensor, withTraining } from '../ops/index.js';
import { type GraphInput, type LoweredProgram, lowerProgram, type ProgramOptions } from '../runtime/index.js';
import { type EditsOf, type FoundSite, type Rewritten, rewriteSites } from './change/rewrite.js';
import type { Feeds, Subject } from './subject/subject.js';

/** What a run of the model inside a program gives: its result, and every site. */
export interface TracedRun {
  readonly result: Tensor;
  readonly sites: Rewritten['sites'];
}

/** A program of the lens while it is traced: runs of one model, perhaps several, and what is made of their values. */
export class ProgramTrace<P, M extends Module> {
  readonly #declared: GraphInput[] = [];
  /** The model's inputs. */
  readonly inputs: Readonly<Record<string, Tensor>>;

  /** @param feeds what the model will be fed: the program is for these shapes */
  constructor(
    private readonly subject: Subject<P, M>,
    feeds: Feeds,
  ) {
    this.inputs = Object.fromEntries(subject.inputs.map(({ name }) => [name, this.input(name, feeds[name] as HostArray)]));
  }

  /** One more input of the program, like an array that it will be fed. */
  readonly input = (name: string, { shape, dtype }: Pick<HostArray, 'shape' | 'dtype'>): Tensor => {
    this.#declared.push({ name, spec: { shape, dtype } });
    return input(name, shape, dtype);
  };

  /** The model, its sites changed. */
  run(editsOf: EditsOf = () => []): TracedRun {
    const result = withTraining(false, () => this.subject.trace(this.subject.model, this.inputs));
    const { outputs, sites } = rewriteSites([result], editsOf);
    return { result: outputs[0] as Tensor, sites };
  }

  lower(outputs: Readonly<Record<string, Tensor>>, options: ProgramOptions): LoweredProgram {
    return lowerProgram(outputs, this.#declared, options);
  }
}

/** Every site of a model, as it is on certain feeds, or on feeds of any size. */
export function foundSites<P, M extends Module>(subject: Subject<P, M>, feeds?: Feeds): ReadonlyMap<string, FoundSite> {
  const shapes = (name: string) => feeds?.[name]?.shape;
  const inputs = subject.inputs.map(({ name, spec }) => [name, input(name, shapes(name) ?? spec.shape, spec.dtype)] as const);
  const result = withTraining(false, () => subject.trace(subject.model, Object.fromEntries(inputs)));
  const { sites } = rewriteSites([result], () => []);
  return new Map([...sites].map(([name, { value, stacked }]) => [name, { name, shape: value.shape, stacked }]));
}
