import { fail } from '../../core/index.js';
import { CharacterTokenizer } from '../../tokenizers/characters.js';
import { drawnTask } from './drawn.js';
import { checkQuestions, refusePrompt, symbolsOf } from './sequences.js';
import { declareTask } from './task.js';

/**
 * A random block again and again: what follows a symbol is what followed it before, which is what an induction head
 * looks up (Olsson et al. 2022, "In-context Learning and Induction Heads"). Symbols in a block are all different, so
 * that one earlier place decides. Blocks vary in length, or counting back a fixed number of places would do.
 * The question is the block and its first symbol once more, which is when the rest can be known.
 */
export const repeat = declareTask({
  name: 'repeat',
  doc: 'a random block repeated: 7Kq2x7 is followed by Kq2x7Kq2x…',
  options: {
    length: { kind: 'integer', doc: 'most symbols in a block; rows are twice as long', default: 16, min: 2, max: 62 },
    symbols: { kind: 'integer', doc: 'how many of 0-9, A-Z, a-z are used, in this order', default: 62, min: 2, max: 62 },
    varied: { kind: 'switch', doc: 'blocks of half of `length` to `length` symbols; or all of `length`', default: true },
  },
  preset: {
    layers: 2,
    heads: 4,
    width: 64,
    batch: 64,
    steps: 700,
    // Steps proportional to gradients, nearly: the head that finds the pattern first takes most of it. With AdamW's usual epsilon
    // every head of the second layer becomes the same induction head, and none of them is missed.
    epsilon: 0.3,
    lr: 1,
    minLr: 0.1,
    warmup: 100,
    weightDecay: 0.01,
    betas: [0.9, 0.99],
    evalEvery: 175,
  },
  make: ({ length, symbols, varied }) => {
    if (symbols < length) {
      throw fail('value', {
        where: 'task repeat',
        rule: 'symbols is at least length, since those of a block are all different',
        got: `${symbols} symbols for blocks of ${length}`,
        fix: 'Use more symbols or a smaller length',
      });
    }
    const shortest = varied ? Math.max(1, Math.floor(length / 2)) : length;
    const lengths = Array.from({ length: length - shortest + 1 }, (_, i) => shortest + i);
    const questions = lengths.reduce((sum, n) => sum + arrangements(n, symbols), 0);
    checkQuestions('repeat', questions, 'Use a larger length or more symbols');
    const tokens = 2 * length;
    const characters = symbolsOf(symbols);
    return drawnTask({
      name: 'repeat',
      tokenizer: new CharacterTokenizer(characters),
      longest: { question: length + 1, answer: length - 1 },
      questions,
      draw: (draws) => {
        const period = shortest + draws.below(lengths.length);
        const block = draws.distinct(period, symbols);
        const row = Array.from({ length: tokens }, (_, i) => block[i % period] as number);
        return { question: row.slice(0, period + 1), answer: row.slice(period + 1) };
      },
      solve: (prompt) => {
        const block = prompt.slice(0, -1);
        const fits = lengths.includes(block.length) && prompt.at(-1) === block[0] && new Set(block).size === block.length;
        if (!fits || ![...block].every((c) => characters.includes(c))) {
          const count = varied ? `${shortest} to ${length}` : String(length);
          throw refusePrompt('repeat', `of ${count} different symbols and the first of them once more`, prompt);
        }
        return block.repeat(Math.ceil(tokens / block.length)).slice(prompt.length, tokens);
      },
    });
  },
});

/** Ways to put k of n symbols in a row: n (n − 1) … (n − k + 1). */
function arrangements(k: number, n: number): number {
  let ways = 1;
  for (let i = 0; i < k; i++) ways *= n - i;
  return ways;
}
