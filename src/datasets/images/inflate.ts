import { fail } from '../../core/index.js';

/**
 * A compressed stream's contents, whose length is known. Memory follows what comes, not what is promised, and ends a little
 * beyond it: a few bytes may stand for gigabytes.
 * @param parts the stream, in pieces @param what is compressed, for errors
 * @throws file: a damaged stream, or one of another length
 */
export async function inflateExactly(
  parts: readonly Uint8Array[],
  format: CompressionFormat,
  { length, where, what }: { length: number; where: string; what: string },
): Promise<Uint8Array> {
  const refuse = (got: string, cause?: unknown): Error =>
    fail('file', { where, rule: `${length} bytes of ${what}`, got, fix: 'Get the file anew', ...(cause !== undefined && { cause }) });
  const blocks: Uint8Array[] = [];
  let done = 0;
  try {
    for await (const block of inflate(parts, format)) {
      blocks.push(block);
      done += block.length;
      if (done > length) break;
    }
  } catch (cause) {
    throw refuse('a stream that is damaged or cut off', cause);
  }
  if (done !== length) throw refuse(done > length ? 'more' : `${done}`);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const block of blocks) {
    whole.set(block, at);
    at += block.length;
  }
  return whole;
}

/** The contents of a compressed stream, in blocks as they come. Who stops early stops the work. @throws Error: a damaged stream */
export async function* inflate(parts: readonly Uint8Array[], format: CompressionFormat): AsyncGenerator<Uint8Array> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
  const reader = stream.pipeThrough(new DecompressionStream(format) as ReadableWritablePair<Uint8Array, Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
