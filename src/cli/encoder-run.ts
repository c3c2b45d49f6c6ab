import { files } from '#files';
import { resolveCheckpoint } from '../checkpoints/index.js';
import { fail } from '../core/index.js';
import { EncoderRunner } from '../predict/index.js';
import { openEncoderCheckpoint } from './checkpoint.js';
import type { EngineFlags, FaultFlags } from './options.js';
import { checkOutputs } from './output-path.js';

export interface EncoderFlags extends EngineFlags, FaultFlags {
  readonly batch?: number;
}

/**
 * Opens an encoder, works with it and lets it go; `--dump-onnx` gets the first program.
 * @param work what to do; `path` is the checkpoint's folder
 */
export async function withEncoder<T>(
  name: string,
  { batch, check, dumpOnnx, device, threads }: EncoderFlags,
  work: (runner: EncoderRunner, path: string) => Promise<T>,
): Promise<T> {
  await checkOutputs([dumpOnnx], [name]);
  const { model, tokenizer } = await openEncoderCheckpoint(name);
  let first: Uint8Array | undefined;
  const runner = new EncoderRunner(model, tokenizer, {
    ...(device && { device }),
    ...(threads !== undefined && { threads }),
    ...(batch !== undefined && { batch }),
    check: check ?? false,
    onProgram: (onnx) => {
      first ??= onnx;
    },
  });
  try {
    return await work(runner, await resolveCheckpoint(name));
  } finally {
    // Also when the run failed: then it is wanted most.
    if (dumpOnnx !== undefined && first !== undefined) await files.writeAtomic(dumpOnnx, first);
    await runner.dispose();
  }
}

/** Each `--text`, then each line of `--file`; empty lines are passed over. @throws value: none of them */
export async function textsOf(
  command: string,
  { text = [], file }: { readonly text?: readonly string[]; readonly file?: string },
): Promise<string[]> {
  const lines = file === undefined ? [] : (await files.readText(file)).split(/\r?\n/).filter((line) => line.trim() !== '');
  const all = [...text, ...lines];
  if (all.length > 0) return all;
  throw fail('value', {
    where: command,
    rule: 'a text',
    got: file === undefined ? 'none' : `no line in ${file}`,
    fix: 'Give --text <text>, or --file <file> with one on each line',
  });
}
