/** Bytes as base64. */
export function base64(bytes: Uint8Array): string {
  // A multiple of 3, so that the parts join without padding between them; small enough for an argument list.
  const step = 24_576;
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += step) parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + step))));
  return parts.join('');
}

/** Numbers as base64 of their float32 bits, little-endian on every machine. */
export function float32ToBase64(values: Float32Array): string {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  return base64(new Uint8Array(view.buffer));
}
