/** A colour as red, green, blue in 0..255. */
type Rgb = readonly [number, number, number];

/** How many steps a ramp has; a weight's step is its *level*. */
export const LEVELS = 256;

/**
 * The colours of one theme. Lightness alone carries the weight (each ramp's luminance goes one way only), so that the picture reads the
 * same to colour-blind eyes and in grey print; hue only tells positive (blue) from negative (orange), the pair they keep apart best.
 */
export interface Ramp {
  /** LEVELS colours, `rrggbb` each, one after another. */
  readonly positive: string;
  readonly negative: string;
  /** Text on levels below this one takes `ink[0]`, on the others `ink[1]`. */
  readonly positiveFlip: number;
  readonly negativeFlip: number;
  readonly ink: readonly [string, string];
}

// Along a ramp each channel only rises or only falls: so rounding can never turn lightness back.
const LIGHT_POSITIVE = ['#f3f6fa', '#cfe0f2', '#90bbe3', '#4587c8', '#1b5598', '#08264f'];
const LIGHT_NEGATIVE = ['#f3f6fa', '#f3d9bd', '#f0ae74', '#d07a2c', '#954b10', '#532503'];
const DARK_POSITIVE = ['#1b222c', '#1b3d60', '#1f6597', '#3f98c6', '#8fcbe2', '#f0faff'];
const DARK_NEGATIVE = ['#1b222c', '#55372c', '#94592c', '#cf8438', '#efb97d', '#fff6ea'];

export const RAMPS: Readonly<Record<'light' | 'dark', Ramp>> = {
  light: ramp(LIGHT_POSITIVE, LIGHT_NEGATIVE, ['#000000', '#ffffff']),
  dark: ramp(DARK_POSITIVE, DARK_NEGATIVE, ['#ffffff', '#000000']),
};

/** The level of a weight: round(255·√(|weight| / top)), so that small weights can be told apart. `top` is the scale's end, above 0. */
export function levelOf(weight: number, top: number): number {
  return Math.round((LEVELS - 1) * Math.sqrt(Math.min(1, Math.abs(weight) / top)));
}

/** The colour `#rrggbb` of a level, on the negative ramp where `negative`. */
export function colourOf(theme: Ramp, level: number, negative: boolean): string {
  return `#${(negative ? theme.negative : theme.positive).slice(level * 6, level * 6 + 6)}`;
}

/** Relative luminance of `#rrggbb` as WCAG defines it, 0..1. */
export function luminance(colour: string): number {
  const [red, green, blue] = parse(colour).map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast of two colours as WCAG defines it, 1..21. */
export function contrast(one: string, other: string): number {
  const [dim, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (bright + 0.05) / (dim + 0.05);
}

function ramp(positive: readonly string[], negative: readonly string[], ink: readonly [string, string]): Ramp {
  const up = table(positive);
  const down = table(negative);
  const flip = (colours: readonly string[]) => colours.findIndex((colour) => contrast(colour, ink[1]) >= contrast(colour, ink[0]));
  const join = (colours: readonly string[]) => colours.map((colour) => colour.slice(1)).join('');
  return { positive: join(up), negative: join(down), positiveFlip: flip(up), negativeFlip: flip(down), ink };
}

/** LEVELS colours, straight lines between the stops. */
function table(stops: readonly string[]): string[] {
  const colours = stops.map(parse);
  return Array.from({ length: LEVELS }, (_, level) => {
    const at = (level / (LEVELS - 1)) * (stops.length - 1);
    const left = Math.min(Math.floor(at), stops.length - 2);
    const [from, to] = [colours[left], colours[left + 1]] as [Rgb, Rgb];
    return `#${from.map((part, index) => hex(part + ((to[index] ?? part) - part) * (at - left))).join('')}`;
  });
}

function parse(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function hex(part: number): string {
  return Math.round(part).toString(16).padStart(2, '0');
}
