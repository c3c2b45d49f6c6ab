import type { ModelInfo, Prompt } from '#dist/server/protocol/index.js';

/** What a person gives a model, whatever it takes. */
export interface Given {
  /** The text; of a translation, the target. */
  readonly text: string;
  readonly source: string;
  readonly image: Uint8Array | undefined;
}

/** The prompt for a model; undefined where there is none yet. */
export function promptOf({ kind, hasTokenizer }: ModelInfo, { text, source, image }: Given): Prompt | undefined {
  if (kind === 'image') return image && { kind, bytes: image };
  if (kind === 'translation') return source === '' ? undefined : { kind, source, target: text };
  if (hasTokenizer) return text === '' ? undefined : { kind: 'text', text };
  const ids = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number);
  return ids.length > 0 && ids.every((id) => Number.isInteger(id) && id >= 0) ? { kind: 'ids', ids } : undefined;
}
