// What is measured of the studio's page, in Chromium. Events are dispatched in the page, so that no driver's time is counted.

/** @typedef {import('playwright-core').Page} Page */

/**
 * When the first pixel and the first content were painted, in milliseconds.
 * @param {Page} page
 * @returns {Promise<Record<string, number>>}
 */
export function paints(page) {
  return page.evaluate(() => Object.fromEntries(performance.getEntriesByType('paint').map(({ name, startTime }) => [name, startTime])));
}

/**
 * From a key in the text to the frame that has the tokens and the predictions of the new text, in milliseconds.
 * @param {Page} page
 * @param {number} times how often a letter comes, or goes again
 */
export async function edits(page, times) {
  const taken = [];
  for (let i = 0; i < times; i++) {
    taken.push(
      await page.evaluate(
        async (comes) => {
          const field = /** @type {HTMLTextAreaElement} */ (document.getElementById('prompt'));
          const tokens = () => document.querySelectorAll('.tokens button').length;
          const next = () => document.querySelector('[data-probability]')?.getAttribute('data-probability');
          const [count, bars] = [tokens(), next()];
          field.focus();
          const start = performance.now();
          field.value = comes ? `${field.value}a` : field.value.slice(0, -1);
          field.dispatchEvent(new Event('input', { bubbles: true }));
          while (tokens() === count || next() === bars) await new Promise((resolve) => requestAnimationFrame(resolve));
          return performance.now() - start;
        },
        i % 2 === 0,
      ),
    );
    await page.waitForTimeout(400);
  }
  return taken;
}

/**
 * From a key that raises the chosen weight to the frame that has the new predictions, in milliseconds.
 * @param {Page} page
 * @param {number} times
 */
export async function drags(page, times) {
  const taken = [];
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  for (let i = 0; i < times; i++) {
    taken.push(
      await page.evaluate(
        async (key) => {
          const next = () => document.querySelector('[data-probability]')?.getAttribute('data-probability');
          const bars = next();
          const start = performance.now();
          document.body.dispatchEvent(new KeyboardEvent('keydown', { key, altKey: true, bubbles: true, cancelable: true }));
          while (next() === bars) await new Promise((resolve) => requestAnimationFrame(resolve));
          return performance.now() - start;
        },
        i % 2 === 0 ? 'ArrowUp' : 'ArrowDown',
      ),
    );
    await page.waitForTimeout(150);
  }
  return taken;
}

/**
 * The longest tasks of the page's main thread while the matrix is panned, by Chromium's own trace, in milliseconds.
 * @param {Page} page
 * @param {number} duration milliseconds
 */
export async function pan(page, duration) {
  const client = await page.context().newCDPSession(page);
  /** @type {{ name: string, pid: number, tid: number, dur?: number, args?: { name?: string } }[]} */
  const events = [];
  client.on('Tracing.dataCollected', ({ value }) => events.push(.../** @type {typeof events} */ (/** @type {unknown} */ (value))));
  await client.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] },
  });
  const frames = await page.evaluate(async (until) => {
    const stage = /** @type {HTMLElement} */ (document.getElementById('stage'));
    const begun = performance.now();
    let count = 0;
    for (let passed = 0; passed < until; passed = performance.now() - begun) {
      const t = passed / 1000;
      const by = { deltaX: 30 * Math.sin(t * 2), deltaY: 24 * Math.cos(t * 3) };
      stage.dispatchEvent(new WheelEvent('wheel', { ...by, bubbles: true, cancelable: true }));
      count++;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    return count;
  }, duration);
  const whole = new Promise((resolve) => client.once('Tracing.tracingComplete', resolve));
  await client.send('Tracing.end');
  await whole;
  const main = new Set(
    events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = events
    .filter(({ name, pid, tid }) => /RunTask$/.test(name) && main.has(`${pid} ${tid}`))
    .map(({ dur = 0 }) => dur / 1000)
    .sort((a, b) => b - a);
  return { frames, tasks: tasks.length, longest: tasks.slice(0, 3) };
}
