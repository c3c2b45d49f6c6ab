import type { Provenance } from '#dist/server/protocol/index.js';
import type { App } from '../../state/app.svelte.js';

/** More numbers than this are written as base64: a text of them would be five times as long. */
const MOST_AS_TEXT = 65_536;

/** Everything that the large head shows, in full, and where it comes from. */
export async function headNumbers(app: App, provenance: Provenance, description: readonly string[]): Promise<object> {
  const { shown, layer, head, value, sides, attention } = app.look;
  const { prediction } = app;
  if (!shown) throw new Error('nothing is shown');
  const { values } = await app.session.client.ask('read.tile', {
    ...shown.ref,
    layer,
    head,
    value,
    rows: [0, sides.rows.length],
    columns: [0, sides.columns.length],
    level: 0,
  });
  return {
    ...provenance,
    description,
    site: `${attention?.path}.${value}`,
    layer,
    head,
    queries: sides.rows.map(({ id, text }) => ({ id, text })),
    keys: sides.columns === sides.rows ? 'as queries' : sides.columns.map(({ id, text }) => ({ id, text })),
    weights: arrayJson(values.data, sides.columns.length),
    next: prediction.next?.candidates.map(({ id, text, probability }) => ({ id, text, probability })),
  };
}

/** [rows, columns] as rows of numbers; scores that are −∞ are null. */
function arrayJson(data: Float32Array, columns: number): object {
  const shape = [data.length / columns, columns];
  if (data.length <= MOST_AS_TEXT) {
    const rows = Array.from({ length: shape[0] as number }, (_, row) =>
      Array.from(data.subarray(row * columns, (row + 1) * columns), (x) => (Number.isFinite(x) ? x : null)),
    );
    return { shape, rows };
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return { shape, encoding: 'float32, little-endian, base64', base64: btoa(binary) };
}
