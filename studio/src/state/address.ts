import type { Address, Change } from '#dist/server/protocol/index.js';
import { type Form, type Pane, type Place, type Side, START, type View } from './place.js';

const VIEWS: readonly View[] = ['read', 'heads', 'compare', 'train'];
const FORMS: readonly Form[] = ['matrix', 'arcs', 'text', 'image'];
const PANES: readonly Pane[] = ['next', 'why', 'change'];
const SIDES: readonly Side[] = ['a', 'b', 'difference'];

/** A place as the part of an address after `#`; what is as at the start is left out. */
export function writeAddress(place: Place): string {
  const fields = new URLSearchParams();
  for (const [name, field] of Object.entries(FIELDS) as [keyof Place, Field<unknown>][]) {
    const value = place[name];
    if (value !== undefined && value !== START[name]) {
      const text = field.write(value);
      if (text !== '') fields.set(name, text);
    }
  }
  // Spaces and brackets may stand as they are in a fragment: so a person can read it.
  return fields.toString().replaceAll('+', '%20').replaceAll('%2F', '/').replaceAll('%2C', ',');
}

/** The place of an address. What cannot be read is as at the start: an address is anyone's text. */
export function readAddress(fragment: string): Place {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const place: Record<string, unknown> = { ...START };
  for (const [name, field] of Object.entries(FIELDS)) {
    const text = fields.get(name);
    const value = text === null ? undefined : field.read(text);
    if (value !== undefined) place[name] = value;
  }
  return place as unknown as Place;
}

interface Field<T> {
  write(value: T): string;
  read(text: string): T | undefined;
}

const text: Field<string> = { write: (value) => value, read: (value) => value };
const flag: Field<boolean> = { write: (value) => (value ? '1' : '0'), read: (value) => value === '1' };
const whole: Field<number> = { write: String, read: (value) => (/^\d{1,9}$/.test(value) ? Number(value) : undefined) };

function between(least: number, most: number): Field<number> {
  return {
    write: String,
    read(value) {
      const number = Number(value);
      return value !== '' && number >= least && number <= most ? number : undefined;
    },
  };
}

function oneOf<T extends string>(names: readonly T[]): Field<T> {
  return { write: (value) => value, read: (value) => names.find((name) => name === value) };
}

function json<T>(check: (value: unknown) => value is T): Field<T> {
  return {
    write: (value) => (Array.isArray(value) && value.length === 0 ? '' : JSON.stringify(value, packed)),
    read(value) {
      try {
        const parsed: unknown = JSON.parse(value, unpacked);
        return check(parsed) ? parsed : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

/** Every field of a place, and how an address has it. A missing one does not compile. */
const FIELDS = {
  view: oneOf(VIEWS),
  model: text,
  step: whole,
  text,
  source: text,
  layer: whole,
  head: whole,
  value: oneOf(['pattern', 'scores']),
  form: oneOf(FORMS),
  query: whole,
  key: whole,
  along: oneOf(['row', 'column']),
  pane: oneOf(PANES),
  asTable: flag,
  why: json(isWay),
  temperature: between(0, 5),
  topK: whole,
  topP: between(0, 1),
  nextAfterQuery: flag,
  changes: json(isChanges),
  otherText: text,
  otherModel: text,
  otherStep: whole,
  side: oneOf(SIDES),
} satisfies Record<keyof Place, unknown>;

function isWay(value: unknown): value is readonly Address[] {
  return (
    Array.isArray(value) &&
    value.length < 200 &&
    value.every((part) => typeof part?.at === 'string' && Array.isArray(part.index) && part.index.every(Number.isInteger))
  );
}

function isChanges(value: unknown): value is readonly Change[] {
  return (
    Array.isArray(value) &&
    value.every(
      (part) =>
        typeof part?.id === 'string' &&
        typeof part.name === 'string' &&
        typeof part.isOn === 'boolean' &&
        typeof part.intervention?.kind === 'string',
    )
  );
}

/** Arrays of numbers as base64 of float32. */
function packed(_: string, value: unknown): unknown {
  if (!(value instanceof Float32Array)) return value;
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return { $f32: btoa(binary) };
}

function unpacked(_: string, value: unknown): unknown {
  const packedText = (value as { $f32?: unknown } | null)?.$f32;
  if (typeof packedText !== 'string') return value;
  return new Float32Array(Uint8Array.from(atob(packedText), (c) => c.charCodeAt(0)).buffer);
}
