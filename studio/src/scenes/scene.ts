/** A colour by what it is for; a theme says which colour that is. */
export type Ink = 'page' | 'panel' | 'ink' | 'quiet' | 'line' | 'hatch' | 'accent' | 'second' | 'positive' | 'negative';

/**
 * A colour of the scale: `weight` against the scale's end, blue above 0 and orange below; the square root of its magnitude is its step,
 * as in every picture of ours.
 */
export interface Shade {
  readonly weight: number;
  readonly top: number;
}

export type Paint = Ink | Shade;

/** Cells of one size in rows; the values are coloured by `Shade`'s rule against `top`. */
export interface Heat {
  readonly kind: 'heat';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly values: Float32Array;
  readonly top: number;
  /** Cells (row, column) with column − row ≥ this are masked: left to the ground. Infinity: none. */
  readonly maskedFrom: number;
}

export interface Rect {
  readonly kind: 'rect';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill?: Paint;
  readonly stroke?: Paint;
  readonly strokeWidth?: number;
  readonly radius?: number;
  readonly opacity?: number;
}

/** A polyline, or what `curve` says: quadratic (3 points a piece), cubic (4), or segments of two points each. */
export interface Line {
  readonly kind: 'line';
  /** x, y, x, y, … */
  readonly points: ArrayLike<number>;
  readonly curve?: 'quadratic' | 'cubic' | 'segments';
  readonly stroke: Paint;
  readonly width: number;
  readonly opacity?: number;
  readonly dash?: readonly number[];
}

export interface Label {
  readonly kind: 'text';
  readonly x: number;
  /** The baseline. */
  readonly y: number;
  readonly text: string;
  readonly size: number;
  readonly fill: Paint | 'over';
  /** For fill `over`: what the text stands on, so that it can be read. */
  readonly on?: Shade;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly bold?: boolean;
  readonly mono?: boolean;
  /** Written upwards, turned about (x, y). */
  readonly upwards?: boolean;
}

export type Mark = Heat | Rect | Line | Label;

/** What a view shows, before it is pixels or SVG: a pure function of its data. Coordinates in CSS pixels, y downwards. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly marks: readonly Mark[];
}
