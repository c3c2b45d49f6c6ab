import { fail } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import type { ProgramOptions } from '../../runtime/index.js';
import { run, type Traced } from '../trace.js';

/** Which logits of a run are looked at. */
export interface LogitChoice {
  /** Where, of outputs with a place per token: from the front, or negative from the end; the last by default. */
  readonly position?: number | undefined;
  /** Whose: tokens by id or text, or classes by number or label; by default the one that scores highest there. */
  readonly tokens?: readonly (number | string)[] | undefined;
  /** A token whose logit is taken away from each: what speaks for the one rather than the other. */
  readonly against?: number | string | undefined;
}

/** Logits that were chosen. */
export interface ChosenLogits {
  /** undefined where a model gives one row of logits for all. */
  readonly position: number | undefined;
  readonly tokens: readonly number[];
  /** The tensor [V] they are taken from. */
  readonly logits: Tensor;
  /** A scalar for each token: its logit, less that of `against`. */
  readonly chosen: readonly Tensor[];
}

/**
 * Finds the logits that are meant in a traced run of one text.
 * @throws shape: several texts, or an output that is no logits; value: a position or tokens that are not there
 */
export async function chooseLogits(traced: Traced, choice: LogitChoice, engine: ProgramOptions): Promise<ChosenLogits> {
  const { output } = traced;
  const [rows, second, third] = output.shape as [number, number, number | undefined];
  if (rows !== 1) throw fail('shape', { where: 'attribution', rule: 'one text at a time', got: `${rows} rows` });
  if (!traced.sites.has('logits')) {
    const rule = 'a model that gives logits, the site `logits`';
    throw fail('unsupported', { where: 'attribution', rule, got: 'one without', fix: 'Give the model a head' });
  }
  const position = third === undefined ? undefined : placeOf(choice.position ?? -1, second);
  if (third === undefined && choice.position !== undefined)
    throw fail('value', { where: 'position', rule: 'no position for a model with one row of logits', got: String(choice.position) });
  const count = third ?? second;
  const logits = (third === undefined ? output : output.slice([null, [position as number, (position as number) + 1]])).reshape([count]);
  const idOf = (token: number | string): number => (typeof token === 'string' ? traced.tokenId(token) : token);
  const tokens = choice.tokens?.map(idOf) ?? [await highest(traced, logits, engine)];
  const against = choice.against === undefined ? undefined : idOf(choice.against);
  for (const token of [...tokens, ...(against === undefined ? [] : [against])]) {
    if (!Number.isInteger(token) || token < 0 || token >= count)
      throw fail('value', { where: 'tokens', rule: `ids from 0 to ${count - 1}`, got: String(token) });
  }
  if (tokens.length === 0) throw fail('value', { where: 'tokens', rule: 'at least one token', got: 'none' });
  const of = (token: number): Tensor => logits.slice([[token, token + 1]]).reshape([]);
  return { position, tokens, logits, chosen: tokens.map((token) => (against === undefined ? of(token) : of(token).sub(of(against)))) };
}

async function highest(traced: Traced, logits: Tensor, engine: ProgramOptions): Promise<number> {
  const data = (await run(traced, { logits }, engine)).logits?.data as Float32Array;
  return data.indexOf(Math.max(...data));
}

function placeOf(position: number, length: number): number {
  const place = position < 0 ? position + length : position;
  if (Number.isInteger(place) && place >= 0 && place < length) return place;
  throw fail('value', { where: 'position', rule: `a place from 0 to ${length - 1}, or negative from the end`, got: String(position) });
}
