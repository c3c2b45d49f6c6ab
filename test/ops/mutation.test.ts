import { afterAll, describe, expect, test } from 'vitest';
import type { Op } from '#dist/ops/index.js';
import { runOnCpu } from './engines.js';
import { mutationsOf } from './mutations.js';
import { opsToWalk, walk } from './registry-walk.js';

const seeds = [1];
let made = 0;
let noticed = 0;
afterAll(() => console.log(`ops: ${noticed} of ${made} faults noticed`));

describe('the walk notices a fault', () => {
  test.each(opsToWalk().map((op) => [op.name, op] as const))('%s', async (_, op) => {
    const { problems: sound, gradients } = await soundWalk(op);
    // A walk that always complained would notice everything.
    expect(sound).toEqual([]);
    const mutations = mutationsOf(op, gradients);
    expect(mutations.length).toBeGreaterThan(3);
    const missed: string[] = [];
    for (const { what, fault } of mutations) {
      made++;
      const problems = await withFault(op, fault, () => walk(op, seeds, runOnCpu, Object.keys(fault)));
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

/** The walk of an op as it is, and which inputs get a gradient in some trial. */
async function soundWalk(op: Op): Promise<{ problems: string[]; gradients: boolean[] }> {
  const { vjp } = op;
  const found: boolean[] = [];
  const spied: Op['vjp'] =
    vjp === 'none'
      ? vjp
      : (c) => {
          const grads = vjp(c);
          grads.forEach((g, i) => {
            if (g !== undefined && c.needs[i]) found[i] = true;
          });
          return grads;
        };
  const problems = await withFault(op, { vjp: spied }, () => walk(op, seeds, runOnCpu));
  return { problems, gradients: Array.from(found, (present) => present === true) };
}
