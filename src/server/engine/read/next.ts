import { fail } from '../../../core/index.js';
import { alternatives, logProbability, probabilities } from '../../../generate/index.js';
import type { Candidate, Input, Output, Sampling } from '../../protocol/index.js';
import type { Run } from '../run/run.js';
import { sizeOfTensor } from '../run/run.js';
import type { Subject } from '../run/subject.js';
import type { Looked } from './head-matrix.js';

/** Elements of logits up to which those of all positions are computed at once. */
const atOnce = 2 ** 23;
const mostCandidates = 1000;

/** A row of the model's result: the logits of a position, or of labels. @throws unsupported: a model without logits; value: no such position */
export async function logitsAt(run: Run, subject: Subject, position: number): Promise<Float32Array> {
  const { result } = run.graph;
  if (!run.graph.sites.has('logits'))
    throw fail('unsupported', { where: 'predictions', rule: 'a model that predicts: it has the site logits', got: 'one without a head' });
  if (!subject.isPerToken) return (await run.site('logits')).data as Float32Array;
  const length = run.prepared.tokens.length;
  if (!(Number.isInteger(position) && position >= 0 && position < length))
    throw fail('value', { where: 'position', rule: `a position from 0 to ${length - 1}`, got: String(position) });
  if (sizeOfTensor(result) > atOnce) {
    const name = `logits of ${position}`;
    const row = (await run.values({ [name]: result.slice([null, [position, position + 1]]) }))[name];
    return row?.data as Float32Array;
  }
  const { data, shape } = await run.site('logits');
  const width = shape.at(-1) as number;
  return (data as Float32Array).subarray(position * width, (position + 1) * width);
}

/** What generation knows of the options that the page has. */
export function samplingOf({ temperature, topK, topP, minP }: Sampling): Record<string, number> {
  const said = Object.entries({ temperature, topK, topP, minP }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as Record<string, number>;
}

/** What may come after a position, the likeliest first. */
export async function nextOf(
  looked: Looked,
  subject: Subject,
  input: Omit<Input<'read.next'>, 'run' | 'minus'>,
): Promise<Output<'read.next'>> {
  const { run, minus } = looked;
  const position = input.position ?? minus?.pairs.at(-1)?.[0] ?? run.prepared.tokens.length - 1;
  if (minus !== undefined) return differenceAt(looked, subject, input);
  const logits = await logitsAt(run, subject, position);
  return { position, ...distribution(logits, subject, input, run.prepared.ids), ...actualAt(run, subject, position, logits, input) };
}

/** A row of logits as people read it. */
export function distribution(
  logits: Float32Array,
  subject: Pick<Subject, 'textOf'>,
  { count, ...sampling }: Sampling & { readonly count: number },
  history: readonly number[] = [],
): Pick<Output<'read.next'>, 'candidates' | 'left' | 'entropy'> {
  const chosen = probabilities(logits, samplingOf(sampling), history);
  const candidates = alternatives(logits, Math.min(count, mostCandidates)).map(({ id, logprob }) => ({
    id,
    text: subject.textOf(id),
    logit: logits[id] as number,
    probability: Math.exp(logprob),
    chosen: chosen[id] as number,
  }));
  let left = 0;
  for (const p of chosen) if (p > 0) left++;
  return { candidates, left, entropy: entropyOf(logits) };
}

/** H = −Σ p ln p of softmax(logits), nats. */
export function entropyOf(logits: Float32Array): number {
  const all = probabilities(logits);
  return all.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}

/** The token that the text has there: the next, or the very one of an encoder's. */
function actualAt(run: Run, subject: Subject, position: number, logits: Float32Array, sampling: Sampling): { actual?: Candidate } {
  if (!subject.isPerToken || subject.labels !== undefined) return {};
  const id = run.prepared.ids?.[subject.kind === 'encoder' ? position : position + 1];
  if (id === undefined) return {};
  const probability = Math.exp(logProbability(logits, id));
  const chosen = probabilities(logits, samplingOf(sampling), run.prepared.ids ?? [])[id] as number;
  return { actual: { id, text: subject.textOf(id), logit: logits[id] as number, probability, chosen } };
}

/** A − B: by how much each token's probability differs, the largest difference first. */
async function differenceAt(
  { run, minus }: Looked,
  subject: Subject,
  input: Omit<Input<'read.next'>, 'run' | 'minus'>,
): Promise<Output<'read.next'>> {
  const { run: other, pairs } = minus as NonNullable<Looked['minus']>;
  const at = input.position ?? pairs.length - 1;
  const [a, b] = pairs[at] ?? [run.prepared.tokens.length - 1, other.prepared.tokens.length - 1];
  const [own, theirs] = [await logitsAt(run, subject, a), await logitsAt(other, subject, b)];
  const [p, q] = [probabilities(own), probabilities(theirs)];
  const options = samplingOf(input);
  const [chosenA, chosenB] = [
    probabilities(own, options, run.prepared.ids ?? []),
    probabilities(theirs, options, other.prepared.ids ?? []),
  ];
  const order = Array.from(p, (x, id) => ({ id, by: Math.abs(x - (q[id] as number)) })).sort((x, y) => y.by - x.by || x.id - y.id);
  const candidates = order.slice(0, Math.min(input.count, mostCandidates)).map(({ id }) => ({
    id,
    text: subject.textOf(id),
    logit: (own[id] as number) - (theirs[id] as number),
    probability: (p[id] as number) - (q[id] as number),
    chosen: (chosenA[id] as number) - (chosenB[id] as number),
  }));
  return { position: at, candidates, left: candidates.length, entropy: entropyOf(own) - entropyOf(theirs) };
}
