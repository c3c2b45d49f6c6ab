import { base64 } from './base64.js';
import { escapeXml, jsonForScript } from './escape.js';
import { pageData } from './page-data.js';
import { PAGE_SCRIPT } from './page-script.js';
import { pageStyle } from './page-style.js';
import type { Scene } from './scene.js';
import { sha256 } from './sha256.js';
import { tickText } from './tick-text.js';

/**
 * The scene as one HTML file that asks nothing of any network. Its security policy lets run only its own script and style, by hash. Token
 * text is escaped here and set as text content by the script; it is never parsed as markup.
 */
export function sceneToHtml(scene: Scene): string {
  const style = pageStyle(scene);
  const policy = `default-src 'none'; script-src '${hash(PAGE_SCRIPT)}'; style-src '${hash(style)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const title = escapeXml(scene.title);
  const size = `${count(scene.layers, 'layer')} × ${count(scene.heads, 'head')}, ${count(scene.tokens.length, 'token')}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="quiet"><bdi>${escapeXml(scene.model)}</bdi> <span class="nowrap">${size}</span></p>
</header>
<noscript><p>The numbers in this file are drawn by its own script, which this browser does not run.</p></noscript>
<main>
<section class="text" aria-labelledby="text-title">
<h2 id="text-title">Text <span class="quiet">shaded by how much the outlined query token attends to each token</span></h2>
<p id="text" dir="ltr">${scene.shown.map(textToken).join('')}</p>
</section>
${headGrid(scene)}
${largeHead(scene)}
<section id="table" class="unseen" aria-label="Table of weights"><table></table></section>
</main>
<script type="application/json" id="data">${jsonForScript(pageData(scene))}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

function hash(source: string): string {
  return `sha256-${base64(sha256(source))}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function textToken(shown: string, index: number): string {
  return `<span data-token="${index}">${escapeXml(shown)}</span>${shown.endsWith('⏎') ? '<br>' : ''}`;
}

/** Thumbnails: a row per layer, a column per head. The script draws them. */
function headGrid(scene: Scene): string {
  const numbers = (length: number) => Array.from({ length }, (_, index) => index);
  const top = numbers(scene.heads).map((head) => `<span class="axis" aria-hidden="true">H${head}</span>`);
  const rows = numbers(scene.layers).map((layer) => {
    const site = escapeXml(scene.sites[layer] ?? '');
    const buttons = numbers(scene.heads).map(
      (head) =>
        `<button type="button" class="thumbnail" data-layer="${layer}" data-head="${head}" aria-label="Layer ${layer}, head ${head}"><canvas></canvas></button>`,
    );
    return `<span class="axis" aria-hidden="true" title="${site}">L${layer}</span>${buttons.join('')}`;
  });
  return `<section class="overview" aria-labelledby="overview-title">
<h2 id="overview-title">All heads <span class="quiet">a row per layer, a column per head</span></h2>
<div id="grid" role="group" aria-labelledby="overview-title"><span></span>${top.join('')}${rows.join('')}</div>
${legend(scene)}
<p class="help quiet"><kbd>←</kbd><kbd>↑</kbd><kbd>↓</kbd><kbd>→</kbd> cell <kbd>[</kbd><kbd>]</kbd> head <kbd>{</kbd><kbd>}</kbd> layer <kbd>T</kbd> table</p>
</section>`;
}

function legend(scene: Scene): string {
  const ticks = scene.ticks.map((tick) => `<span>${tickText(tick.weight)}</span>`).join('');
  const some = scene.causal.flat().some((causal) => causal);
  const masked = some ? '<span class="nowrap"><span class="swatch"></span> masked: exactly 0, the query cannot see that far</span>' : '';
  return `<div class="legend" role="group" aria-label="Colour scale">
<div class="bar"></div><div class="ticks">${ticks}</div>
<p class="quiet">attention weight, colour by its square root. ${masked}</p>
</div>`;
}

function largeHead(scene: Scene): string {
  const labels = (kind: string) =>
    scene.labels
      .map(
        (label, index) =>
          `<span data-${kind}="${index}" title="${escapeXml(`${index} ${scene.shown[index] ?? ''}`)}"><bdi>${escapeXml(label)}</bdi></span>`,
      )
      .join('');
  const step = (kind: string, by: number, key: string) =>
    `<button type="button" data-step="${kind}" data-by="${by}" aria-keyshortcuts="${key}" title="${key}" aria-label="${by < 0 ? 'Previous' : 'Next'} ${kind}">${by < 0 ? '‹' : '›'}</button>`;
  return `<section class="large" aria-labelledby="head-title">
<div class="bar-of-head"><div><h2 id="head-title"></h2><span id="site" class="quiet"></span></div>
<div class="steps"><span class="step">${step('layer', -1, '{')}<span aria-hidden="true">layer</span>${step('layer', 1, '}')}</span>
<span class="step">${step('head', -1, '[')}<span aria-hidden="true">head</span>${step('head', 1, ']')}</span>
<button type="button" id="toggle-table" aria-pressed="false" aria-controls="table" aria-keyshortcuts="T" title="T">Table</button></div></div>
<div id="readout" aria-live="polite" aria-atomic="true">
<span class="part"><span class="quiet">query</span> <b id="query-position"></b> <bdi id="query-token" class="token"></bdi></span>
<span class="part"><span class="quiet">key</span> <b id="key-position"></b> <bdi id="key-token" class="token"></bdi></span>
<span class="part"><span class="quiet">weight</span> <b id="weight"></b> <span id="note" class="quiet"></span></span>
</div>
<div id="matrix" dir="ltr">
<div class="corner" aria-hidden="true"></div>
<div id="keys" aria-hidden="true">${labels('key')}</div>
<div id="queries" aria-hidden="true">${labels('query')}</div>
<div id="plot" tabindex="0" role="application" aria-label="Attention matrix. Arrow keys move the cell. The table below holds every weight."><canvas id="cells"></canvas><div class="lines"></div><div id="row"></div><div id="column"></div><div id="cell"></div></div>
</div>
<p class="quiet">Each row is a query token, the one that looks; each column a key token, the one looked at. Positions count from 0.</p>
</section>`;
}
