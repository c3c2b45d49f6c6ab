import { HeadlightError } from '../../core/index.js';
import type { Refusal } from '../protocol/index.js';

/** A refusal that only the studio knows: `gone`, `crashed`, `busy`, `limit`, `request`. */
export class StudioError extends Error {
  override readonly name = 'StudioError';

  constructor(
    readonly code: 'gone' | 'crashed' | 'busy' | 'limit' | 'request' | 'failed',
    message: string,
    readonly fix?: string,
  ) {
    super(fix === undefined ? message : `${message} ${fix}`);
  }
}

/** What the page is told of an error: one line, and nothing of where our code stands. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof StudioError) return { code: error.code, message: error.message, ...(error.fix !== undefined && { fix: error.fix }) };
  if (error instanceof HeadlightError) return { code: error.code, message: oneLine(error.message) };
  if (error instanceof Error && error.name === 'AbortError') return { code: 'cancelled', message: 'Cancelled.' };
  return { code: 'failed', message: `Unexpected failure: ${oneLine(error instanceof Error ? error.message : String(error))}` };
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').slice(0, 2000);
}
