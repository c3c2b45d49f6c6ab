import type { Draws } from './draws.js';

/**
 * Brackets as numbers: kind k opens as 2k and closes as 2k + 1.
 * A string is balanced when every bracket closes the last open one, and none stays open.
 */
export function isBalanced(brackets: readonly number[]): boolean {
  const open: number[] = [];
  for (const bracket of brackets) {
    if (bracket % 2 === 0) open.push(bracket);
    else if (open.pop() !== bracket - 1) return false;
  }
  return open.length === 0;
}

/**
 * A balanced string of n pairs, each as likely as any other.
 *
 * Of the 2n + 1 rotations of n openings and n + 1 closings exactly one never closes more than it opened before its
 * last place (the cycle lemma, Dvoretzky and Motzkin 1947): the one that begins after the first lowest point. So a
 * random arrangement, rotated there and without its last closing, is a uniform balanced string. Each pair's kind is
 * then drawn by itself.
 */
export function drawBalanced(draws: Draws, pairs: number, kinds: number): number[] {
  const steps = Array.from({ length: 2 * pairs + 1 }, (_, i) => (i < pairs ? 1 : -1));
  draws.shuffle(steps);
  let height = 0;
  let lowest = 0;
  let start = 0;
  steps.forEach((step, i) => {
    height += step;
    if (height < lowest) {
      lowest = height;
      start = i + 1;
    }
  });
  const open: number[] = [];
  return Array.from({ length: 2 * pairs }, (_, i) => {
    if (steps[(start + i) % steps.length] === -1) return (open.pop() as number) + 1;
    const bracket = 2 * draws.below(kinds);
    open.push(bracket);
    return bracket;
  });
}

/**
 * A string as long as n pairs that is not balanced: a third of them any such string, a third a balanced one with one
 * bracket replaced, and a third one with two exchanged, which leaves the number of each bracket as it was.
 */
export function drawUnbalanced(draws: Draws, pairs: number, kinds: number): number[] {
  const way = draws.below(3);
  for (;;) {
    const brackets = way === 0 ? draws.many(2 * pairs, 2 * kinds) : drawBalanced(draws, pairs, kinds);
    if (way === 1) replaceOne(draws, brackets, kinds);
    if (way === 2) exchangeTwo(draws, brackets);
    if (!isBalanced(brackets)) return brackets;
  }
}

function replaceOne(draws: Draws, brackets: number[], kinds: number): void {
  const at = draws.below(brackets.length);
  brackets[at] = ((brackets[at] as number) + 1 + draws.below(2 * kinds - 1)) % (2 * kinds);
}

function exchangeTwo(draws: Draws, brackets: number[]): void {
  const [at, other] = [draws.below(brackets.length), draws.below(brackets.length)];
  const bracket = brackets[at] as number;
  brackets[at] = brackets[other] as number;
  brackets[other] = bracket;
}
