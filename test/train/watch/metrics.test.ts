import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { isEvaluation, isEvent, isStep, type MetricsLine, MetricsLog, readMetrics, scalarsOf } from '#dist/train/watch/index.js';

const here = mkdtempSync(join(tmpdir(), 'headlight-metrics-'));
afterAll(() => rmSync(here, { recursive: true, force: true }));
let logs = 0;
const newPath = (): string => join(here, `${logs++}.jsonl`);

const step = (n: number): MetricsLine => ({ step: n, loss: 4 / n, lr: 1e-3, gradientNorm: 0.7, updateRatio: 1e-3, tokensPerSecond: 9000 });
const evaluation: MetricsLine = { step: 2, trainLoss: 3, valLoss: 3.5, exactMatch: 0.25, 'attention_entropy/blocks.0.head.1': 1.5 };
const rollback: MetricsLine = { step: 2, event: 'rollback', from: 9, reason: 'a spike' };

describe('MetricsLog', () => {
  test('lines come back as they were, and in the file each is one line of JSON', async () => {
    const path = newPath();
    const log = new MetricsLog(path);
    const lines = [step(1), step(2), evaluation, rollback, { step: 2, event: 'sample', text: 'two\nlines' } as const];
    for (const line of lines) log.append(line);
    expect(await log.read()).toEqual(lines);
    expect(
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text)),
    ).toEqual(lines);
  });

  test('a log that is opened again is added to', async () => {
    const path = newPath();
    for (const n of [1, 2]) {
      const log = new MetricsLog(path);
      log.append(step(n));
      await log.flush();
    }
    expect((await readMetrics(path)).map((line) => line.step)).toEqual([1, 2]);
  });

  test('truncateAfter keeps the letters of the lines up to the step, wherever a kill cut the last line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 14 }), fc.nat(), async (count, last, cut) => {
        const path = newPath();
        const log = new MetricsLog(path);
        for (let n = 1; n <= count; n++) log.append(step(n));
        await log.flush();
        const whole = readFileSync(path, 'utf8');
        const torn = JSON.stringify(step(count + 1));
        appendFileSync(path, torn.slice(0, cut % torn.length));
        const kept = await log.truncateAfter(last);
        expect(kept.map((line) => line.step)).toEqual(Array.from({ length: Math.min(count, last) }, (_, i) => i + 1));
        const left = readFileSync(path, 'utf8');
        expect(whole.startsWith(left)).toBe(true);
        log.append(step(99));
        expect((await log.read()).map((line) => line.step)).toEqual([...kept.map((line) => line.step), 99]);
      }),
      { numRuns: 30 },
    );
    expect(readdirSync(here).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('truncateAfter forgets lines that wait to be written, too', async () => {
    const log = new MetricsLog(newPath());
    for (const n of [1, 2, 3]) log.append(step(n));
    expect(await log.truncateAfter(2)).toEqual([step(1), step(2)]);
    expect(await log.read()).toEqual([step(1), step(2)]);
  });

  test('a run that has none yet has none', async () => {
    const path = newPath();
    expect(await new MetricsLog(path).truncateAfter(3)).toEqual([]);
    expect(await readMetrics(path)).toEqual([]);
    expect(existsSync(path)).toBe(false);
  });

  test('what is not a line of metrics is left out', async () => {
    const path = newPath();
    writeFileSync(path, `null\n[]\n{"step":"1"}\n{"a":1}\n\n${JSON.stringify(step(4))}\n{"step":5,"lo`);
    expect(await readMetrics(path)).toEqual([step(4)]);
  });

  test('many lines are written in few writes, and all of them in order', async () => {
    const log = new MetricsLog(newPath());
    for (let n = 1; n <= 3000; n++) log.append(step(n));
    expect((await log.read()).map((line) => line.step)).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1));
  });

  test('a file that cannot be written to shows at the next flush, and at each after it', async () => {
    const log = new MetricsLog(join(here, 'missing', 'metrics.jsonl'));
    log.append(step(1));
    await expect(log.flush()).rejects.toThrow('metrics.jsonl');
    await expect(log.flush()).rejects.toThrow('metrics.jsonl');
  });

  test('numbers that are not finite become null', async () => {
    const log = new MetricsLog(newPath());
    log.append({ step: 0, trainLoss: Number.NaN, valLoss: 2 });
    expect(await log.read()).toEqual([{ step: 0, trainLoss: null, valLoss: 2 }]);
  });
});

test('lines are told apart', () => {
  const spike: MetricsLine = { step: 3, event: 'spike', loss: 9, mean: 2, deviation: 0.1 };
  const kinds = [step(1), evaluation, rollback, spike].map((line) => [isStep(line), isEvaluation(line), isEvent(line)]);
  expect(kinds).toEqual([
    [true, false, false],
    [false, true, false],
    [false, false, true],
    [false, false, true],
  ]);
});

test('numbers go to TensorBoard under their tags, all of them', () => {
  const tags = [step(1), evaluation].flatMap((line) => (isEvent(line) ? [] : [scalarsOf(line)]));
  expect(tags).toEqual([
    {
      'train/loss': 4,
      'train/learning_rate': 1e-3,
      'train/gradient_norm': 0.7,
      'train/update_ratio': 1e-3,
      'train/tokens_per_second': 9000,
    },
    {
      'evaluation/train_loss': 3,
      'evaluation/validation_loss': 3.5,
      'evaluation/exact_match': 0.25,
      'attention_entropy/blocks.0.head.1': 1.5,
    },
  ]);
});
