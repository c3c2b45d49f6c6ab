import type { Address, AttentionValue, Change } from '#dist/server/protocol/index.js';

export type View = 'read' | 'heads' | 'compare' | 'train';
export type Form = 'matrix' | 'arcs' | 'text' | 'image';
export type Pane = 'next' | 'why' | 'change';
/** Which of two runs is shown, or their difference. */
export type Side = 'a' | 'b' | 'difference';

/** All that decides what the page shows: an address holds it, and restores it. */
export interface Place {
  readonly view: View;
  /** Empty: the first of the folder. */
  readonly model: string;
  readonly step?: number | undefined;
  readonly text: string;
  /** What is translated, for models that have a source. */
  readonly source: string;
  readonly layer: number;
  readonly head: number;
  readonly value: AttentionValue;
  readonly form: Form;
  readonly query?: number | undefined;
  readonly key?: number | undefined;
  /** Whether the text is coloured by what a token looks at, or by who looks at it. */
  readonly along: 'row' | 'column';
  readonly pane: Pane;
  readonly asTable: boolean;
  /** The way of an explanation, from the number that was clicked. */
  readonly why: readonly Address[];
  readonly temperature: number;
  /** 0: all. */
  readonly topK: number;
  /** 1: all. */
  readonly topP: number;
  /** Whether what comes next is asked after the chosen token, not after the last. */
  readonly nextAfterQuery: boolean;
  readonly changes: readonly Change[];
  /** The other side of a comparison; what is empty is as on this side. */
  readonly otherText: string;
  readonly otherModel: string;
  readonly otherStep?: number | undefined;
  readonly side: Side;
}

export const START: Place = {
  view: 'read',
  model: '',
  text: '',
  source: '',
  layer: 0,
  head: 0,
  value: 'pattern',
  form: 'matrix',
  along: 'row',
  pane: 'next',
  asTable: false,
  why: [],
  temperature: 1,
  topK: 0,
  topP: 1,
  nextAfterQuery: false,
  changes: [],
  otherText: '',
  otherModel: '',
  side: 'difference',
};
