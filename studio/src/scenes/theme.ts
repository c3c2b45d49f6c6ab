import { colourOf, levelOf, RAMPS, type Ramp } from '#dist/lens/picture/ramp.js';
import type { Ink, Paint, Shade } from './scene.js';

export type ThemeName = 'light' | 'dark';

/** The colours of a theme; the style sheet has the same under the same names. */
export const INKS: Readonly<Record<ThemeName, Readonly<Record<Ink, string>>>> = {
  light: {
    page: '#f6f6f3',
    panel: '#ffffff',
    ink: '#1a2029',
    quiet: '#596270',
    line: '#dfe2e6',
    hatch: '#eceef1',
    accent: '#c2410c',
    second: '#0f766e',
    positive: '#2f6fb4',
    negative: '#b9651b',
  },
  dark: {
    page: '#0e1216',
    panel: '#151a20',
    ink: '#e8ecf1',
    quiet: '#9ba7b6',
    line: '#2b333e',
    hatch: '#1f262f',
    accent: '#ff9d57',
    second: '#5eead4',
    positive: '#5fb0dd',
    negative: '#e0a05e',
  },
};

/** A paint as `#rrggbb`. */
export function colour(theme: ThemeName, paint: Paint): string {
  return typeof paint === 'string' ? INKS[theme][paint] : shadeColour(theme, paint);
}

/** Black or white, whichever is read better on a shade. */
export function inkOver(theme: ThemeName, on: Shade): string {
  const ramp = RAMPS[theme];
  const flip = on.weight < 0 ? ramp.negativeFlip : ramp.positiveFlip;
  return ramp.ink[level(on) < flip ? 0 : 1];
}

function shadeColour(theme: ThemeName, shade: Shade): string {
  return colourOf(RAMPS[theme], level(shade), shade.weight < 0);
}

function level({ weight, top }: Shade): number {
  return Number.isFinite(weight) && top > 0 ? levelOf(weight, top) : 0;
}

/** A ramp as bytes for pixels: level → 0xAABBGGRR, positive levels first, then negative ones. */
export function rampPixels(theme: ThemeName): Uint32Array {
  const cached = pixels[theme];
  if (cached) return cached;
  const ramp: Ramp = RAMPS[theme];
  const table = new Uint32Array(512);
  for (let i = 0; i < 512; i++) {
    const value = Number.parseInt(colourOf(ramp, i % 256, i >= 256).slice(1), 16);
    table[i] = 0xff000000 | ((value & 255) << 16) | (value & 0xff00) | (value >> 16);
  }
  pixels[theme] = table;
  return table;
}

const pixels: Partial<Record<ThemeName, Uint32Array>> = {};
