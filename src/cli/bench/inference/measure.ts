import { fail } from '../../../core/index.js';
import { median, type Summary, summarize } from '../statistics.js';
import type { InferenceSide, Reading } from './side.js';
import { type InferenceSize, type SlotName, slotNames, slotOf, someTokens } from './size.js';
import type { WeightReader } from './weight-stream.js';

/** The sides' last logits may differ by this, beside the largest. */
const tolerance = 1e-3;

/** Ours, and PyTorch's where it is there. */
export interface Sides {
  readonly ours: InferenceSide;
  readonly theirs?: InferenceSide;
}

/** Milliseconds of both sides, one figure a round; `ratio` is ours over theirs in the same round. */
export interface SideTimes {
  readonly ours: Summary;
  readonly theirs?: Summary;
  readonly ratio?: Summary;
}

/** What a slot's token takes, and beside reading all weights once in the same round: stream / ours, at most about 1. */
export interface TokenTimes extends SideTimes {
  readonly share: Summary;
}

/** The positions of every slot, read by both sides. @returns the largest difference of logits, beside the largest logit */
export async function readPositions(sides: Sides, size: InferenceSize): Promise<number | undefined> {
  let worst: number | undefined;
  for (const slot of slotNames) {
    const { batch, position } = slotOf(size, slot);
    const ids = rows(slot, batch, position, size.vocabulary);
    const mine = await sides.ours.read(slot, ids);
    const its = await sides.theirs?.read(slot, ids);
    if (its === undefined) continue;
    // A token after the prompt too: it goes another way through both programs.
    const next = rows(slot, 1, batch, size.vocabulary);
    const [one, other] = [await sides.ours.step(slot, next), await (sides.theirs as InferenceSide).step(slot, next)];
    worst = Math.max(worst ?? 0, difference(mine, its), difference(one, other));
  }
  return worst;
}

/** Prompts of one slot, the sides by turns; the first round is not counted. */
export async function timePrompts(sides: Sides, size: InferenceSize, slot: SlotName): Promise<SideTimes> {
  const ids = rows('prompt', slotOf(size, slot).batch, size.prompt, size.vocabulary);
  const times = new RoundTimes();
  for (let round = -1; round < size.promptRounds; round++) {
    for (const [name, side] of inTurn(sides, round)) times.add(round, name, median((await side.read(slot, ids)).ms));
  }
  return times.result();
}

/**
 * Blocks of tokens of every slot, the sides by turns, and all weights read by every reader before each block; the first round
 * is not counted, nor is each block's first token: it meets caches that others filled.
 */
export async function timeTokens(
  sides: Sides,
  size: InferenceSize,
  readers: readonly WeightReader[],
  onRound: (round: number) => void,
): Promise<{ readonly slots: Readonly<Record<SlotName, TokenTimes>>; readonly readMs: Readonly<Record<string, number>> }> {
  const found = { near: new RoundTimes(), far: new RoundTimes(), many: new RoundTimes() };
  const reads = Object.fromEntries(slotNames.map((slot) => [slot, new Map(readers.map(({ name }) => [name, [] as number[]]))]));
  for (let round = -1; round < size.rounds; round++) {
    onRound(round);
    for (const slot of slotNames) {
      for (const { name, read } of readers) {
        const ms = await blockOf(size.tokens, read);
        if (round >= 0) reads[slot]?.get(name)?.push(ms);
      }
      const ids = rows(`round ${round}`, size.tokens + 1, slotOf(size, slot).batch, size.vocabulary);
      for (const [name, side] of inTurn(sides, round)) found[slot].add(round, name, median((await side.step(slot, ids)).ms.slice(1)));
    }
  }
  const all = (name: string): number[] => slotNames.flatMap((slot) => reads[slot]?.get(name) ?? []);
  const readMs = Object.fromEntries(readers.map(({ name }) => [name, median(all(name))]));
  const [quickest] = readers.toSorted((a, b) => (readMs[a.name] as number) - (readMs[b.name] as number));
  const slots = slotNames.map((slot) => {
    const stream = reads[slot]?.get(quickest?.name ?? '') ?? [];
    return [slot, { ...found[slot].result(), share: summarize(found[slot].ours.map((ms, i) => (stream[i] as number) / ms)) }];
  });
  return { slots: Object.fromEntries(slots) as Record<SlotName, TokenTimes>, readMs };
}

/** Each side's figure of every round that counts. */
class RoundTimes {
  readonly ours: number[] = [];
  readonly theirs: number[] = [];

  add(round: number, side: 'ours' | 'theirs', ms: number): void {
    if (round >= 0) this[side].push(ms);
  }

  result(): SideTimes {
    const { ours, theirs } = this;
    if (theirs.length === 0) return { ours: summarize(ours) };
    return { ours: summarize(ours), theirs: summarize(theirs), ratio: summarize(ours.map((ms, i) => ms / (theirs[i] as number))) };
  }
}

/** Ours first and theirs first by turns, so that a drift of the machine favours none. */
function inTurn({ ours, theirs }: Sides, round: number): readonly (readonly ['ours' | 'theirs', InferenceSide])[] {
  if (theirs === undefined) return [['ours', ours]];
  const both = [['ours', ours] as const, ['theirs', theirs] as const];
  return round % 2 === 0 ? both : both.reverse();
}

async function blockOf(count: number, work: () => Promise<void>): Promise<number> {
  const ms: number[] = [];
  for (let i = -1; i < count; i++) {
    const begun = performance.now();
    await work();
    if (i >= 0) ms.push(performance.now() - begun);
  }
  return median(ms);
}

/** @returns [height][width] token ids */
function rows(name: string, height: number, width: number, vocabulary: number): number[][] {
  return Array.from({ length: height }, (_, row) => someTokens(`${name} ${row}`, width, vocabulary));
}

function difference(ours: Reading, theirs: Reading): number {
  const [mine, its] = [Array.from(ours.logits), Array.from(theirs.logits)];
  const largest = its.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const worst = its.reduce((most, x, i) => Math.max(most, Math.abs(x - (mine[i] ?? Number.NaN))), 0) / largest;
  // Written so that NaN fails too.
  if (mine.length === its.length && its.every(Number.isFinite) && mine.every(Number.isFinite) && worst <= tolerance) return worst;
  throw fail('numeric', {
    where: 'bench inference',
    rule: `our logits equal PyTorch's within ${tolerance} of the largest`,
    got: `${worst} (${mine.length} and ${its.length} of them)`,
    fix: 'No times are compared between programs that compute different things',
  });
}
