import { fail, randomKey } from '../../core/index.js';
import { WordTokenizer } from '../../tokenizers/words.js';
import { ClosedData } from './closed.js';
import { Draws } from './draws.js';
import { checkIndex, contextOf } from './rows.js';
import { refusePrompt } from './sequences.js';
import { declareTask, type Problem } from './task.js';

/** a ∘ b = c: three tokens and "=" are read, c is predicted. */
const context = contextOf({ question: 4, answer: 1 });

/**
 * Arithmetic modulo p, every number one token: all pairs a ∘ b, of which a share is learned from. Small models with
 * weight decay first learn their pairs by heart and much later the rule (Power et al. 2022, "Grokking"; Nanda et al.
 * 2023, "Progress measures for grokking via mechanistic interpretability"). Both orders of a pair are pairs of their
 * own, as there.
 */
export const modular = declareTask({
  name: 'modular',
  doc: 'arithmetic modulo a number, learned from a share of all pairs: 12 + 85 = 0',
  options: {
    modulus: { kind: 'integer', doc: 'p: numbers are 0 to p − 1', default: 97, min: 3, max: 1000 },
    operation: {
      kind: 'choice',
      doc: 'what is done with a pair; division needs a prime modulus',
      default: '+',
      choices: ['+', '-', '*', '/'],
      aliases: { '−': '-', '×': '*', '÷': '/', add: '+', subtract: '-', multiply: '*', divide: '/' },
    },
    share: { kind: 'share', doc: 'of all pairs, those to learn from; the rest is judged on', default: 0.3 },
    split: { kind: 'integer', doc: 'seed of which pairs they are', default: 0, min: 0, max: 2 ** 31 - 1 },
  },
  preset: {
    layers: 1,
    heads: 4,
    width: 128,
    batch: 512,
    steps: 6000,
    lr: 1e-3,
    minLr: 1e-4,
    warmup: 10,
    weightDecay: 0.5,
    betas: [0.9, 0.98],
    evalEvery: 100,
  },
  make: ({ modulus, operation, share, split }) => {
    if (operation === '/' && !isPrime(modulus)) {
      throw fail('value', {
        where: 'task modular',
        rule: 'division by every number but 0 needs a prime modulus',
        got: String(modulus),
        fix: `Use modulus=${nearestPrime(modulus)}`,
      });
    }
    const numbers = Array.from({ length: modulus }, (_, n) => n);
    const inverses = operation === '/' ? inversesModulo(modulus) : undefined;
    const result = (a: number, b: number): number => {
      if (inverses !== undefined) return (a * (inverses[b] as number)) % modulus;
      return (operation === '+' ? a + b : operation === '-' ? a - b + modulus : a * b) % modulus;
    };
    const [sign, equals] = [modulus, modulus + 1];
    const all: Problem[] = numbers.flatMap((a) =>
      (operation === '/' ? numbers.slice(1) : numbers).map((b) => ({ question: [a, sign, b, equals], answer: [result(a, b)] })),
    );
    const learned = Math.round(share * all.length);
    if (learned < 1 || learned >= all.length) {
      throw fail('value', {
        where: 'task modular',
        rule: `a share that leaves pairs to learn from and pairs to judge on, of ${all.length}`,
        got: `share=${share}`,
        fix: 'Use a share nearer to 0.3',
      });
    }
    const order = Int32Array.from(all, (_, i) => i);
    new Draws(randomKey(split, 'task.split')).shuffle(order);
    const at = (places: Int32Array): Problem[] => Array.from(places, (i) => all[i] as Problem);
    const heldOut = at(order.subarray(learned));
    const tokenizer = new WordTokenizer([...numbers.map(String), operation, '=']);
    return {
      tokenizer,
      context,
      question: (seed, index) => {
        checkIndex('modular', index);
        const { question, answer } = heldOut[new Draws(randomKey(seed, 'task.question', index)).below(heldOut.length)] as Problem;
        return { prompt: tokenizer.decode(question), answer: tokenizer.decode(answer) };
      },
      solve: (prompt) => solve(prompt, modulus, operation),
      data: () => new ClosedData('modular', context, at(order.subarray(0, learned)), heldOut),
    };
  },
});

/** From the text, by the meaning of the words: a quotient is the number that gives a when multiplied by b. */
function solve(prompt: string, modulus: number, operation: '+' | '-' | '*' | '/'): string {
  const [first = '', sign, second = '', equals, ...more] = prompt.trim().split(/\s+/);
  const isNumber = (word: string): boolean => /^(0|[1-9]\d*)$/.test(word) && Number(word) < modulus;
  const fits = isNumber(first) && sign === operation && isNumber(second) && equals === '=' && more.length === 0;
  if (!fits || (operation === '/' && second === '0')) {
    const zero = operation === '/' ? ', the second not 0' : '';
    throw refusePrompt('modular', `such as "3 ${operation} 2 =" with numbers below ${modulus}${zero}`, prompt);
  }
  const [a, b, p] = [BigInt(first), BigInt(second), BigInt(modulus)];
  for (let c = 0n; c < p; c++) {
    const holds = operation === '+' ? a + b - c : operation === '-' ? a - b - c : operation === '*' ? a * b - c : b * c - a;
    if (holds % p === 0n) return String(c);
  }
  throw refusePrompt('modular', 'with an answer', prompt);
}

/** Inverses modulo a prime: b⁻¹ = −⌊p/b⌋ · (p mod b)⁻¹, since ⌊p/b⌋ · b + (p mod b) = p. */
function inversesModulo(prime: number): number[] {
  const inverses = [0, 1];
  for (let b = 2; b < prime; b++) inverses.push(((prime - Math.floor(prime / b)) * (inverses[prime % b] as number)) % prime);
  return inverses;
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return n >= 2;
}

/** The largest prime up to n; n is at least 3. */
function nearestPrime(n: number): number {
  return isPrime(n) ? n : nearestPrime(n - 1);
}
