import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import { lens } from '#dist/lens/index.js';
import type { Studio } from '#dist/server/index.node.js';
import type { TrainEvent, TrainSpec } from '#dist/server/protocol/index.js';
import { loadTokenizer } from '#dist/tokenizers/index.js';
import { clientOf, startOn } from './client.js';

const root = mkdtempSync(join(tmpdir(), 'headlight-studio-'));
let studio: Studio;
let ask: ReturnType<typeof clientOf>;
const tiny = { layers: 2, heads: 2, width: 16, context: 16, batch: 4, steps: 60, sample: 8 };

beforeAll(async () => {
  writeFileSync(join(root, 'plays.txt'), 'To be, or not to be, that is the question. '.repeat(60));
  studio = await startOn(root);
  ask = clientOf(studio);
});

afterAll(async () => {
  await studio.close();
  rmSync(root, { recursive: true, force: true });
});

test('a run is planned, trained, followed live, and every moment of it can be opened', async () => {
  const form = await ask('train.form', {});
  expect(form.files.map(({ path }) => path)).toEqual(['plays.txt']);
  expect(form.tasks.map(({ name }) => name)).toContain('reverse');
  expect(form.fields.find(({ name }) => name === 'arch')?.choices).toContain('llama');
  const spec: TrainSpec = {
    source: { kind: 'file', path: 'plays.txt' },
    settings: { ...tiny, keepEvery: 20, saveEvery: 20, evalEvery: 20 },
    name: 'plays',
  };
  const plan = await ask('train.plan', spec);
  expect(existsSync(join(root, 'plays'))).toBe(false);
  const { model } = await ask('train.start', spec);
  const events: TrainEvent[] = [];
  const end = await ask('train.watch', { model }, (event) => events.push(event));
  expect(end).toMatchObject({ state: 'done', step: 60, steps: 60 });
  const losses = events.flatMap((event) => (event.kind === 'curves' ? Array.from(event.curves.steps.loss) : []));
  expect(losses.length).toBe(6);
  expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  const { curves, steps } = await ask('train.curves', { model });
  expect(steps).toEqual([20, 40, 60]);
  expect(Array.from(curves.steps.loss)).toEqual(losses);
  expect(Array.from(curves.evaluations.step)).toEqual([20, 40, 60]);
  expect(curves.samples.length).toBeGreaterThan(0);
  const info = await ask('open', { model });
  expect(info.examples.length).toBeGreaterThan(0);
  expect([info.parameters, info.steps, info.now]).toEqual([plan.parameters, steps, 60]);

  // The scrubber: the same text at every step, each as its own checkpoint computes it.
  const text = 'To be, or not';
  const tokenizer = await loadTokenizer(join(root, 'plays'));
  for (const step of [20, 60, 40]) {
    const { run } = await ask('read.run', { model, step, prompt: { kind: 'text', text } });
    const { values } = await ask('read.tile', { run, layer: 1, head: 1, value: 'pattern', rows: [0, 13], columns: [0, 13] });
    const view = lens(await loadModel(join(root, `plays/checkpoints/step-${step}`)), { tokenizer });
    const seen = (await view.capture(text, 'blocks.1.attention.pattern[:, 1]'))['blocks.1.attention.pattern[:, 1]'];
    expect(Array.from(values.data)).toEqual(Array.from(seen?.data as Float32Array));
    await view.dispose();
  }
  const scores: number[] = [];
  const time = await ask('heads.overTime', { model, columns: ['previousToken'] }, ({ step }) => scores.push(step));
  expect(scores).toEqual([20, 40, 60]);
  expect(time.heads).toHaveLength(4);
  await expect(ask('open', { model, step: 33 })).rejects.toThrow(/a step whose checkpoint is there: 20, 40, 60/);
});

test('a run pauses, goes on, and stops saved', async () => {
  const spec: TrainSpec = {
    source: { kind: 'task', task: 'reverse' },
    settings: { ...tiny, steps: 100_000, keepEvery: 0, evalEvery: 0, saveEvery: 0 },
  };
  const { model } = await ask('train.start', spec);
  const until = async (wanted: (step: number) => boolean): Promise<number> => {
    for (;;) {
      const { runs } = await ask('train.list', {});
      const { step } = runs.find((run) => run.model === model) as { step: number };
      if (wanted(step)) return step;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await until((step) => step > 20);
  expect((await ask('train.pause', { model })).state).toBe('paused');
  await new Promise((resolve) => setTimeout(resolve, 200)); // what is under way ends
  const paused = await until(() => true);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(await until(() => true)).toBe(paused);
  expect((await ask('train.resume', { model })).state).toBe('running');
  const later = await until((step) => step > paused + 20);
  const end = await ask('train.stop', { model });
  expect(end.state).toBe('stopped');
  expect(end.step).toBeGreaterThanOrEqual(later);
  expect((await ask('hello', {})).models.find((m) => m.model === model)?.isRun).toBe(true);
  // What it is shown first is a question of its task.
  const { examples } = await ask('open', { model });
  const { tokens } = await ask('tokenize', { model, text: examples[0] ?? '' });
  expect(tokens.length).toBeGreaterThan(0);
});

test('what cannot be trained is said, and nothing is left', async () => {
  const source = { kind: 'file', path: 'plays.txt' } as const;
  await expect(ask('train.start', { source, settings: { ...tiny, heads: 3 }, name: 'odd' })).rejects.toThrow(/heads/);
  await expect(ask('train.plan', { source, settings: { layrs: 3 } })).rejects.toThrow(/Nearest: layers/);
  await expect(ask('train.plan', { source, settings: { layers: 'many' } })).rejects.toThrow(/layers: .*whole number/);
  await expect(ask('train.plan', { source: { kind: 'upload', name: 'x', text: '' }, settings: tiny })).rejects.toThrow();
  await expect(ask('train.start', { source, settings: tiny, name: 'plays' })).rejects.toThrow(/a new name/);
  expect(existsSync(join(root, 'odd'))).toBe(false);
});

test('an uploaded text is learned from', async () => {
  const upload = { kind: 'upload', name: '../my text!.txt', text: 'abcabcabc '.repeat(200) } as const;
  const { model } = await ask('train.start', { source: upload, settings: { ...tiny, steps: 3 }, name: 'mine' });
  expect((await ask('train.watch', { model })).state).toBe('done');
  expect((await ask('train.form', {})).files.map(({ path }) => path)).toEqual(['plays.txt', 'texts/-my-text-.txt']);
});
