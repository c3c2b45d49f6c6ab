import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { convertToGguf, saveModel } from '#dist/checkpoints/index.js';
import { HostArray } from '#dist/core/index.js';
import { Llama } from '#dist/models/index.js';
import type { Parameter } from '#dist/ops/index.js';
import { saveTokenizer, trainBpe } from '#dist/tokenizers/index.js';
import { halveFolder } from '../checkpoints/halves.js';

const command = fileURLToPath(new URL('../../dist/cli/main.node.js', import.meta.url));
let folder: string;
let weights: number;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-memory-'));
  const tokenizer = await trainBpe(['abc abd'], { size: 260 });
  // Factors of 2.25 and 6 MiB: mapped one by one, in huge pages, they take 4 and 8.
  for (const [name, layers, width] of [
    ['small', 1, 48],
    ['large', 3, 768],
  ] as const) {
    const model = new Llama({ vocabulary: tokenizer.size, context: 64, layers, heads: 8, width, hidden: (8 * width) / 3 });
    // Of equal factors the engine keeps one.
    [...model.parameters().values()].forEach(({ shape }, k, all) => {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i + k) % 1009) / 20_000);
      (all[k] as Parameter).value = new HostArray(values, shape, 'float32');
    });
    weights = 4 * model.parameterCount;
    await saveModel(join(folder, name), model);
    await saveTokenizer(join(folder, name), tokenizer);
  }
  await halveFolder(join(folder, 'large'), join(folder, 'large-F16'), 'F16');
  await convertToGguf(join(folder, 'large'), join(folder, 'large-Q8_0.gguf'), { type: 'Q8_0' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The most memory that generating held, of the command as a program that is started, so that its first line holds. */
function peak(checkpoint: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const args = ['generate', checkpoint, '--prompt', 'abc', '--max-new-tokens', '4', '--temperature', '0', '--threads', '2'];
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    let most = 0;
    const watch = setInterval(() => {
      const path = `/proc/${child.pid}/status`;
      if (existsSync(path)) most = Math.max(most, 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(path, 'utf8'))?.[1] ?? 0));
    }, 4);
    child.once('exit', (code) => {
      clearInterval(watch);
      if (code === 0) resolve(most);
      else reject(new Error(`${args[0]} ended with ${code}`));
    });
  });
}

describe.skipIf(process.platform !== 'linux')('the memory that decoding holds', () => {
  // Where V8 put its code right behind the heap, which is chance, it was a third more.
  test('is the weights once, and the process, whatever the addresses', async () => {
    const bare = await peak(join(folder, 'small'));
    for (let run = 0; run < 3; run++) {
      const held = await peak(join(folder, 'large'));
      expect((held - bare) / weights, `run ${run}`).toBeLessThan(1.2);
    }
    // In memory, widened there and laid out anew by the engine, they are held nearly three times. (GGUF's queries and keys
    // are read whole, a matrix at a time, to be put in order: here that is up to a quarter.)
    for (const form of ['large-F16', 'large-Q8_0.gguf']) {
      expect(((await peak(join(folder, form))) - bare) / weights, form).toBeLessThan(1.6);
    }
  });
});
