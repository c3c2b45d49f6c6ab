import { type Dim, equalDims } from '../../core/index.js';
import type { Advanced, LanguageModel, SequenceState } from '../../models/index.js';
import { Module } from '../../nn/index.js';
import { concat, constant, iota, type Parameter, Tensor } from '../../ops/index.js';
import type { AxisName } from '../roles.js';
import type { Intervention } from './intervention.js';
import { ChangePlan } from './plan.js';
import { type FoundSite, rewriteSites } from './rewrite.js';

/** Any model: `forward` of tensors, and, of language models, what it is told besides. */
interface AnyModel extends Module {
  forward(...args: readonly (Tensor | SequenceState | undefined)[]): Tensor;
}

/**
 * A model whose values are changed wherever it is used: `forward` and `advance` rewrite what they trace. Where texts grow, places
 * are positions from the start; the caches hold what was put into keys and values.
 */
class ChangedModel extends Module {
  // Private, so that the model does not become a part of this one: its parameters and sites keep their names.
  readonly #model: AnyModel;
  readonly #interventions: readonly Intervention[];

  constructor(model: AnyModel, interventions: readonly Intervention[]) {
    super();
    this.#model = model;
    this.#interventions = interventions;
  }

  get vocabulary(): number {
    return (this.#model as unknown as LanguageModel).vocabulary;
  }

  get context(): number {
    return (this.#model as unknown as LanguageModel).context;
  }

  get sourceVocabulary(): number | undefined {
    return (this.#model as { sourceVocabulary?: number }).sourceVocabulary;
  }

  get given(): LanguageModel['given'] {
    return (this.#model as unknown as LanguageModel).given;
  }

  get cache(): LanguageModel['cache'] {
    return (this.#model as unknown as LanguageModel).cache;
  }

  get carries(): LanguageModel['carries'] {
    return (this.#model as unknown as LanguageModel).carries;
  }

  override parameters(): Map<string, Parameter> {
    return this.#model.parameters();
  }

  forward(...args: readonly (Tensor | SequenceState | undefined)[]): Tensor {
    const state = args.at(-1);
    const ids = args[0] as Tensor;
    const positions = state === undefined || state instanceof Tensor ? undefined : positionsOf(ids, state);
    return this.#changed([this.#model.forward(...args)], positions)[0] as Tensor;
  }

  advance(ids: Tensor, state: readonly Tensor[]): Advanced {
    const { logits, state: next } = (this.#model as unknown as Required<LanguageModel>).advance(ids, state);
    const [changed, ...left] = this.#changed([logits, ...next], undefined);
    return { logits: changed as Tensor, state: left };
  }

  #changed(outputs: readonly Tensor[], positions: ((axis: AxisName) => Tensor | undefined) | undefined): readonly Tensor[] {
    const found = new Map<string, FoundSite>();
    rewriteSites(outputs, (site) => {
      found.set(site.name, site);
      return [];
    });
    const plan = ChangePlan.of(this.#interventions, found);
    const edits = plan.edits((_, array) => constant(array), { positions, keep: true });
    return rewriteSites(outputs, ({ name }) => edits.get(name) ?? []).outputs;
  }
}

/** A model like another, with values changed. */
export function changedModel<M extends Module>(model: M, interventions: readonly Intervention[]): M {
  return new ChangedModel(model as unknown as AnyModel, interventions) as unknown as M;
}

/** Where tokens stand when a text goes on: queries are the new tokens, keys the memory's slots, then they. */
function positionsOf(ids: Tensor, { position, past }: SequenceState): (axis: AxisName) => Tensor | undefined {
  const [batch, length] = ids.shape as [Dim, Dim];
  const own = queryPositions(position, batch, length);
  const filled = past?.[0]?.filled;
  return (axis) => {
    if (axis === 'position') return own;
    if (axis !== 'key') return undefined;
    if (filled === undefined) return own;
    const slots = filled.shape[1] as Dim;
    return concat([iota(slots).reshape([1, slots]).expand([batch, slots]), own.expand([batch, length])], 1);
  };
}

function queryPositions(position: Tensor | undefined, batch: Dim, length: Dim): Tensor {
  const counted = iota(length).reshape([1, length]);
  if (position === undefined) return counted;
  if (position.rank === 2 && equalDims(position.shape[1] as Dim, length)) return position;
  return counted.add(position.reshape([1, 1])).expand([batch, length]);
}
