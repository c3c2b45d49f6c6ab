import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { convertToGguf, loadModel, saveModel } from '#dist/checkpoints/index.js';
import type { HostArray } from '#dist/core/index.js';
import { decoderProgram } from '#dist/generate/decoder.js';
import { type CachedModel, generateAll } from '#dist/generate/index.js';
import { type LanguageModel, Llama } from '#dist/models/index.js';
import { wanderingModel } from '../generate/models.js';
import { halveFolder } from './halves.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
let cache: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-widened-'));
  cache = join(folder, 'cache');
  vi.stubEnv('HEADLIGHT_CACHE', cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const models: Readonly<Record<string, () => LanguageModel>> = {
  'GPT-2, tied': () => wanderingModel({ tied: true }),
  Llama: () => new Llama({ vocabulary: 61, context: 64, layers: 2, heads: 4, kvHeads: 2, width: 32, hidden: 64, seed: 4 }),
};

const forms: Readonly<Record<string, (from: string, to: string) => Promise<string>>> = {
  F16: async (from, to) => {
    await halveFolder(from, to, 'F16');
    return to;
  },
  BF16: async (from, to) => {
    await halveFolder(from, to, 'BF16');
    return to;
  },
  'BF16 and F32': async (from, to) => {
    await halveFolder(from, to, 'BF16', (name) => !/norm|ln_/.test(name));
    return to;
  },
  ...Object.fromEntries(
    (['F16', 'Q8_0', 'Q4_0'] as const).map((type) => [
      `GGUF ${type}`,
      async (from: string, to: string) => {
        await convertToGguf(from, `${to}.gguf`, { type });
        return `${to}.gguf`;
      },
    ]),
  ),
};

const storedNames = (model: LanguageModel): string[] =>
  [...model.parameters()].filter(([, p]) => p.stored !== undefined).map(([name]) => name);

/** The bytes of initializers that a program of the model holds. */
function heldBytes(model: LanguageModel): number {
  const { initializers } = decoderProgram(model as CachedModel, { embedParameters: true }).model.graph;
  return initializers.reduce((sum, { data }) => sum + (data instanceof Uint8Array ? data.length : 0), 0);
}

const bytesOf = (array: HostArray | undefined): Uint8Array =>
  new Uint8Array(array?.data.buffer ?? new ArrayBuffer(0), array?.data.byteOffset, array?.data.byteLength);

const greedy = { temperature: 0, maxNewTokens: 20 } as const;

/** Both give the same text, and every logarithm of a probability to the bit. */
async function expectSameText(a: LanguageModel, b: LanguageModel): Promise<void> {
  const [one, other] = [await generateAll(a, [3, 1, 4], greedy), await generateAll(b, [3, 1, 4], greedy)];
  expect(other.newIds).toEqual(one.newIds);
  expect(other.logprobs).toEqual(one.logprobs);
}

describe.each(Object.entries(models))('weights of %s that are not float32', (_, make) => {
  test.each(Object.entries(forms))('in %s are read in place of a file of the process: the same bits, none held', async (__, write) => {
    await saveModel(join(folder, 'whole'), make());
    const path = await write(join(folder, 'whole'), join(folder, 'narrow'));
    const [read, placed] = [await loadModel(path), await loadModel(path, { inPlace: true })];
    expect(storedNames(placed)).toEqual([...placed.parameters().keys()]);
    expect(await readdir(cache)).toHaveLength(1);
    expect(heldBytes(placed)).toBeLessThan(4096);
    await expectSameText(read, placed);
    // The checkpoint may go: nothing is read of it any more.
    await rm(path, { recursive: true });
    const expected = read.parameters();
    for (const [name, parameter] of placed.parameters()) expect(parameter.value, name).toEqual(expected.get(name)?.value);
  });
});

test.each(['F16', 'GGUF Q8_0'])('a tensor of several blocks, in %s, is whole: one is read while another is written', async (form) => {
  await saveModel(join(folder, 'whole'), wanderingModel({ vocabulary: 20_003, width: 64, layers: 1 }));
  const path = await (forms[form] as (from: string, to: string) => Promise<string>)(join(folder, 'whole'), join(folder, 'narrow'));
  const [read, placed] = [await loadModel(path), await loadModel(path, { inPlace: true })];
  for (const [name, { value }] of placed.parameters()) {
    expect(Buffer.compare(bytesOf(value), bytesOf(read.parameters().get(name)?.value)), name).toBe(0);
  }
});

describe('float32 weights of a GGUF file', () => {
  test("are read in place, GPT-2's all of them, though they lie as the folder's transposes", async () => {
    await saveModel(join(folder, 'whole'), wanderingModel());
    await convertToGguf(join(folder, 'whole'), join(folder, 'm.gguf'), { type: 'F32' });
    const [read, placed] = [await loadModel(join(folder, 'whole')), await loadModel(join(folder, 'm.gguf'), { inPlace: true })];
    expect(storedNames(placed)).toEqual([...placed.parameters().keys()]);
    expect(new Set([...placed.parameters().values()].map((p) => p.stored?.file.name))).toEqual(new Set(['m.gguf']));
    expect(heldBytes(placed)).toBeLessThan(4096);
    await expectSameText(read, placed);
    for (const [name, parameter] of placed.parameters()) expect(parameter.value).toEqual(read.parameters().get(name)?.value);
  });

  test("are read from a file of the process where Llama's queries and keys have their rows in another order", async () => {
    const model = new Llama({ vocabulary: 61, context: 64, layers: 1, heads: 4, width: 160, hidden: 64, seed: 4 });
    await saveModel(join(folder, 'whole'), model);
    await convertToGguf(join(folder, 'whole'), join(folder, 'm.gguf'), { type: 'F32' });
    const [read, placed] = [await loadModel(join(folder, 'whole')), await loadModel(join(folder, 'm.gguf'), { inPlace: true })];
    expect(new Set([...placed.parameters().values()].map((p) => p.stored?.file.folder))).toEqual(new Set([cache]));
    await expectSameText(read, placed);
  });
});

describe('where no file can be written', () => {
  async function expectInMemory(): Promise<void> {
    await saveModel(join(folder, 'whole'), wanderingModel());
    await halveFolder(join(folder, 'whole'), join(folder, 'half'), 'F16');
    const [read, placed] = [await loadModel(join(folder, 'half')), await loadModel(join(folder, 'half'), { inPlace: true })];
    expect(storedNames(placed)).toEqual([]);
    await expectSameText(read, placed);
  }

  test('weights are in memory', async () => {
    await writeFile(cache, 'not a folder');
    await expectInMemory();
  });

  test.skipIf(process.platform === 'win32')('nor where it may not grow so far, and nothing of it stays', async () => {
    await saveModel(join(folder, 'whole'), wanderingModel());
    await halveFolder(join(folder, 'whole'), join(folder, 'half'), 'F16');
    const program = `
      import { loadModel } from 'headlightjs/checkpoints';
      import { readdirSync } from 'node:fs';
      const model = await loadModel(process.argv[1], { inPlace: true });
      const inMemory = [...model.parameters().values()].every((p) => p.stored === undefined);
      console.log(JSON.stringify({ inMemory, left: readdirSync(process.env.HEADLIGHT_CACHE) }));`;
    // Blocks of 512 bytes, or of 1024 in some shells: some of the weights, and not all.
    const command = [
      '-c',
      'ulimit -f 64; exec "$@"',
      'sh',
      process.execPath,
      '--input-type=module',
      '--eval',
      program,
      join(folder, 'half'),
    ];
    const { stdout, stderr } = spawnSync('sh', command, { cwd: root, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ inMemory: true, left: [] });
  });
});
