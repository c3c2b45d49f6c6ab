import { expect, test } from 'vitest';
import { StudioHost } from '#dist/server/host/host.node.js';
import { FrameReader } from '#dist/server/protocol/index.js';

test('whoever waits counts, whoever asks no longer does not, though the answer is never let go', async () => {
  const stuck = { handle: () => new Promise<never>(() => {}), stop: async () => {} };
  const folder = { named: undefined, name: 'f', models: async () => [], modelPath: async () => '' };
  const host = new StudioHost({
    folder: folder as never,
    version: '0',
    modelProcess: new URL('file:///none'),
    training: stuck as never,
    notice: () => {},
  });
  const ask = async (name: string, signal: AbortSignal): Promise<unknown> => {
    for await (const bytes of host.frames(name, {}, signal)) for (const message of new FrameReader().push(bytes)) return message;
    return undefined;
  };
  const stop = new AbortController();
  for (let i = 0; i < 64; i++) void ask('train.runs', stop.signal);
  await expect(ask('hello', new AbortController().signal)).rejects.toThrow(/Too many requests at once/);
  stop.abort();
  expect(await ask('hello', new AbortController().signal)).toHaveProperty('result.version', '0');
});
