import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page, type Request } from 'playwright-core';
import { chromiumArguments, findChromium } from '../browser/harness.js';
import { start } from '../cli/command.js';

/** A text of the characters that the built-in stories have. */
export const story = 'Marlow lived by the mill. Marlow found a drum. Marlow';

/** A studio over a folder of models, and a browser. */
export interface StudioUnderTest {
  readonly folder: string;
  readonly url: string;
  /** The process that owns a model. @throws where none does */
  processOf(model: string): number;
  readonly browser: Browser;
  /**
   * A fresh page at a place of the run's; what it asked for and complained of is kept. Pages without options of their own
   * share a context, which is what costs most to open: `close` takes away what such a page kept.
   */
  open(hash?: string, options?: Parameters<Browser['newContext']>[0]): Promise<Opened>;
  close(): Promise<void>;
}

export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
  /** Resolves once nothing has been on its way for a moment: what the page shows is then what it was told last. */
  settled(): Promise<void>;
  /** Closes the context's pages; what they kept in the browser is gone. */
  close(): Promise<void>;
}

const binary = fileURLToPath(new URL('../../dist/cli/main.node.js', import.meta.url));

/** Trains `run` for a few seconds, keeping a checkpoint every 20 steps; evaluated at the end only, which takes longest. */
export async function trainedRun(folder: string): Promise<void> {
  const size = '--layers 2 --heads 4 --width 32 --context 64 --batch 8 --lr 1e-2'.split(' ');
  const kept = '--steps 60 --eval-every 0 --save-every 20 --keep-every 20'.split(' ');
  const trained = await start(folder, ['train', 'stories', ...size, ...kept, '--out', 'run']).finished;
  if (trained.code !== 0) throw new Error(trained.err);
}

/** Puts models into a folder, and starts the command on it. */
export async function startStudio(make: (folder: string) => Promise<void> = trainedRun): Promise<StudioUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'studio-page-'));
  await make(folder);
  const command = spawn(process.execPath, [binary, 'studio', '.', '--no-open', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await addressOf(command);
  const browser = await chromium.launch({ executablePath: findChromium() ?? '', args: [...chromiumArguments] });
  const contextWith = (options: Parameters<Browser['newContext']>[0]): Promise<BrowserContext> =>
    browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true, ...options });
  const shared = await contextWith({});
  return {
    folder,
    url,
    processOf: (model) => childOf(command.pid as number, model),
    browser,
    async open(hash = '', options) {
      const context = options === undefined ? shared : await contextWith(options);
      const page = await context.newPage();
      const requests: string[] = [];
      const complaints: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      const underWay = new Set<Request>();
      let changed = performance.now();
      const note = (change: () => unknown): void => {
        change();
        changed = performance.now();
      };
      page.on('request', (request) => note(() => underWay.add(request)));
      const ended = (request: Request): void => note(() => underWay.delete(request));
      page.on('requestfinished', ended).on('requestfailed', ended);
      const settled = async (): Promise<void> => {
        while (underWay.size > 0 || performance.now() - changed < 250) await new Promise((resolve) => setTimeout(resolve, 20));
      };
      const closePages = async (): Promise<void> => {
        if (context !== shared) return context.close();
        await page.evaluate(() => localStorage.clear());
        await Promise.all(context.pages().map((one) => one.close()));
      };
      await page.goto(`${url}#${hash}`);
      return { page, context, requests, complaints, settled, close: closePages };
    },
    async close() {
      await browser.close();
      const closed = once(command, 'close');
      command.kill('SIGINT');
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A process that another one started for a model: its arguments name it. */
function childOf(pid: number, model: string): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  const found = children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(`"model":"${model}"`));
  if (found === undefined) throw new Error(`no process for ${model} among ${children.length}`);
  return Number(found);
}

/** The address that the command prints, once it listens. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk;
      const url = /http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+/.exec(printed)?.[0];
      if (url) resolve(url);
    });
    child.once('close', (code) => reject(new Error(`the studio ended with ${code}`)));
  });
}

/** The place of the story in an address. */
export function at(fields: Readonly<Record<string, string>> = {}): string {
  return new URLSearchParams({ text: story, ...fields }).toString();
}
