import { CharacterTokenizer } from '../../tokenizers/characters.js';
import { drawnTask } from './drawn.js';
import { refusePrompt } from './sequences.js';
import { declareTask } from './task.js';

const plus = 10;
const equals = 11;

/**
 * Sums of numbers of d digits. With the answer's lowest digit first, each digit follows from two digits and one carry;
 * with the highest first it may hang on all of them (Lee et al. 2023, "Teaching Arithmetic to Small Transformers").
 * The pair (b, a) counts as the pair (a, b): an exchanged one would not be new.
 */
export const addition = declareTask({
  name: 'addition',
  doc: 'sums of numbers, the lowest digit of the answer first: 123+989=2111',
  options: {
    digits: { kind: 'integer', doc: 'digits of each number, filled up with zeros', default: 3, min: 1, max: 64 },
    reversed: { kind: 'switch', doc: 'the answer begins with its lowest digit', default: true },
  },
  preset: {
    layers: 2,
    heads: 4,
    width: 64,
    batch: 128,
    steps: 2000,
    lr: 3e-3,
    minLr: 3e-4,
    warmup: 100,
    weightDecay: 0.01,
    betas: [0.9, 0.99],
    evalEvery: 250,
  },
  make: ({ digits, reversed }) =>
    drawnTask({
      name: 'addition',
      tokenizer: new CharacterTokenizer([...'0123456789+=']),
      longest: { question: 2 * digits + 2, answer: digits + 1 },
      questions: 10 ** (2 * digits),
      draw: (draws) => {
        const a = draws.many(digits, 10);
        const b = draws.many(digits, 10);
        const sum = lowestFirst(a, b);
        return { question: [...a, plus, ...b, equals], answer: reversed ? sum : sum.reverse() };
      },
      identity: (question) => {
        const a = question.slice(0, digits);
        const b = question.slice(digits + 1, -1);
        return a.join('') < b.join('') ? [...a, ...b] : [...b, ...a];
      },
      solve: (prompt) => {
        const [, a, b] = new RegExp(`^(\\d{${digits}})\\+(\\d{${digits}})=$`).exec(prompt) ?? [];
        if (a === undefined || b === undefined) {
          const example = `${'7'.padStart(digits, '0')}+${'5'.padStart(digits, '0')}=`;
          throw refusePrompt('addition', `such as ${example}, numbers filled up with zeros`, prompt);
        }
        const sum = String(BigInt(a) + BigInt(b)).padStart(digits + 1, '0');
        return reversed ? [...sum].reverse().join('') : sum;
      },
    }),
});

/** Adds as on paper, digit by digit from the lowest: the digits of the sum, lowest first, one more than those added. */
function lowestFirst(a: readonly number[], b: readonly number[]): number[] {
  const sum: number[] = [];
  let carry = 0;
  for (let at = a.length - 1; at >= 0; at--) {
    const both = (a[at] as number) + (b[at] as number) + carry;
    sum.push(both % 10);
    carry = both >= 10 ? 1 : 0;
  }
  return [...sum, carry];
}
