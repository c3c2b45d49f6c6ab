import { describe, expect, test } from 'vitest';
import { fail, HeadlightError } from '#dist/core/index.js';
import type { StepOwner } from '#dist/train/worker/protocol.js';
import { type CallMessage, inOrder, type ReplyMessage, remoteOwner, serve } from '#dist/train/worker/rpc.js';

const later = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));
type Methods = Partial<Record<keyof StepOwner, (argument: never) => Promise<unknown>>>;
const ownerOf = (methods: Methods): StepOwner => ({ dispose: async () => {}, ...methods }) as unknown as StepOwner;

/** Both sides in one thread: messages are cloned, and arrays transferred, as between two. */
function connected(methods: Methods) {
  let reply: (message: ReplyMessage) => void = () => {};
  let die: (cause: unknown) => void = () => {};
  let ended = 0;
  const posted: string[] = [];
  const answer = serve(ownerOf(methods), (message, transfer) => {
    const copy = structuredClone(message, { transfer });
    setTimeout(() => reply(copy));
  });
  const owner = remoteOwner({
    post(message: CallMessage, transfer) {
      const copy = structuredClone(message, { transfer: [...transfer] });
      posted.push(message.method);
      setTimeout(() => void answer(copy));
    },
    onReply: (listener) => {
      reply = listener;
    },
    onDeath: (listener) => {
      die = listener;
    },
    terminate: async () => void ended++,
  });
  return { owner, posted, die: (cause: unknown) => die(cause), ended: () => ended };
}

const gradients = () => ({ step: 0, factor: 1, gradients: { w: Float32Array.of(1, 2, 3) } });

describe('an owner in another thread', () => {
  test('answers each call with its own result; arrays are handed over, not copied', async () => {
    const { owner } = connected({
      update: async ({ gradients: g }: ReturnType<typeof gradients>) => ({
        gradientNorm: g.w.length,
        milliseconds: 0,
      }),
      parameters: async ({ current }: { current: boolean }) => ({ w: Float32Array.of(current ? 1 : 2) }),
    } as Methods);
    const request = gradients();
    const [update, now, judged] = await Promise.all([
      owner.update(request),
      owner.parameters({ current: true }),
      owner.parameters({ current: false }),
    ]);
    expect(update.gradientNorm).toBe(3);
    expect([now, judged]).toEqual([{ w: Float32Array.of(1) }, { w: Float32Array.of(2) }]);
    expect(request.gradients.w.byteLength).toBe(0);
  });

  test('takes an array that stands in a message twice, and refuses one that was handed over before', async () => {
    const { owner, posted } = connected({ update: async (request) => ({ ...(request as object), milliseconds: 0 }) });
    const shared = Float32Array.of(1, 2);
    const twice = { step: 0, factor: 1, gradients: { a: shared, b: shared.subarray(1) } };
    expect(await owner.update(twice)).toMatchObject({ gradients: { a: Float32Array.of(1, 2), b: Float32Array.of(2) } });
    const again = owner.update(twice);
    await expect(again).rejects.toThrow(/^training worker: arrays that can be handed over, each once; got .+\. Copy them first\.$/);
    await expect(again).rejects.toBeInstanceOf(HeadlightError);
    expect(posted).toEqual(['update']);
  });

  test('hands on errors with message, code and place', async () => {
    const { owner } = connected({
      step: async () => {
        throw fail('numeric', { where: 'training step 3', rule: 'a finite loss', got: 'NaN' });
      },
      state: async () => {
        throw new RangeError('no room');
      },
    });
    const error = await owner.step({ step: 3, draw: 3, factor: 1, batches: [] }).catch((e: unknown) => e as HeadlightError);
    expect(error).toBeInstanceOf(HeadlightError);
    expect(error).toMatchObject({ code: 'numeric', message: 'training step 3: a finite loss; got NaN.' });
    const other = await owner.state().catch((e: unknown) => e as Error);
    expect(other).not.toBeInstanceOf(HeadlightError);
    expect((other as Error).message).toBe('no room');
    expect((other as Error).stack).toContain('rpc.test');
  });

  test('that dies fails every call under way and every later one, and can still be disposed', async () => {
    const { owner, die, ended } = connected({ step: () => new Promise(() => {}) });
    const waiting = owner.step({ step: 0, draw: 0, factor: 1, batches: [] });
    await later(5);
    die(new Error('out of memory'));
    await expect(waiting).rejects.toThrow(/^training worker: a thread that lives; got Error: out of memory\.$/);
    await expect(owner.state()).rejects.toThrow('out of memory');
    await owner.dispose();
    expect(ended()).toBe(1);
  });

  test('is gone after it is disposed', async () => {
    const { owner, posted, ended } = connected({});
    await owner.dispose();
    expect([posted, ended()]).toEqual([['dispose'], 1]);
    await expect(owner.state()).rejects.toMatchObject({ code: 'disposed' });
  });
});

test('calls are answered one after the other, also behind one that failed', async () => {
  const log: string[] = [];
  let busy = 0;
  const owner = inOrder(
    ownerOf({
      step: async ({ step }: { step: number }) => {
        expect(busy++).toBe(0);
        await later(6 - step);
        busy--;
        log.push(`step ${step}`);
        if (step === 1) throw new Error('bad step');
      },
      state: async () => void log.push('state'),
    } as Methods),
  );
  const step = (n: number) => owner.step({ step: n, draw: n, factor: 1, batches: [] });
  const all = await Promise.allSettled([step(0), step(1), owner.state(), step(2)]);
  expect(log).toEqual(['step 0', 'step 1', 'state', 'step 2']);
  expect(all.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
});
