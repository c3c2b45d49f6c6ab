import type { AttentionData } from './attention-data.js';
import { shorten, showText, showToken } from './token-text.js';

/** Everything a picture shows, before it is a page or a drawing. A pure function of the data. */
export interface Scene {
  readonly title: string;
  readonly model: string;
  /** The tokens as given, unescaped. */
  readonly tokens: readonly string[];
  /** The tokens as a reader sees them. */
  readonly shown: readonly string[];
  /** The same, short enough for the edge of a matrix. */
  readonly labels: readonly string[];
  readonly layers: number;
  readonly heads: number;
  readonly sites: readonly string[];
  /** Per layer [H,T,T]. */
  readonly patterns: readonly Float32Array[];
  /** Per layer and head: is every weight above the diagonal exactly 0? Then those cells are drawn as masked. */
  readonly causal: readonly (readonly boolean[])[];
  /** The end of the colour scale: 1, or the largest magnitude where that is above 1. */
  readonly top: number;
  /** Whether the scale needs a negative side. */
  readonly signed: boolean;
  /** The head drawn large. */
  readonly layer: number;
  readonly head: number;
  readonly ticks: readonly Tick[];
}

/** A number on the legend, and where it stands, 0..1 from left to right. */
export interface Tick {
  readonly weight: number;
  readonly at: number;
}

/** A square of weights [n,n], row-major. */
export interface Cells {
  readonly side: number;
  readonly weights: Float32Array;
}

/** The most cells a thumbnail has along an edge; longer texts are pooled. */
export const THUMBNAIL_SIDE = 96;

const LABEL_LENGTH = 12;
// Softmax rows sum to 1 only up to rounding; such a weight does not stretch the scale.
const ROUNDING = 1e-5;

export function attentionScene(data: AttentionData, layer: number, head: number): Scene {
  const shown = data.tokens.map(showToken);
  let largest = 0;
  let signed = false;
  for (const pattern of data.patterns) {
    for (const weight of pattern) {
      largest = Math.max(largest, Math.abs(weight));
      signed ||= weight < 0;
    }
  }
  const top = largest > 1 + ROUNDING ? largest : 1;
  return {
    title: showText(data.title),
    model: showText(data.model),
    tokens: data.tokens,
    shown,
    labels: shown.map((token) => shorten(token, LABEL_LENGTH)),
    layers: data.layers,
    heads: data.heads,
    sites: data.sites.map(showText),
    patterns: data.patterns,
    causal: data.patterns.map((pattern) => Array.from({ length: data.heads }, (_, h) => isCausal(pattern, h, data.tokens.length))),
    top,
    signed,
    layer,
    head,
    ticks: ticks(top, signed),
  };
}

/** The weights of one head, [T,T]. */
export function headCells(scene: Scene, layer: number, head: number): Cells {
  const side = scene.tokens.length;
  const pattern = scene.patterns[layer] ?? new Float32Array();
  return { side, weights: pattern.subarray(head * side * side, (head + 1) * side * side) };
}

/** At most `limit` × `limit` cells: each is the weight of largest magnitude in its block, so that no thin line is lost. */
export function pooled(cells: Cells, limit: number): Cells {
  if (cells.side <= limit) return cells;
  const weights = new Float32Array(limit * limit);
  for (let query = 0; query < cells.side; query++) {
    const row = Math.floor((query * limit) / cells.side) * limit;
    for (let key = 0; key < cells.side; key++) {
      const at = row + Math.floor((key * limit) / cells.side);
      const weight = cells.weights[query * cells.side + key] ?? 0;
      if (Math.abs(weight) > Math.abs(weights[at] ?? 0)) weights[at] = weight;
    }
  }
  return { side: limit, weights };
}

/** The position of the largest of a row's weights, the first where several are. */
export function strongestKey(cells: Cells, query: number): number {
  let best = 0;
  const row = cells.weights.subarray(query * cells.side, (query + 1) * cells.side);
  row.forEach((weight, key) => {
    if (weight > (row[best] ?? 0)) best = key;
  });
  return best;
}

function isCausal(pattern: Float32Array, head: number, length: number): boolean {
  if (length === 1) return false;
  for (let query = 0; query < length; query++) {
    const row = (head * length + query) * length;
    for (let key = query + 1; key < length; key++) if (pattern[row + key] !== 0) return false;
  }
  return true;
}

/** Ticks at round fractions of `top`, placed by the square root, as the colours are. */
function ticks(top: number, signed: boolean): Tick[] {
  const fractions = signed ? [-1, -0.25, -0.05, 0, 0.05, 0.25, 1] : [0, 0.01, 0.05, 0.1, 0.25, 0.5, 1];
  return fractions.map((fraction) => {
    const root = Math.sign(fraction) * Math.sqrt(Math.abs(fraction));
    return { weight: fraction * top, at: signed ? (root + 1) / 2 : root };
  });
}
