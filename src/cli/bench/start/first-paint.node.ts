import { existsSync } from 'node:fs';
import { lastWords, type StartedCommand, startProcess } from './process-start.node.js';

/** Debian's, or another that is named. */
const chromiumPath = (): string => process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** A browser that is open already: what a person has before the command. */
export interface OpenBrowser {
  /** Milliseconds from the command's start to the address it prints, and to the first paint of the page there. */
  timePage(command: StartedCommand): Promise<{ readonly address: number; readonly paint: number }>;
  close(): Promise<void>;
}

/** Opens Chromium. @returns why not, where there is none */
export async function openBrowser(): Promise<OpenBrowser | { readonly missing: string }> {
  const executablePath = chromiumPath();
  if (!existsSync(executablePath)) return { missing: `no Chromium at ${executablePath}` };
  const playwright = await import('playwright-core').catch(() => undefined);
  if (playwright === undefined) return { missing: 'playwright-core is not installed (a checkout has it)' };
  const browser = await playwright.chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
  return {
    async timePage(command) {
      const begun = performance.timeOrigin + performance.now();
      const child = startProcess(command);
      const said = lastWords(child);
      // A context of its own has an empty cache.
      const context = await browser.newContext();
      try {
        const url = await new Promise<string>((resolve, reject) => {
          child.stdout?.once('data', (text: Buffer) => resolve(text.toString().trim()));
          child.once('close', () => reject(new Error(`the studio ended: ${said()}`)));
        });
        const address = performance.timeOrigin + performance.now() - begun;
        const page = await context.newPage();
        await page.goto(url);
        const painted = (await page.evaluate(firstPaint)) as number;
        return { address, paint: painted - begun };
      } finally {
        await context.close();
        child.kill('SIGKILL');
      }
    },
    close: () => browser.close(),
  };
}

/** In the page: when something was first painted, in milliseconds since 1970. Text, since it runs there. */
const firstPaint = `new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const [entry] = list.getEntriesByName('first-contentful-paint');
    if (entry) resolve(performance.timeOrigin + entry.startTime);
  }).observe({ type: 'paint', buffered: true });
})`;
