import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

interface Outcome {
  readonly peakMiB: number;
  readonly seconds: number;
}

/** Runs one job in a process of its own, whose peak resident memory (VmHWM) it reports. */
async function outcomeOf<T>(...args: readonly string[]): Promise<Outcome & T> {
  const script = fileURLToPath(new URL('long-process.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
  const outcome = JSON.parse(stdout.trim().split('\n').at(-1) as string) as Outcome & T;
  console.log(`${args.join(' ')}: ${outcome.peakMiB} MiB at the peak, ${outcome.seconds} s`);
  return outcome;
}

test('causal attention over 32,768 tokens, 8 heads of 64, forward and backward within 2 GiB', async () => {
  const length = 32_768;
  // Dense attention's weights alone: [8,T,T] float32.
  expect((8 * length ** 2 * 4) / 2 ** 30).toBe(32);
  const { peakMiB, finite, total } = await outcomeOf<{ finite: boolean; total: number }>('attention', String(length));
  expect(finite).toBe(true);
  expect(Math.abs(total / length - 1)).toBeLessThan(1e-4);
  expect(peakMiB).toBeLessThan(2048);
});

test('a GPT with a context of 16,384 trains a step within 6 GiB', async () => {
  const { peakMiB, losses } = await outcomeOf<{ losses: number[] }>('gpt', '16384');
  expect(losses.length).toBe(1);
  expect(Math.abs((losses[0] as number) - Math.log(256))).toBeLessThan(0.3);
  // 6 GiB is what is asked; 4,971 MiB were measured.
  expect(peakMiB).toBeLessThan(5632);
});

test('at T = 2,048, forward and backward, blocks take at most 1.3 times what dense attention takes', async () => {
  const { ratios } = await outcomeOf<{ ratios: { all: number; causal: number } }>('race', '2048');
  console.log(`to dense ${ratios.all.toFixed(2)}, causal ${ratios.causal.toFixed(2)}`);
  expect(ratios.all).toBeLessThan(1.3);
  expect(ratios.causal).toBeLessThan(1.3);
});
