// What the training peers share: a GPT-2 in Hugging Face's layout and stacked batches from safetensors files, and questions by lines.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * float32 and int32 tensors of a safetensors file.
 * @param {string} path
 * @returns {Record<string, { shape: number[], data: Float32Array | Int32Array }>}
 */
export function readTensors(path) {
  const bytes = readFileSync(path);
  const header = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: _, ...entries } = JSON.parse(bytes.toString('utf8', 8, 8 + header));
  return Object.fromEntries(
    Object.entries(entries).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const raw = Uint8Array.from(bytes.subarray(8 + header + from, 8 + header + to)).buffer;
        return [name, { shape, data: dtype === 'F32' ? new Float32Array(raw) : new Int32Array(raw) }];
      },
    ),
  );
}

/**
 * Answers `{ first, count }` lines with losses and milliseconds of those steps; what cannot run says why.
 * @param {{ version: string, backend: string, note?: string }} about
 * @param {(inputs: Int32Array, targets: Int32Array) => Promise<number>} step one training step; its loss before the update
 * @param {string} batchFile
 */
export async function serve(about, step, batchFile) {
  const { inputs, targets } = readTensors(batchFile);
  if (inputs === undefined || targets === undefined) throw new Error(`no inputs and targets in ${batchFile}`);
  const [, rows = 0, length = 0] = inputs.shape;
  const size = rows * length;
  const part = (/** @type {typeof inputs} */ { data }, /** @type {number} */ i) => Int32Array.from(data.subarray(i * size, (i + 1) * size));
  console.log(JSON.stringify({ ready: true, ...about }));
  for await (const line of createInterface({ input: process.stdin })) {
    const { first, count } = JSON.parse(line);
    /** @type {{ losses: number[], ms: number[] }} */
    const { losses, ms } = { losses: [], ms: [] };
    try {
      for (let i = first; i < first + count; i++) {
        const begun = performance.now();
        losses.push(await step(part(inputs, i), part(targets, i)));
        ms.push(performance.now() - begun);
      }
      console.log(JSON.stringify({ losses, ms }));
    } catch (error) {
      console.log(JSON.stringify({ error: String(error).slice(0, 300) }));
    }
  }
}
