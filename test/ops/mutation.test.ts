import { afterAll, describe, expect, test } from 'vitest';
import type { Op } from '#dist/ops/index.js';
import { runOnCpu } from './engines.js';
import { gradientProblems } from './gradient-check.js';
import { mutationsOf } from './mutations.js';
import { opsToWalk, trialsFor, walk } from './registry-walk.js';

const seeds = [1];
let made = 0;
let noticed = 0;
afterAll(() => console.log(`ops: ${noticed} of ${made} faults noticed`));

describe('the walk notices a fault', () => {
  test.each(opsToWalk().map((op) => [op.name, op] as const))('%s', async (_, op) => {
    const mutations = mutationsOf(op, inputsWithGradients(op));
    expect(mutations.length).toBeGreaterThan(3);
    const missed: string[] = [];
    // A walk that always complained would notice everything.
    expect(await walk(op, seeds, runOnCpu)).toEqual([]);
    for (const { what, fault } of mutations) {
      made++;
      const problems = await withFault(op, fault, () => walk(op, seeds, runOnCpu));
      if (problems.length > 0) noticed++;
      else missed.push(what);
    }
    expect(missed).toEqual([]);
  });
});

async function withFault(op: Op, fault: Partial<Op>, work: () => Promise<string[]>): Promise<string[]> {
  const sound = { ...op };
  Object.assign(op, fault);
  try {
    return await work();
  } finally {
    Object.assign(op, sound);
  }
}

/** Which inputs get a gradient in some trial. */
function inputsWithGradients(op: Op): boolean[] {
  const { vjp } = op;
  const found: boolean[] = [];
  if (vjp === 'none') return found;
  const spied: Op['vjp'] = (c) => {
    const grads = vjp(c);
    grads.forEach((g, i) => {
      if (g !== undefined && c.needs[i]) found[i] = true;
    });
    return grads;
  };
  Object.assign(op, { vjp: spied });
  try {
    for (const trial of trialsFor(op, seeds)) gradientProblems(trial, 'first');
  } finally {
    Object.assign(op, { vjp });
  }
  return Array.from(found, (present) => present === true);
}
