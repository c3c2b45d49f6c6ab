import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import { runCommand } from '#dist/cli/run.js';
import { generateStories } from '#dist/datasets/index.js';
import { beamSearch, generateAll } from '#dist/generate/index.js';
import type { LanguageModel } from '#dist/models/index.js';
import { loadTokenizer, type Tokenizer } from '#dist/tokenizers/index.js';
import { headlight, temporaryFolder, tiny, within, workIn } from './command.js';

const here = temporaryFolder();
workIn(here);
const prompt = 'Marlow';
let model: LanguageModel;
let tokenizer: Tokenizer;

beforeAll(async () => {
  writeFileSync(join(here, 'text.txt'), generateStories({ seed: 3, characters: 20_000 }));
  const { code, err } = await within('train', 'text.txt', ...tiny, '--steps', '60', '--out', 'run');
  expect(code, err).toBe(0);
  model = await loadModel(join(here, 'run'));
  tokenizer = (await loadTokenizer(join(here, 'run'))) as Tokenizer;
});

async function jsonOf(...args: string[]): Promise<Record<string, unknown>> {
  const finished = await within('generate', 'run', ...args, '--json');
  expect(finished.code, finished.err).toBe(0);
  return finished.json();
}

describe('what chooses', () => {
  test('every flag reaches the library', async () => {
    const flags = ['--min-p', '0.05', '--typical-p', '0.9', '--repetition-penalty', '1.3', '--no-repeat-ngram', '2', '--seed', '2'];
    const json = await jsonOf('--prompt', prompt, '--max-new-tokens', '40', '--temperature', '1.2', '--top-p', '0.95', ...flags);
    const options = { maxNewTokens: 40, temperature: 1.2, topP: 0.95, minP: 0.05, typicalP: 0.9, repetitionPenalty: 1.3 };
    const same = await generateAll(model, tokenizer.encode(prompt), { ...options, noRepeatNgram: 2, seed: 2 });
    expect(json).toMatchObject({ ids: same.ids, logprobs: same.logprobs, text: tokenizer.decode(same.ids), finish: 'length' });
  });

  test('the checkpoint’s generation_config.json, where no flag says otherwise', async () => {
    cpSync(join(here, 'run'), join(here, 'wishes'), { recursive: true });
    const wish = (values: object): void => writeFileSync(join(here, 'wishes/generation_config.json'), JSON.stringify(values));
    const newIds = async (...args: string[]): Promise<unknown> => {
      const finished = await within('generate', 'wishes', '--prompt', prompt, '--max-new-tokens', '20', ...args, '--json');
      expect(finished.code, finished.err).toBe(0);
      return finished.json().newIds;
    };
    const of = async (options: object): Promise<number[]> =>
      (await generateAll(model, tokenizer.encode(prompt), { maxNewTokens: 20, ...options })).newIds;
    wish({ temperature: 1.3, top_k: 7, repetition_penalty: 1.2 });
    expect(await newIds()).toEqual(await of({ temperature: 1.3, topK: 7, repetitionPenalty: 1.2 }));
    expect(await newIds('--top-k', '3', '--temperature', '0.9')).toEqual(await of({ temperature: 0.9, topK: 3, repetitionPenalty: 1.2 }));
    wish({ do_sample: false, top_k: 7 });
    expect(await newIds()).toEqual(await of({ temperature: 0 }));
    wish({ top_p: 7 });
    const refused = await headlight(here, 'generate', 'wishes', '--prompt', prompt);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/generation_config.json.*"top_p" is above 0 and at most 1; got 7/);
  });

  test('--stop ends before the text, wherever its tokens end; --alternatives names tokens', async () => {
    const args = ['--prompt', prompt, '--max-new-tokens', '30', '--temperature', '0'];
    const { text } = (await jsonOf(...args)) as { text: string };
    const stop = text.slice(prompt.length + 5, prompt.length + 8);
    const stopped = (await jsonOf(...args, '--stop', 'XYZ', '--stop', stop, '--alternatives', '3')) as {
      text: string;
      newIds: number[];
      logprobs: number[];
      alternatives: { id: number; token: string; logprob: number }[][];
    };
    expect(stopped).toMatchObject({ text: text.slice(0, text.indexOf(stop, prompt.length)), finish: 'stop' });
    expect(stopped.alternatives.map(([first]) => first?.id)).toEqual(stopped.newIds);
    expect(stopped.alternatives.map(([first]) => first?.logprob)).toEqual(stopped.logprobs);
    for (const list of stopped.alternatives) {
      expect(list.map(({ token }) => token)).toEqual(list.map(({ id }) => tokenizer.tokens([id])[0]));
      expect(list).toHaveLength(3);
    }
  });
});

describe('several prompts', () => {
  test('--prompt again and --prompts: each gives what it gives alone', async () => {
    writeFileSync(join(here, 'prompts.txt'), 'The mill\n\nA\n');
    const args = ['--max-new-tokens', '20', '--temperature', '0.7'];
    const several = ['--prompt', prompt, '--prompt', 'Petra', '--prompts', 'prompts.txt', ...args];
    const { results, tokensPerSecond } = (await jsonOf(...several)) as { results: { text: string }[]; tokensPerSecond: number };
    expect(results).toHaveLength(4);
    expect(tokensPerSecond).toBeGreaterThan(0);
    for (const [i, text] of [prompt, 'Petra', 'The mill', 'A'].entries()) {
      const { tokensPerSecond: _, ...alone } = await jsonOf('--prompt', text, ...args);
      expect(results[i]).toEqual(alone);
    }
    const { out } = await headlight(here, 'generate', 'run', ...several);
    expect(out).toBe(`${results.map(({ text }) => text).join('\n---\n')}\n`);
  });

  test('a file of prompts is not written over', async () => {
    writeFileSync(join(here, 'kept.txt'), 'A\n');
    const { code, err } = await within('generate', 'run', '--prompts', 'kept.txt', '--dump-onnx', 'kept.txt');
    expect([code, readFileSync(join(here, 'kept.txt'), 'utf8')]).toEqual([2, 'A\n']);
    expect(err).toContain('an output that is not what the command reads');
  });
});

describe("the checkpoint's end of text", () => {
  const drawn = ['--prompt', prompt, '--max-new-tokens', '30', '--temperature', '1.2'];
  const configs = { own: 'config.json', beside: 'generation_config.json' } as const;
  let free: { newIds: number[]; text: string };
  let end: number;

  /** A copy of the run whose file says which tokens end a text. */
  async function ended(file: string, eos: unknown, ...args: string[]) {
    cpSync(join(here, 'run'), join(here, 'ends'), { recursive: true });
    const beside = file === configs.own ? [configs.own] : [configs.own, configs.beside];
    for (const name of beside) {
      const path = join(here, 'ends', name);
      const values = { ...JSON.parse(readFileSync(path, 'utf8')), eos_token_id: name === file ? eos : free.newIds[0] };
      writeFileSync(path, JSON.stringify(values));
    }
    const finished = await within('generate', 'ends', ...drawn, '--json', ...args);
    rmSync(join(here, 'ends'), { recursive: true });
    return finished;
  }

  beforeAll(async () => {
    free = (await jsonOf(...drawn)) as typeof free;
    end = free.newIds.find((id, i) => i > 3 && free.newIds.indexOf(id) === i) as number;
  });

  test.each([
    ['config.json, a number', configs.own, () => end],
    ['generation_config.json, a number, before config.json', configs.beside, () => end],
    ['generation_config.json, a list', configs.beside, () => [0, end].filter((id) => !free.newIds.includes(id) || id === end)],
  ])('%s', async (_, file, eos) => {
    const newIds = free.newIds.slice(0, free.newIds.indexOf(end) + 1);
    const text = prompt + tokenizer.decode(newIds.slice(0, -1));
    expect((await ended(file, eos())).json()).toMatchObject({ newIds, text, finish: 'end' });
    const goesOn = (await ended(file, eos(), '--ignore-eos')).json();
    expect(goesOn).toMatchObject({ newIds: free.newIds, text: free.text, finish: 'length' });
  });

  test('of several prompts each ends by itself; of beams the text is without it', async () => {
    const { results } = (await ended(configs.own, end, '--prompt', prompt)).json() as { results: unknown[] };
    expect(results).toHaveLength(2);
    expect(results[1]).toMatchObject({ newIds: free.newIds.slice(0, free.newIds.indexOf(end) + 1), finish: 'end' });
    const beams = (await within('generate', 'run', '--prompt', prompt, '--max-new-tokens', '4', '--beams', '2', '--json')).json();
    const [first] = beams.newIds as number[];
    cpSync(join(here, 'run'), join(here, 'beams'), { recursive: true });
    writeFileSync(join(here, 'beams', 'generation_config.json'), JSON.stringify({ eos_token_id: first }));
    const found = await within('generate', 'beams', '--prompt', prompt, '--max-new-tokens', '4', '--beams', '2', '--json');
    const best = (found.json().beams as { finish: string; text: string; ids: number[] }[]).find(({ finish }) => finish === 'end');
    expect(best?.text).toBe(tokenizer.decode(best?.ids.slice(0, -1) ?? []));
    expect(best?.ids.at(-1)).toBe(first);
  });

  test('what is no id is refused in one line', async () => {
    const { code, out, err } = await ended(configs.beside, 'x');
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^headlight: .*"eos_token_id" is a token id or a list.*\n$/);
  });
});

test('--beams searches, and says every beam', async () => {
  const args = ['--prompt', prompt, '--max-new-tokens', '8', '--beams', '3', '--length-penalty', '0.5', '--no-repeat-ngram', '3'];
  const json = await jsonOf(...args);
  const options = { beams: 3, lengthPenalty: 0.5, maxNewTokens: 8, noRepeatNgram: 3 };
  const found = await beamSearch(model, tokenizer.encode(prompt), options);
  const beams = found.map((beam) => ({ text: tokenizer.decode(beam.ids), ...beam }));
  expect(json).toMatchObject({ ...beams[0], beams });
  const { out } = await within('generate', 'run', ...args);
  expect(out).toBe(`${beams[0]?.text}\n`);
});

test('on a terminal the text comes as it grows, and nothing of a stop string is shown', async () => {
  const pieces: string[] = [];
  const io = {
    out: (text: string) => pieces.push(text),
    note: () => {},
    outIsTerminal: true,
    columns: 80,
    unicode: true,
    progress: () => ({ update: () => {}, stop: () => {} }),
    interrupted: () => new AbortController().signal,
  };
  const args = ['--prompt', prompt, '--max-new-tokens', '30', '--temperature', '0'];
  const show = async (...more: string[]): Promise<string> => {
    pieces.length = 0;
    const argv = ['generate', join(here, 'run'), ...args, ...more];
    expect(await runCommand(argv, { io, version: '0', explain: false })).toBe(0);
    return pieces.join('');
  };
  const { text } = (await jsonOf(...args)) as { text: string };
  expect(await show()).toBe(`${text}\n`);
  expect(pieces.length).toBeGreaterThan(20);
  const stop = text.slice(prompt.length + 5, prompt.length + 8);
  expect(await show('--stop', stop)).toBe(`${text.slice(0, text.indexOf(stop, prompt.length))}\n`);
  expect(await show('--max-new-tokens', '0')).toBe(`${prompt}\n`);
});
