import { files } from '#files';
import { AppendedFile } from '../appended-file.js';
import { scalarsEvent, startEvent, textEvent, versionEvent } from './event.js';
import { tfRecord } from './record.js';

/** Writes a run's numbers and texts where TensorBoard finds them (`tensorboard --logdir FOLDER`). */
export interface EventWriter {
  /** The event file. */
  readonly path: string;
  /** @param scalars numbers by tag; tags with one first part (`train/loss`, `train/learning_rate`) share a page section */
  scalars(step: number, scalars: Readonly<Record<string, number>>): void;
  /** @param markdown shown as Markdown: see `asPlainText` for text that is not */
  text(step: number, tag: string, markdown: string): void;
  /** From here on the run does the steps after `step` again: TensorBoard forgets what was said of them. */
  restart(step: number): void;
  /** Resolves once all is written. @throws file: it cannot be written */
  flush(): Promise<void>;
}

export interface EventWriterOptions {
  /** The step that a run goes on from: what earlier files say of steps after it no longer holds. */
  readonly resumedFrom?: number;
  /** The time, in milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Begins an event file in a folder, beside those of earlier sessions of the run; the folder is made if it is missing.
 * The file's name tells TensorBoard the order of sessions, so it is later than every name that is there.
 *
 * @throws file: the folder cannot be written to
 * @example
 * const writer = await eventWriter('runs/stories/events');
 * writer.scalars(1, { 'train/loss': 4.17 });
 * await writer.flush();
 */
export async function eventWriter(folder: string, { resumedFrom, now = Date.now }: EventWriterOptions = {}): Promise<EventWriter> {
  await files.makeFolder(folder);
  const taken = (await files.list(folder)).map((name) => Number(/^events\.out\.tfevents\.(\d+)\./.exec(name)?.[1] ?? 0));
  const second = Math.max(Math.floor(now() / 1000), 1 + Math.max(0, ...taken));
  const file = new AppendedFile(files.join(folder, `events.out.tfevents.${String(second).padStart(10, '0')}.headlight`));
  const moment = (step: number): { wallTime: number; step: number } => ({ wallTime: now() / 1000, step });
  const put = (event: Uint8Array): void => file.append(tfRecord(event));

  put(versionEvent(now() / 1000));
  const restart = (step: number): void => put(startEvent(moment(step + 1)));
  if (resumedFrom !== undefined) restart(resumedFrom);
  await file.flush(); // a folder that cannot be written to shows now, not after an hour
  return {
    path: file.path,
    scalars: (step, scalars) => put(scalarsEvent(moment(step), scalars)),
    text: (step, tag, markdown) => put(textEvent(moment(step), tag, markdown)),
    restart,
    flush: () => file.flush(),
  };
}

/** Text as Markdown that shows it letter by letter: a block of code, indented, which no letter within can end. */
export function asPlainText(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
