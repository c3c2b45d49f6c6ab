import { cpSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Studio } from '#dist/server/index.node.js';
import { clientOf, startOn } from './client.js';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'headlight-studio-'));
const notices: string[] = [];
let studio: Studio;
let ask: ReturnType<typeof clientOf>;
const prompt = { kind: 'ids', ids: [3, 1, 4, 1, 5] } as const;

beforeAll(async () => {
  for (const name of ['gpt2-tiny', 'llama-tiny']) cpSync(join(fixtures, name), join(root, name), { recursive: true });
  for (const name of ['cut', 'no-json', 'of-another-kind']) cpSync(join(fixtures, 'gpt2-tiny'), join(root, name), { recursive: true });
  truncateSync(join(root, 'cut/model.safetensors'), 1000);
  writeFileSync(join(root, 'no-json/config.json'), '{"model_type": ');
  writeFileSync(join(root, 'of-another-kind/config.json'), '{"model_type": "alien"}');
  studio = await startOn(root, notices);
  ask = clientOf(studio);
});

afterAll(async () => {
  await studio.close();
  rmSync(root, { recursive: true });
});

test('two models and two tabs at once: each has its own numbers', async () => {
  const tabs = [clientOf(studio), clientOf(studio)];
  const both = ['gpt2-tiny', 'llama-tiny'].flatMap((model) =>
    tabs.map(async (tab) => {
      const { run } = await tab('read.run', { model, prompt });
      const { values } = await tab('read.tile', { run, layer: 1, head: 0, value: 'pattern', rows: [0, 5], columns: [0, 5] });
      return Array.from(values.data);
    }),
  );
  const [a, b, c, d] = await Promise.all(both);
  expect(a).toEqual(b);
  expect(c).toEqual(d);
  expect(a).not.toEqual(c);
  expect(new Set(studio.host.processes().values()).size).toBe(2);
});

test('a process that crashes says so, and the next request starts it anew', async () => {
  const { run } = await ask('read.run', { model: 'gpt2-tiny', prompt });
  const pid = studio.host.processes().get('gpt2-tiny') as number;
  const waiting = ask('read.generate', { model: 'gpt2-tiny', prompt, maxNewTokens: 1024 });
  const caught = waiting.then(
    () => undefined,
    (error: { code: string }) => error.code,
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.kill(pid, 'SIGKILL');
  expect(await caught).toBe('crashed');
  expect(notices.join()).toMatch(/gpt2-tiny: The process of this model ended \(SIGKILL\)/);
  // What was held is gone, and asked for again it is there.
  await expect(ask('read.line', { run, layer: 0, head: 0, value: 'pattern', token: 1, along: 'row' })).rejects.toMatchObject({
    code: 'gone',
  });
  const again = await ask('read.run', { model: 'gpt2-tiny', prompt });
  expect(again.run).toBe(run);
  expect(studio.host.processes().get('gpt2-tiny')).not.toBe(pid);
});

test.each([
  ['cut', /cut/],
  ['no-json', /a file of JSON/],
  ['of-another-kind', /"model_type"/],
])('a bad checkpoint gives a message, and the others still answer: %s', async (model, message) => {
  await expect(ask('open', { model })).rejects.toThrow(message);
  expect((await ask('open', { model: 'gpt2-tiny' })).attention.length).toBeGreaterThan(0);
});

test('what nobody waits for any more is given up', async () => {
  const stop = new AbortController();
  let seen = 0;
  const long = ask('read.generate', { model: 'llama-tiny', prompt, maxNewTokens: 1024 }, () => {
    seen++;
    if (seen === 3) stop.abort();
  }, stop.signal); // biome-ignore format: one call
  await expect(long).rejects.toThrow();
  // The process is free again at once.
  const begun = performance.now();
  await ask('read.run', { model: 'llama-tiny', prompt });
  expect(performance.now() - begun).toBeLessThan(2000);
});

test('a model that is closed opens again', async () => {
  await ask('open', { model: 'llama-tiny' });
  await ask('close', { model: 'llama-tiny' });
  expect(studio.host.processes().has('llama-tiny')).toBe(false);
  expect((await ask('open', { model: 'llama-tiny' })).type).toBe('llama');
});
