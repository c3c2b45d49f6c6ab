import { files } from '#files';
import { fail } from '../../core/index.js';
import { attentionPicture } from '../../lens/index.js';
import { type AttentionMaps, attentionMaps } from '../attention-maps.js';
import { openAnyTextCheckpoint } from '../checkpoint.js';
import { imageAttentionMaps } from '../image-attention.js';
import type { CommandIo } from '../io.js';
import type { EngineFlags, FaultFlags } from '../options.js';
import { checkOutputs } from '../output-path.js';

export interface AttendFlags extends EngineFlags, FaultFlags {
  readonly text?: string;
  readonly image?: string;
  readonly html?: string;
  readonly svg?: string;
  readonly jsonOut?: string;
  readonly layer?: number;
  readonly head?: number;
  readonly json?: boolean;
}

/** Draws, or writes as numbers, every attention pattern of a model on a text, or on an image, whose tokens are its patches. JSON: `out`, `layers`, `heads`, `tokens`. */
export async function attendCommand(folder: string, flags: AttendFlags, io: CommandIo): Promise<void> {
  const { text, image, layer, head, check, dumpOnnx, device, threads } = flags;
  const { format, out } = outputOf(flags);
  if ((text === undefined) === (image === undefined)) {
    const got = text === undefined ? 'neither' : 'both';
    throw fail('value', { where: 'attend', rule: 'either --text or --image', got, fix: 'Say --text "some words", or --image photo.jpg' });
  }
  await checkOutputs([out, dumpOnnx], [folder, ...(image === undefined ? [] : [image])]);
  const engine = { ...(device && { device }), ...(threads !== undefined && { threads }) };
  const faults = { check: check ?? false, ...(dumpOnnx !== undefined && { dumpOnnx }) };
  const options = { ...engine, ...faults, name: folder };
  const maps = image === undefined ? await textMaps(folder, text ?? '', options) : await imageAttentionMaps(folder, image, options);
  const large = { ...(layer !== undefined && { layer }), ...(head !== undefined && { head }) };
  await files.writeAtomic(out, format === 'json' ? numbersOf(maps) : attentionPicture(maps.data, { ...large, format }));

  const { layers, heads, tokens } = maps.data;
  if (flags.json) io.out(`${JSON.stringify({ out, layers, heads, tokens: tokens.length })}\n`);
  else io.out(`${out}\n`);
  if (format !== 'json') io.note('Open the file in a browser; it needs no network.');
}

async function textMaps(folder: string, text: string, options: Parameters<typeof attentionMaps>[3]): Promise<AttentionMaps> {
  const { model, tokenizer } = await openAnyTextCheckpoint(folder);
  return attentionMaps(model, tokenizer, text, options);
}

function outputOf({ html, svg, jsonOut, layer, head }: AttendFlags): { format: 'html' | 'svg' | 'json'; out: string } {
  const wanted = [
    { format: 'html' as const, out: html },
    { format: 'svg' as const, out: svg },
    { format: 'json' as const, out: jsonOut },
  ].flatMap(({ format, out }) => (out === undefined ? [] : [{ format, out }]));
  const [only] = wanted;
  if (only === undefined || wanted.length > 1) {
    throw fail('value', {
      where: 'attend',
      rule: 'one of --html, --svg and --json-out',
      got: wanted.length === 0 ? 'none' : `${wanted.length} of them`,
      fix: 'Say --html attention.html, for example',
    });
  }
  if (only.format === 'json' && (layer !== undefined || head !== undefined)) {
    throw fail('value', {
      where: 'attend',
      rule: '--layer and --head choose what a picture shows large',
      got: '--json-out, which holds every head',
      fix: 'Leave them out',
    });
  }
  return only;
}

/** Every weight, as nested lists: patterns[layer][head][query][key]. */
function numbersOf({ data, ids, patterns }: AttentionMaps): string {
  const { tokens, layers, heads, sites } = data;
  const nested = patterns.map((p) => (p.toArray() as readonly unknown[])[0]);
  return `${JSON.stringify({ tokens, ids, layers, heads, sites, patterns: nested })}\n`;
}
