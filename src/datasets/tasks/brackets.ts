import { CharacterTokenizer } from '../../tokenizers/characters.js';
import { drawBalanced, drawUnbalanced } from './balanced.js';
import { drawnTask } from './drawn.js';
import { refusePrompt } from './sequences.js';
import { declareTask } from './task.js';

const pairsOfKinds = ['()', '[]', '{}', '<>'];

/**
 * Whether brackets are balanced (the Dyck languages; Hahn 2020, "Theoretical Limitations of Self-Attention"). Half the
 * questions are; most of the others differ from a balanced string by one bracket, or by two exchanged, so that counting
 * alone does not do. Lengths are even: an odd one would give the answer away.
 */
export const brackets = declareTask({
  name: 'brackets',
  doc: 'whether brackets are balanced, 1 or 0: (()())()=1',
  options: {
    length: { kind: 'integer', doc: 'most brackets in a question; there are half as many to as many', default: 20, min: 10, max: 512 },
    kinds: { kind: 'integer', doc: 'how many of () [] {} <> are used, in this order', default: 1, min: 1, max: pairsOfKinds.length },
  },
  preset: {
    layers: 2,
    heads: 4,
    width: 64,
    batch: 128,
    steps: 1000,
    lr: 2e-3,
    minLr: 2e-4,
    warmup: 100,
    weightDecay: 0.01,
    betas: [0.9, 0.99],
    evalEvery: 250,
  },
  make: ({ length, kinds }) => {
    const characters = [...pairsOfKinds.slice(0, kinds).join('')];
    const mostPairs = Math.floor(length / 2);
    const [equals, no, yes] = [2 * kinds, 2 * kinds + 1, 2 * kinds + 2];
    const fewestPairs = Math.ceil(mostPairs / 2);
    const lengths = Array.from({ length: mostPairs - fewestPairs + 1 }, (_, i) => 2 * (fewestPairs + i));
    return drawnTask({
      name: 'brackets',
      tokenizer: new CharacterTokenizer([...characters, '=', '0', '1']),
      longest: { question: 2 * mostPairs + 1, answer: 1 },
      questions: lengths.reduce((sum, n) => sum + characters.length ** n, 0),
      // By rows, not by chance: redrawing for one side of the split must not shift the halves.
      draw: (draws, row) => {
        const pairs = fewestPairs + draws.below(lengths.length);
        const balanced = row % 2 === 0;
        const string = balanced ? drawBalanced(draws, pairs, kinds) : drawUnbalanced(draws, pairs, kinds);
        return { question: [...string, equals], answer: [balanced ? yes : no] };
      },
      solve: (prompt) => {
        let left = prompt.slice(0, -1);
        if (!prompt.endsWith('=') || !lengths.includes(left.length) || ![...left].every((c) => characters.includes(c))) {
          throw refusePrompt(
            'brackets',
            `of ${lengths[0]} to ${2 * mostPairs} brackets out of ${characters.join('')}, an even number, and "="`,
            prompt,
          );
        }
        // Taking away neighbours that fit leaves nothing of a balanced string, and something of any other.
        for (let before = -1; before !== left.length; ) {
          before = left.length;
          for (const pair of pairsOfKinds) left = left.replaceAll(pair, '');
        }
        return left === '' ? '1' : '0';
      },
    });
  },
});
