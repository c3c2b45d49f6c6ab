import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { crc32c } from '#dist/train/watch/tensorboard/crc32c.js';
import { asPlainText, eventWriter } from '#dist/train/watch/tensorboard/event-writer.js';
import { tfRecord } from '#dist/train/watch/tensorboard/record.js';
import { type DecodedEvent, decodeEvents } from './decode-events.js';

const here = mkdtempSync(join(tmpdir(), 'headlight-events-'));
afterAll(() => rmSync(here, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => join(here, String(folders++));
const eventsOf = (path: string): DecodedEvent[] => decodeEvents(readFileSync(path));

describe('CRC-32C', () => {
  test.each([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['31 down to 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ['the customary check', new TextEncoder().encode('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('RFC 3720, B.4: %s', (_, bytes, sum) => {
    expect(crc32c(bytes)).toBe(sum);
  });

  test('is linear, as a remainder of polynomials is: crc(a⊕b⊕c) = crc(a)⊕crc(b)⊕crc(c)', () => {
    const bytes = fc.uint8Array({ minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(bytes, bytes, bytes, (a, b, c) => {
        const all = a.map((x, i) => x ^ (b[i] as number) ^ (c[i] as number));
        return crc32c(all) === (crc32c(a) ^ crc32c(b) ^ crc32c(c)) >>> 0;
      }),
    );
  });
});

test('a record is framed as TensorFlow frames it', () => {
  // What the event files of TensorFlow's own writer begin with: their first record has 24 bytes.
  const record = tfRecord(new Uint8Array(24));
  expect([...record.subarray(0, 12)]).toEqual([0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22]);
  expect(record).toHaveLength(24 + 16);
});

describe('event files', () => {
  test('begin with their version; numbers and texts come back with step and time', async () => {
    const writer = await eventWriter(newFolder(), { now: () => 1_700_000_000_250 });
    writer.scalars(1, { 'train/loss': 4.25, 'train/learning_rate': 1e-3 });
    writer.scalars(2 ** 40, { 'train/loss': Number.POSITIVE_INFINITY });
    writer.text(3, 'sample', 'Zwölf Boxkämpfer 🥊');
    await writer.flush();
    expect(writer.path).toMatch(/\/events\.out\.tfevents\.1700000000\.headlight$/);
    const wallTime = 1_700_000_000.25;
    expect(eventsOf(writer.path)).toEqual([
      { wallTime, step: 0, fileVersion: 'brain.Event:2' },
      { wallTime, step: 1, scalars: { 'train/loss': 4.25, 'train/learning_rate': Math.fround(1e-3) } },
      { wallTime, step: 2 ** 40, scalars: { 'train/loss': Number.POSITIVE_INFINITY } },
      { wallTime, step: 3, texts: { sample: 'Zwölf Boxkämpfer 🥊' } },
    ]);
  });

  test('of a resumed run make what came after its step void, and sort after those of the run before', async () => {
    const folder = newFolder();
    const first = await eventWriter(folder, { now: () => 5000 });
    const second = await eventWriter(folder, { now: () => 5000, resumedFrom: 10 });
    const third = await eventWriter(folder, { now: () => 0, resumedFrom: 20 });
    second.restart(7);
    await second.flush();
    expect([first.path, second.path, third.path]).toEqual([third.path, first.path, second.path].sort());
    expect(eventsOf(second.path).map(({ step, sessionStart }) => ({ step, sessionStart }))).toEqual([
      { step: 0, sessionStart: undefined },
      { step: 11, sessionStart: true },
      { step: 8, sessionStart: true },
    ]);
  });

  test('any numbers and texts come back', async () => {
    const names = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((name) => name !== '__proto__');
    const entries = fc.dictionary(names, fc.float(), { maxKeys: 5, noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), entries, fc.string({ unit: 'grapheme', maxLength: 700 })), { maxLength: 4 }),
        async (rows) => {
          const writer = await eventWriter(newFolder());
          for (const [step, scalars, text] of rows) {
            writer.scalars(step, scalars);
            writer.text(step, 'text', text);
          }
          await writer.flush();
          const events = eventsOf(writer.path).slice(1);
          expect(events.filter((_, i) => i % 2 === 0).map((e) => [e.step, e.scalars ?? {}])).toEqual(rows.map(([step, s]) => [step, s]));
          expect(events.filter((_, i) => i % 2 === 1).map((e) => e.texts?.text)).toEqual(rows.map(([, , text]) => text));
        },
      ),
      { numRuns: 20 },
    );
  });

  test('a folder that cannot be written to shows at once', async () => {
    const folder = newFolder();
    writeFileSync(folder, '');
    await expect(eventWriter(folder)).rejects.toThrow(folder);
  });

  test('plain text stays plain in Markdown', () => {
    expect(asPlainText('# a\n\n```\n* b')).toBe('    # a\n    \n    ```\n    * b');
  });
});
