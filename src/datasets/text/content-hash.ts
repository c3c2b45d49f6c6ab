/** Bytes that are hashed at a time; a part of what the hash is. */
export const hashBlockBytes = 2 ** 22;

/**
 * A hash of content of any length, made as it streams past: the Web's SHA-256 takes only what is in memory as a whole.
 * It is SHA-256 of the SHA-256 of each block of 4 MiB, one after the other.
 */
export class ContentHash {
  readonly #digests: Promise<Uint8Array>[] = [];

  /** The next block: 4 MiB, or fewer at the end. Resolves once the block before it is hashed, so that few are held. */
  async add(block: Uint8Array): Promise<void> {
    const before = this.#digests.at(-1);
    this.#digests.push(sha256(block));
    await before;
  }

  /** 64 hexadecimal digits. */
  async digest(): Promise<string> {
    return hex(await sha256(concatenated(await Promise.all(this.#digests))));
  }
}

/** SHA-256 of a text's UTF-8, as 64 hexadecimal digits. */
export async function hashText(text: string): Promise<string> {
  return hex(await sha256(new TextEncoder().encode(text)));
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
