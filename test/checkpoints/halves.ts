import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from '#dist/checkpoints/index.js';
import { fileOf, joined } from './files.js';

/** The upper halves of float32 numbers: bfloat16, cut. */
const bfloat16 = (bits: Uint32Array): Uint16Array => Uint16Array.from(bits, (x) => x >>> 16);

/** Normal numbers of less than 65,504 as float16, cut; smaller ones are zero. */
const float16 = (bits: Uint32Array): Uint16Array =>
  Uint16Array.from(bits, (x) => {
    const exponent = ((x >>> 23) & 255) - 112;
    return ((x >>> 16) & 0x8000) | (exponent < 1 ? 0 : (exponent << 10) | ((x >>> 13) & 1023));
  });

/** Copies a checkpoint folder, its matrices in halves. @param names which tensors are to be so */
export async function halveFolder(
  from: string,
  to: string,
  dtype: 'F16' | 'BF16',
  names: (name: string) => boolean = () => true,
): Promise<void> {
  await cp(from, to, { recursive: true });
  const file = await readSafetensors(join(from, 'model.safetensors'));
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let offset = 0;
  // Those of four bytes first, so that all begin on boundaries of their own size.
  for (const name of [...file.names].sort((a, b) => Number(names(a)) - Number(names(b)))) {
    const { data, shape } = await file.load(name);
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    const { buffer, byteOffset, byteLength } = names(name) ? (dtype === 'F16' ? float16 : bfloat16)(bits) : bits;
    header[name] = { dtype: names(name) ? dtype : 'F32', shape, data_offsets: [offset, offset + byteLength] };
    parts.push(new Uint8Array(buffer, byteOffset, byteLength));
    offset += byteLength;
  }
  await file.close();
  const text = JSON.stringify(header);
  await writeFile(join(to, 'model.safetensors'), fileOf(text.padEnd(Math.ceil(text.length / 8) * 8), joined(parts)));
}
