import { describe, expect, test } from 'vitest';
import type { TokenBatch } from '#dist/datasets/index.js';
import { constant, linear } from '#dist/train/index.js';
import { type FeedOptions, StepFeed } from '#dist/train/step-feed.js';
import type { StepOwner, StepReport, StepRequest } from '#dist/train/worker/protocol.js';

const later = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));
/** A batch that says its number. */
const batch = (index: number): TokenBatch => ({ inputs: Int32Array.of(index), targets: Int32Array.of(0) });
const report = (step: number): StepReport => ({ step, loss: step, gradientNorm: 1, milliseconds: 2, engineMilliseconds: 1 });

/** An owner that only writes down what it is asked, and takes its time. */
class Scribe {
  readonly requests: StepRequest[] = [];
  readonly calls: string[] = [];
  busy = 0;
  most = 0;

  constructor(private readonly failsAt = -1) {}

  step = async (request: StepRequest): Promise<StepReport> => {
    this.requests.push(request);
    this.busy++;
    this.most = Math.max(this.most, this.busy);
    await later(2);
    this.busy--;
    if (request.step === this.failsAt) throw new Error(`step ${request.step} failed`);
    return report(request.step);
  };

  gradients = async (request: StepRequest) => {
    this.calls.push(`gradients ${request.step}`);
    await later(1);
    return { report: report(request.step), gradients: { w: Float32Array.of(request.step) }, targets: 5 };
  };

  update = async ({ step, gradients, watch }: { step: number; gradients: Record<string, Float32Array>; watch?: boolean }) => {
    this.calls.push(`update ${step} by ${gradients.w?.[0]}`);
    return { gradientNorm: 3, milliseconds: 4, ...(watch && { updateRatio: 0.5 }) };
  };
}

function feedOf(scribe: Scribe, options: Partial<FeedOptions> = {}): StepFeed {
  const all = { draw: batch, accumulate: 1, schedule: constant(), watchEvery: 0, onGradients: undefined, ...options };
  return new StepFeed(scribe as unknown as StepOwner, all);
}

async function stepsOf(feed: StepFeed, from: number, until: number, stopping = (): boolean => false): Promise<number[]> {
  const seen: number[] = [];
  for await (const { step } of feed.run(from, until, stopping)) seen.push(step);
  return seen;
}

describe('the step feed', () => {
  test('runs steps in order where their batches come out of order, two ahead at most', async () => {
    const scribe = new Scribe();
    const feed = feedOf(scribe, {
      draw: async (i) => later(((i * 7) % 5) * 2).then(() => batch(i)),
      accumulate: 3,
      schedule: linear({ steps: 20 }),
      watchEvery: 4,
    });
    feed.skipped = 2;
    expect(await stepsOf(feed, 3, 13)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(scribe.most).toBeLessThanOrEqual(2);
    for (const [k, { step, draw, factor, batches, watch }] of scribe.requests.entries()) {
      expect([step, draw, factor, watch]).toEqual([k + 3, k + 5, 1 - (k + 3) / 20, (k + 3) % 4 === 0]);
      expect(batches.map((b) => b.inputs[0])).toEqual([0, 1, 2].map((part) => 3 * draw + part));
    }
  });

  test('begins no step once it is to stop, and ends those under way', async () => {
    const scribe = new Scribe();
    let stop = false;
    const seen: number[] = [];
    for await (const { step } of feedOf(scribe).run(0, 100, () => stop)) {
      seen.push(step);
      if (step === 3) stop = true;
    }
    expect(seen).toEqual(scribe.requests.map((r) => r.step));
    expect(seen.length).toBeLessThanOrEqual(3 + 1 + 2);
    expect(scribe.busy).toBe(0);
  });

  test.each([
    ['a step', new Scribe(4), batch, 'step 4 failed'],
    ['the draw of a batch', new Scribe(), (i: number) => (i === 4 ? Promise.reject(new Error('no batch')) : batch(i)), 'no batch'],
  ])('leaves nothing under way after %s fails, and gives the reports before it', async (_, scribe, draw, message) => {
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const { step } of feedOf(scribe, { draw }).run(0, 100, () => false)) seen.push(step);
    };
    await expect(run()).rejects.toThrow(message);
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(scribe.busy).toBe(0);
    const { length } = scribe.requests;
    expect(length).toBeLessThanOrEqual(4 + 2);
    await later(20);
    expect(scribe.requests).toHaveLength(length);
  });

  test('leaves nothing under way where who listens gives up', async () => {
    const scribe = new Scribe();
    for await (const { step } of feedOf(scribe).run(0, 100, () => false)) if (step === 5) break;
    expect(scribe.busy).toBe(0);
    expect(scribe.requests.length).toBeLessThanOrEqual(8);
  });

  test('with gradients exposed: each step is updated before the next computes, and its report is of both halves', async () => {
    const scribe = new Scribe();
    const heard: unknown[] = [];
    const feed = feedOf(scribe, {
      watchEvery: 2,
      onGradients: async (gradients, step, targets) => {
        heard.push([step, targets]);
        await later(3);
        return { w: (gradients.w as Float32Array).map((x) => 10 * x) };
      },
    });
    const reports: StepReport[] = [];
    for await (const r of feed.run(1, 4, () => false)) reports.push(r);
    expect(scribe.calls).toEqual(['gradients 1', 'update 1 by 10', 'gradients 2', 'update 2 by 20', 'gradients 3', 'update 3 by 30']);
    expect(heard).toEqual([1, 2, 3].map((step) => [step, 5]));
    const joined = { gradientNorm: 3, milliseconds: 6, engineMilliseconds: 1 };
    expect(reports).toEqual([
      { step: 1, loss: 1, ...joined },
      { step: 2, loss: 2, ...joined, updateRatio: 0.5 },
      { step: 3, loss: 3, ...joined },
    ]);
  });
});
