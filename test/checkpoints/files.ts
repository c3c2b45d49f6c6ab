/** A safetensors file built by hand, whatever its header claims. */
export function fileOf(header: unknown, data: Uint8Array = new Uint8Array(0), claimed?: number | bigint): Uint8Array {
  const json = typeof header === 'string' ? header : JSON.stringify(header);
  const text = new TextEncoder().encode(json);
  const out = new Uint8Array(8 + text.length + data.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(claimed ?? text.length), true);
  out.set(text, 8);
  out.set(data, 8 + text.length);
  return out;
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}
