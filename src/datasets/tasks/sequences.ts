import { fail } from '../../core/index.js';
import { CharacterTokenizer } from '../../tokenizers/characters.js';
import { drawnTask } from './drawn.js';
import type { TaskBody } from './task.js';

/** The symbols of sequences, in the order of their code points: a task with n symbols uses the first n. */
const alphabet = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'];
/** Stands between a sequence and what is made of it. */
const equals = '=';
/** Ends an answer, where its length is not always the same. */
const end = '.';
/** Fewer questions than this leave too few to judge on. */
const fewestQuestions = 100;

/** Options of the tasks that make one sequence of another. */
export const sequenceOptions = {
  length: { kind: 'integer', doc: 'symbols in a sequence', default: 8, min: 1, max: 512 },
  symbols: { kind: 'integer', doc: 'how many of 0-9, A-Z, a-z are used, in this order', default: 10, min: 2, max: alphabet.length },
  varied: { kind: 'switch', doc: 'sequences of 1 to `length` symbols; a full stop ends the answer', default: false },
} as const;

export interface SequenceSettings {
  readonly length: number;
  readonly symbols: number;
  readonly varied: boolean;
}

/** The first n symbols. */
export function symbolsOf(n: number): string[] {
  return alphabet.slice(0, n);
}

/** @throws value: fewer questions than there must be to learn from some and be judged on others */
export function checkQuestions(task: string, questions: number, fix: string): void {
  if (questions >= fewestQuestions) return;
  throw fail('value', { where: `task ${task}`, rule: `at least ${fewestQuestions} different questions`, got: String(questions), fix });
}

/** The error for a prompt that is not of a task's form. */
export function refusePrompt(task: string, form: string, prompt: string): Error {
  return fail('value', { where: `task ${task}`, rule: `a prompt ${form}`, got: JSON.stringify(prompt.slice(0, 80)) });
}

/** A task that makes a sequence of a sequence: `ids` says how with symbols' places, `text` with their characters. */
export function sequenceTask(
  name: string,
  { length, symbols, varied }: SequenceSettings,
  rule: { ids(sequence: readonly number[]): number[]; text(sequence: readonly string[]): string[] },
): TaskBody {
  const characters = symbolsOf(symbols);
  const lengths = varied ? Array.from({ length }, (_, i) => i + 1) : [length];
  const questions = lengths.reduce((sum, n) => sum + symbols ** n, 0);
  checkQuestions(name, questions, 'Use a larger length or more symbols');
  const ending = varied ? [symbols + 1] : []; // the id of the full stop
  return drawnTask({
    name,
    tokenizer: new CharacterTokenizer([...characters, equals, ...(varied ? [end] : [])]),
    longest: { question: length + 1, answer: length + ending.length },
    questions,
    draw: (draws) => {
      const sequence = draws.many(varied ? 1 + draws.below(length) : length, symbols);
      return { question: [...sequence, symbols], answer: [...rule.ids(sequence), ...ending] };
    },
    solve: (prompt) => {
      const sequence = [...prompt.slice(0, -1)];
      const fits = prompt.endsWith(equals) && lengths.includes(sequence.length) && sequence.every((c) => characters.includes(c));
      if (!fits) {
        const count = varied ? `1 to ${length}` : String(length);
        throw refusePrompt(name, `of ${count} symbols out of ${characters.join('')}, and "${equals}"`, prompt);
      }
      return rule.text(sequence).join('') + (varied ? end : '');
    },
  });
}
