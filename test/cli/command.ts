import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { run } from '#dist/cli/index.node.js';

const binary = fileURLToPath(new URL('../../dist/cli/main.node.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The last line of standard output, read as JSON. */
  readonly json: () => Record<string, unknown>;
}

export interface Started {
  readonly child: ChildProcess;
  /** Resolves once standard error holds the text, or matches. */
  said(text: string | RegExp): Promise<void>;
  readonly finished: Promise<Finished>;
}

/** Whether what was written holds the text, or matches. */
function holds(written: string, text: string | RegExp): boolean {
  return typeof text === 'string' ? written.includes(text) : text.test(written);
}

/** Starts the built binary in a folder. @param input what stands on its standard input; none by default */
export function start(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, input?: string): Started {
  const child = spawn(process.execPath, [binary, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    timeout: 50_000,
  });
  child.stdin?.end(input);
  let out = '';
  let err = '';
  const waiting: { text: string | RegExp; resolve: () => void }[] = [];
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk;
    for (const { text, resolve } of waiting) if (holds(err, text)) resolve();
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err, json: () => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') }));
  });
  const said = (text: string | RegExp) =>
    Promise.race([
      new Promise<void>((resolve) => {
        if (holds(err, text)) resolve();
        else waiting.push({ text, resolve });
      }),
      finished.then(({ code }) => {
        if (!holds(err, text)) throw new Error(`ended with ${code} before it said ${text}:\n${err}`);
      }),
    ]);
  return { child, said, finished };
}

export function headlight(cwd: string, ...args: readonly string[]): Promise<Finished> {
  return start(cwd, args).finished;
}

/** Runs a command line in this process: quicker, where paths are absolute or the tests `workIn` their folder. */
export function within(...args: readonly string[]): Promise<Finished> {
  return withinUntil(undefined, ...args);
}

/** The same, interrupted as by Ctrl-C as soon as standard error holds the text, or matches. */
export async function withinUntil(text: string | RegExp | undefined, ...args: readonly string[]): Promise<Finished> {
  const stop = new AbortController();
  let out = '';
  let err = '';
  const code = await run(args, {
    out: (text) => {
      out += text;
    },
    note: (line) => {
      err += `${line}\n`;
      if (text !== undefined && holds(err, text)) stop.abort();
    },
    outIsTerminal: false,
    columns: 80,
    unicode: true,
    progress: () => ({ update: () => {}, stop: () => {} }),
    interrupted: () => stop.signal,
  });
  return { code, out, err, json: () => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') };
}

/** Makes a folder the working one of this process during the tests of the file, so that `within` takes its paths. */
export function workIn(folder: string): void {
  const before = process.cwd();
  beforeAll(() => process.chdir(folder));
  afterAll(() => process.chdir(before));
}

/** A folder that goes away after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headlight-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file below a folder with its size and time of change: equal before and after where nothing was touched. */
export function contentsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { size, mtimeMs, ino } = statSync(join(folder, name));
      return `${name} ${size} ${mtimeMs} ${ino}`;
    });
}

/** The lines of a run's metrics without what depends on the machine's speed. */
export function metricsOf(folder: string): Record<string, unknown>[] {
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const { tokensPerSecond: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
    return rest;
  });
}

/** For long runs of models so small, where several threads mostly wait for each other. */
export const oneThread = ['--threads', '1'];

/** Sizes with which a run takes a second. */
export const tiny = ['--layers', '2', '--heads', '2', '--width', '16', '--context', '16', '--batch', '4', '--lr', '1e-2'];
