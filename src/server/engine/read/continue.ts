import { turns } from '../../../core/event-loop.js';
import { fail } from '../../../core/index.js';
import { generate, logProbability, nextTokens, sample, Targets } from '../../../generate/index.js';
import type { LanguageModel } from '../../../models/index.js';
import type { Context, Input, Output, Prompt } from '../../protocol/index.js';
import type { ModelState } from '../model-state.js';
import type { Prepared } from '../run/subject.js';
import { idsOf } from '../run/token-subject.js';
import { distribution, logitsAt, samplingOf } from './next.js';

const mostNewTokens = 1024;
const mostAlternatives = 50;

type Event = Parameters<Context<'read.generate'>['emit']>[0];

/**
 * Goes on with a text. Without changes the model reads with its cache; with changes, each token is a run of its own, as a
 * change may reach any position.
 */
export async function generateText(
  state: ModelState,
  input: Input<'read.generate'>,
  { signal, emit }: Context<'read.generate'>,
): Promise<Output<'read.generate'>> {
  const { opened } = state;
  if (opened.kind !== 'decoder' && opened.kind !== 'translation')
    throw fail('unsupported', { where: 'generate', rule: 'a model that predicts the next token', got: opened.type });
  const { maxNewTokens } = input;
  if (!(Number.isInteger(maxNewTokens) && maxNewTokens >= 1 && maxNewTokens <= mostNewTokens))
    throw fail('value', { where: 'generate', rule: `from 1 to ${mostNewTokens} new tokens`, got: String(maxNewTokens) });
  const isChanged = input.changes?.some(({ isOn }) => isOn) ?? false;
  const keepsKeys = (opened.model as LanguageModel).cache !== undefined;
  const { prepared } = await state.run(input);
  const ids = [...idsOf(prepared)];
  const prompt = ids.length;
  const text = (): string =>
    opened.tokenizer === undefined ? '' : opened.tokenizer.decode(ids).slice(opened.tokenizer.decode(ids.slice(0, prompt)).length);
  let finish = 'length';
  const steps = isChanged || !keepsKeys ? runSteps(state, input, ids) : cachedSteps(state, input, prepared, signal);
  const turn = turns();
  for await (const { id, logprob, candidates, end } of steps) {
    await turn();
    signal.throwIfAborted();
    ids.push(id);
    emit({ id, text: state.subject.textOf(id), probability: Math.exp(logprob), candidates } satisfies Event);
    if (end !== undefined) finish = end;
  }
  return { ids, text: text(), finish };
}

interface Step {
  readonly id: number;
  readonly logprob: number;
  readonly candidates: Event['candidates'];
  readonly end?: string | undefined;
}

async function* cachedSteps(
  state: ModelState,
  input: Input<'read.generate'>,
  prepared: Prepared,
  signal: AbortSignal,
): AsyncGenerator<Step> {
  const count = Math.min(input.alternatives ?? 10, mostAlternatives);
  const { maxNewTokens, seed = 0 } = input;
  const options = { ...samplingOf(input), maxNewTokens, seed, alternatives: count, endIds: endIdsOf(state), signal };
  // The program holds the weights that the model has when it is made.
  const { source, targets } = await state.programs.inTurn(async () => {
    await state.useWeights(input.step);
    const { opened } = state;
    if (opened.kind !== 'translation') return { source: await nextTokens(opened.model as LanguageModel) };
    const targets = await Targets.of(opened.model);
    await targets.read((prepared.source ?? []).map(({ id }) => id));
    return { source: await nextTokens(targets), targets };
  });
  try {
    for await (const { id, logprob, alternatives = [], finish } of generate(source, [...idsOf(prepared)], options)) {
      const candidates = alternatives.map((a) => ({ id: a.id, text: state.subject.textOf(a.id), probability: Math.exp(a.logprob) }));
      yield { id, logprob, candidates, end: finish };
    }
  } finally {
    await source.dispose();
    await targets?.dispose();
  }
}

async function* runSteps(state: ModelState, input: Input<'read.generate'>, prompt: readonly number[]): AsyncGenerator<Step> {
  const ids = [...prompt];
  const count = Math.min(input.alternatives ?? 10, mostAlternatives);
  for (let index = 0; index < input.maxNewTokens && ids.length < state.subject.context; index++) {
    const { step, changes } = input;
    const run = await state.run({ model: state.place.model, step, prompt: promptOf(input.prompt, ids), changes });
    const logits = await logitsAt(run, state.subject, ids.length - 1);
    const id = sample(logits, { ...samplingOf(input), seed: input.seed ?? 0 }, index, ids);
    const { candidates } = distribution(logits, state.subject, { ...samplingOf(input), count }, ids);
    const isEnd = endIdsOf(state).includes(id);
    yield { id, logprob: logProbability(logits, id), candidates, end: isEnd ? 'end' : undefined };
    if (isEnd) return;
    ids.push(id);
  }
}

/** A prompt that goes on to ids. */
function promptOf(prompt: Prompt, ids: readonly number[]): Prompt {
  return prompt.kind === 'translation' ? { ...prompt, target: ids } : { kind: 'ids', ids };
}

function endIdsOf({ opened }: ModelState): readonly number[] {
  return opened.kind === 'image' ? [] : opened.endIds;
}
