import { fail } from '../../core/index.js';

/** What an optimiser asks of one of its numbers. */
export interface Range {
  readonly rule: string;
  readonly holds: (value: number) => boolean;
}

export const positive: Range = { rule: 'is a finite number above 0', holds: (x) => x > 0 && x < Number.POSITIVE_INFINITY };
export const notNegative: Range = { rule: 'is a finite number from 0', holds: (x) => x >= 0 && x < Number.POSITIVE_INFINITY };
/** Of averages: 1 would never take anything in. */
export const belowOne: Range = { rule: 'lies in [0, 1)', holds: (x) => x >= 0 && x < 1 };
export const wholeFromOne: Range = { rule: 'is a whole number from 1', holds: (x) => Number.isInteger(x) && x >= 1 };

/** Refuses a number outside its range. @throws value */
export function checkRange(where: string, name: string, value: number, range: Range): void {
  // Settings come from files and command lines too: a text of digits compares like a number.
  if (typeof value !== 'number' || !range.holds(value)) throw fail('value', { where, rule: `${name} ${range.rule}`, got: String(value) });
}

/** Refuses β unless there are two in [0, 1). @throws value */
export function checkBetas(where: string, betas: readonly [number, number]): void {
  if (!Array.isArray(betas) || betas.length !== 2) throw fail('value', { where, rule: 'betas are two numbers', got: String(betas) });
  betas.forEach((beta, i) => {
    checkRange(where, `betas[${i}]`, beta, belowOne);
  });
}

/** Refuses a decoupled decay that would turn a parameter's sign in one step. @throws value */
export function checkDecoupledDecay(where: string, lr: number, weightDecay: number): void {
  checkRange(where, 'lr', lr, positive);
  checkRange(where, 'weightDecay', weightDecay, {
    rule: `is at least 0, and below 1/lr = ${1 / lr}`,
    holds: (x) => x >= 0 && lr * x < 1,
  });
}
