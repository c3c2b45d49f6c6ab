import { fail } from '../core/index.js';
import { checkText, encodeText, specialToken } from './encode.js';
import type { EncoderRow, EncoderRunner } from './encoder-runner.js';
import { softmax } from './softmax.js';

/** The part of a context that answers a question. */
export interface Answer {
  readonly text: string;
  /** [start, end) in the context, as `text.slice` counts. */
  readonly start: number;
  readonly end: number;
  /** Of the first token times of the last, among the tokens of the context that were seen together. */
  readonly probability: number;
  /** The sum of both logits: by it the best is chosen. */
  readonly score: number;
}

export interface AnswerOptions {
  /** Tokens that neighbouring pieces of a long context share; 128, or half a piece where that is less, by default. */
  readonly overlap?: number;
  /** Most tokens of an answer; 30 by default. */
  readonly longest?: number;
}

/** A piece of the context: its first token, and where its tokens stand in the row. */
interface Piece {
  readonly row: EncoderRow;
  readonly first: number;
  readonly at: number;
  readonly length: number;
}

/**
 * The best part of a context as the answer to a question (Devlin et al. 2018, section 4.2): the span i ≤ j whose start and
 * end scores sum highest. A context beyond the model's is read in pieces that overlap.
 * @throws value: no character in either, or a question that leaves no room; unsupported: a model with another head
 */
export async function answer(runner: EncoderRunner, question: string, context: string, options: AnswerOptions = {}): Promise<Answer> {
  runner.requireHead('question', 'answer');
  const { longest = 30 } = options;
  checkText(context, 'context');
  const { ids, offsets } = runner.tokenizer.encodeWithOffsets(context, { specialTokens: false });
  if (ids.length === 0) throw fail('value', { where: 'context', rule: 'at least one token', got: 'none' });
  const pieces = cut(runner, question, ids, options.overlap);
  const results = await runner.run(
    pieces.map(({ row }) => row),
    'logits',
  );
  let best: Answer | undefined;
  results.forEach(({ values }, p) => {
    const { first, at, length } = pieces[p] as Piece;
    const [starts, ends] = [0, 1].map((k) => Float64Array.from({ length }, (_, t) => values[2 * (at + t) + k] as number)) as [
      Float64Array,
      Float64Array,
    ];
    const span = bestSpan(starts, ends, longest);
    if (best !== undefined && best.score >= span.score) return;
    const start = offsets[first + span.from]?.[0] ?? 0;
    const end = offsets[first + span.to]?.[1] ?? 0;
    const probability = (softmax(starts)[span.from] as number) * (softmax(ends)[span.to] as number);
    best = { text: context.slice(start, end), start, end, probability, score: span.score };
  });
  return best as unknown as Answer;
}

/** The i ≤ j < i + longest with the largest starts[i] + ends[j]; the first of equals. */
export function bestSpan(starts: Float64Array, ends: Float64Array, longest: number): { from: number; to: number; score: number } {
  let best = { from: 0, to: 0, score: -Infinity };
  for (let from = 0; from < starts.length; from++) {
    for (let to = from; to < Math.min(ends.length, from + longest); to++) {
      const score = (starts[from] as number) + (ends[to] as number);
      if (score > best.score) best = { from, to, score };
    }
  }
  return best;
}

/** Rows `[CLS] question [SEP] piece [SEP]`; RoBERTa's have two separators in the middle. */
function cut({ model, tokenizer }: EncoderRunner, question: string, ids: readonly number[], overlap: number | undefined): Piece[] {
  const asked = encodeText(tokenizer, question, 'question');
  const separator = specialToken(tokenizer, 'sep', ['[SEP]', '</s>'])?.id;
  if (separator === undefined) throw fail('tokenizer', { where: 'answer', rule: 'a tokenizer with a separator', got: 'none' });
  const before = model.config.family === 'roberta' ? [...asked, separator] : asked;
  const room = model.context - before.length - 1;
  if (room < 1) {
    throw fail('value', {
      where: 'question',
      rule: `at most ${model.context - 2 - (before.length - asked.length)} tokens, so that the context has room`,
      got: String(asked.length),
      fix: 'Shorten it',
    });
  }
  const shared = overlap ?? Math.min(128, room >> 1);
  if (!Number.isInteger(shared) || shared < 0 || shared >= room) {
    throw fail('value', { where: 'overlap', rule: `a whole number from 0 to ${room - 1}`, got: String(shared) });
  }
  const pieces: Piece[] = [];
  for (let first = 0; first === 0 || first + shared < ids.length; first += room - shared) {
    const piece = ids.slice(first, first + room);
    const row = [...before, ...piece, separator];
    const types = row.map((_, t) => Number(t >= before.length));
    pieces.push({ row: { ids: row, types }, first, at: before.length, length: piece.length });
    if (first + room >= ids.length) break;
  }
  return pieces;
}
