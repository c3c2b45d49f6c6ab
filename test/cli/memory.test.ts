import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saveModel } from '#dist/checkpoints/index.js';
import { Llama } from '#dist/models/index.js';
import { saveTokenizer, trainCharacterTokenizer } from '#dist/tokenizers/index.js';

const command = fileURLToPath(new URL('../../dist/cli/main.node.js', import.meta.url));
let folder: string;
let weights: number;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-memory-'));
  const tokenizer = trainCharacterTokenizer('abcdefgh \n');
  // Many factors of 1 and 4 MiB: sizes that huge pages round up by half and by all of them.
  const model = new Llama({ vocabulary: tokenizer.size, context: 64, layers: 8, heads: 8, width: 512, hidden: 2040 });
  for (const p of model.parameters().values()) p.value.data.fill(0.01 as never);
  weights = 4 * model.parameterCount;
  await saveModel(folder, model);
  await saveTokenizer(folder, tokenizer);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The most memory that the command held, as a program that is started, its first line read. */
function peak(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    let most = 0;
    const watch = setInterval(() => {
      const path = `/proc/${child.pid}/status`;
      if (existsSync(path)) most = Math.max(most, 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(path, 'utf8'))?.[1] ?? 0));
    }, 2);
    child.once('exit', (code) => {
      clearInterval(watch);
      if (code === 0) resolve(most);
      else reject(new Error(`${args[0]} ended with ${code}`));
    });
  });
}

describe.skipIf(process.platform !== 'linux')('the memory that decoding holds', () => {
  // Where V8 put its code right behind the heap, which is chance, it was half as much again.
  test('is the weights once, and the process, whatever the addresses', async () => {
    const bare = await peak(['--help']);
    for (let run = 0; run < 4; run++) {
      const held = await peak(['generate', folder, '--prompt', 'abc', '--max-new-tokens', '8', '--temperature', '0', '--threads', '2']);
      expect((held - bare) / weights, `run ${run}`).toBeLessThan(1.45);
    }
  });
});
