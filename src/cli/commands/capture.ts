import { files } from '#files';
import { writeSafetensors } from '../../checkpoints/index.js';
import { fail, formatShape } from '../../core/index.js';
import { lens } from '../../lens/index.js';
import { openAnyCheckpoint } from '../checkpoint.js';
import type { CommandIo } from '../io.js';
import type { EngineFlags, FaultFlags } from '../options.js';
import { checkOutputs } from '../output-path.js';
import { parseIds } from '../source.js';

export interface CaptureFlags extends EngineFlags, FaultFlags {
  readonly text?: string;
  readonly ids?: string;
  readonly sites: string;
  readonly out: string;
  readonly json?: boolean;
}

/**
 * Runs a model once and writes the values of some sites. The file's metadata say on what: `ids`, a JSON list of rows,
 * and `text` where there was one. JSON: `sites`, each with `name` and `shape`, and `out`.
 */
export async function captureCommand(folder: string, flags: CaptureFlags, io: CommandIo): Promise<void> {
  const { text, ids, check, dumpOnnx, device, threads } = flags;
  if ((text === undefined) === (ids === undefined)) {
    throw fail('value', {
      where: 'capture',
      rule: 'either --text or --ids',
      got: text === undefined ? 'neither' : 'both',
      fix: 'Say --text "some words", or --ids "1,2,3"',
    });
  }
  const given = ids === undefined ? undefined : parseIds(ids);
  await checkOutputs([flags.out, dumpOnnx], [folder]);
  const { model, tokenizer } = await openAnyCheckpoint(folder);
  const engine = { ...(device && { device }), ...(threads !== undefined && { threads }) };
  const view = lens(model, { ...engine, tokenizer, check: check ?? false });
  const prompt = given ?? (text as string);
  if (dumpOnnx !== undefined) await files.writeAtomic(dumpOnnx, view.onnx(prompt, flags.sites));
  const captured = await view.capture(prompt, flags.sites);
  const rows = given ?? [tokenizer?.encode(text as string) ?? []];
  await writeSafetensors(flags.out, captured, { ids: JSON.stringify(rows), ...(text !== undefined && { text }) });

  const sites = Object.entries(captured).map(([name, { shape }]) => ({ name, shape }));
  if (flags.json) io.out(`${JSON.stringify({ sites, out: flags.out })}\n`);
  else {
    for (const { name, shape } of sites) io.out(`${name} ${formatShape(shape)}\n`);
    io.note(`written to ${flags.out}`);
  }
}
