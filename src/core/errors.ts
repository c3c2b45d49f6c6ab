import { currentPath } from './path.js';

/** What kind of rule was broken. The command line maps every code but `engine` and `disposed` to exit code 2. */
export type ErrorCode =
  | 'shape' // ranks, widths, lengths that do not fit
  | 'dtype' // a float where a boolean is meant, …
  | 'axis' // an axis out of range or named twice
  | 'value' // a number or option outside its range
  | 'name' // an unknown site, parameter, option, op
  | 'file' // missing, unreadable, truncated, not what it claims to be
  | 'checkpoint' // a folder whose parts do not fit together
  | 'tokenizer' // a vocabulary that does not fit, text it cannot encode
  | 'unsupported' // a thing we know of and do not do
  | 'numeric' // NaN or infinity under --check
  | 'storage' // a disk that is full or fails: exit 1
  | 'engine' // ONNX Runtime failed; `cause` holds its error
  | 'disposed'; // a resource used after dispose()

/** The parts of an error message: `<where> at <path>: <rule>; got <got>. <fix>.` */
export interface ErrorParts {
  /** The op, function or file that noticed. */
  readonly where: string;
  /** The rule, in words: what was expected. */
  readonly rule: string;
  /** What came instead. */
  readonly got?: string;
  /** What to do about it. */
  readonly fix?: string;
  /** Module path: `blocks.3.attention`. By default that of the module being built or traced, where there is one. */
  readonly path?: string;
  readonly cause?: unknown;
}

/** The one error class of Headlight. Its message says what was expected, what was got, where, and what to do. */
export class HeadlightError extends Error {
  override readonly name = 'HeadlightError';
  readonly code: ErrorCode;
  readonly expected: string;
  readonly got: string | undefined;
  readonly path: string | undefined;

  constructor(code: ErrorCode, parts: ErrorParts) {
    const at = parts.path ? ` at ${parts.path}` : '';
    const got = parts.got === undefined ? '' : `; got ${parts.got}`;
    const fix = parts.fix === undefined ? '' : ` ${sentence(parts.fix)}`;
    const what = `${parts.where}${at}: ${parts.rule}${got}`;
    super(`${what.endsWith('.') ? what : `${what}.`}${fix}`, parts.cause === undefined ? {} : { cause: parts.cause });
    this.code = code;
    this.expected = parts.rule;
    this.got = parts.got;
    this.path = parts.path || undefined;
  }
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** `throw fail(...)`: builds the error, with the current module path. */
export function fail(code: ErrorCode, parts: ErrorParts): HeadlightError {
  return new HeadlightError(code, { path: currentPath(), ...parts });
}
