import { showToken } from '#dist/lens/picture/token-text.js';
import type { AttentionLayer, RunInfo, RunRef, TokenInfo } from '#dist/server/protocol/index.js';
import type { Words } from '../i18n/en.js';

/** What the views of attention look at: one run, or a difference of two. */
export interface Shown {
  readonly ref: RunRef;
  readonly tokens: readonly TokenInfo[];
  readonly source: readonly TokenInfo[];
  readonly attention: readonly AttentionLayer[];
  readonly grid?: RunInfo['grid'];
  /** Whether weights may be below 0: differences are. */
  readonly isDifference: boolean;
}

/** A run, to be shown; the same object for the same run. */
export function shownRun(run: RunInfo): Shown {
  const kept = known.get(run);
  if (kept) return kept;
  const shown: Shown = {
    ref: { run: run.run },
    tokens: readable(run.tokens),
    source: readable(run.source ?? []),
    attention: run.attention,
    isDifference: false,
    ...(run.grid ? { grid: run.grid } : {}),
  };
  known.set(run, shown);
  return shown;
}

const known = new WeakMap<RunInfo, Shown>();

/** The tokens with texts that a reader can see: a space is `·`, a line end `⏎`. */
export function readable(tokens: readonly TokenInfo[]): readonly TokenInfo[] {
  return tokens.map((token) => ({ ...token, text: showToken(token.text) }));
}

/** The texts of tokens; the same list for the same tokens. */
export function textsOf(tokens: readonly TokenInfo[]): readonly string[] {
  const kept = texts.get(tokens);
  if (kept) return kept;
  const made = tokens.map((token) => token.text);
  texts.set(tokens, made);
  return made;
}

const texts = new WeakMap<readonly TokenInfo[], readonly string[]>();

/** The tokens that look, and those looked at, in one attention. */
export function sidesOf(shown: Shown, layer: number): { readonly rows: readonly TokenInfo[]; readonly columns: readonly TokenInfo[] } {
  const attention = shown.attention[layer];
  if (attention?.kind === 'cross') return { rows: shown.tokens, columns: shown.source };
  const own = shown.source.length > 0 && attention?.path.startsWith('encoder.') ? shown.source : shown.tokens;
  return { rows: own, columns: own };
}

/** What an attention is called: `Layer 2`, `Encoder 0`, `Cross-attention 1`. */
export function attentionName({ path, kind }: Pick<AttentionLayer, 'path' | 'kind'>, words: Words): string {
  return words.layerName(blockOf(path), kind === 'cross' ? 'cross' : path.startsWith('encoder.') ? 'encoder' : 'self');
}

/** Where each attention is counted from, as people say it: `Layer 2`, `cross-attention of layer 1`. */
function blockOf(path: string): number {
  return Number(/\.(\d+)\./.exec(path)?.[1] ?? 0);
}
