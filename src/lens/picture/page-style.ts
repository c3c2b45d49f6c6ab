import { colourOf, LEVELS, RAMPS } from './ramp.js';
import type { Scene } from './scene.js';

/** The page's style sheet. What depends on the scene (columns, legend) is a rule here, since the page's policy forbids style attributes. */
export function pageStyle(scene: Scene): string {
  const ticks = scene.ticks.map((tick, index) => `.ticks span:nth-child(${index + 1}) { left: ${(tick.at * 100).toFixed(2)}%; }`);
  // Longer tokens are written upwards along the top; single characters stay upright.
  const upright = scene.labels.every((label) => [...label].length === 1);
  return [
    `:root { ${variables('light', scene.signed)} --page: #fdfdfc; --panel: #ffffff; --ink: #1a2029; --quiet: #5a6472; --line: #d9dee5; --hatch: #dde2e9; --focus: #c2410c; }`,
    `@media (prefers-color-scheme: dark) { :root { ${variables('dark', scene.signed)} --page: #0f1318; --panel: #141920; --ink: #e8ecf1; --quiet: #9ba7b6; --line: #2c3541; --hatch: #27303b; --focus: #ff9d57; } }`,
    `#grid { grid-template-columns: auto repeat(${scene.heads}, minmax(22px, 92px)); }`,
    upright ? UPRIGHT : UPWARDS,
    ...ticks,
    STYLE,
  ].join('\n');
}

function variables(theme: 'light' | 'dark', signed: boolean): string {
  const colours: string[] = [];
  for (let level = 0; level < LEVELS; level += 51) colours.push(colourOf(RAMPS[theme], level, false));
  if (signed) for (let level = 51; level < LEVELS; level += 51) colours.unshift(colourOf(RAMPS[theme], level, true));
  return `--scale: linear-gradient(to right, ${colours.join(', ')});`;
}

const UPRIGHT = '#keys span { justify-content: center; }';
const UPWARDS = '#keys span { writing-mode: vertical-rl; transform: rotate(180deg); align-items: center; max-height: 9em; }';

const STYLE = `* { box-sizing: border-box; }
html { color-scheme: light dark; }
body { margin: 0 auto; padding: 20px clamp(14px, 3vw, 36px) 32px; max-width: 1480px; background: var(--page); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, 'Segoe UI', sans-serif; }
h1 { font-size: 21px; line-height: 1.25; font-weight: 650; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 14px; font-weight: 650; margin: 0 0 8px; }
h2 .quiet { font-weight: 400; }
p { margin: 0; }
header { margin-bottom: 16px; }
header bdi { margin-right: 14px; }
.quiet { color: var(--quiet); font-size: 13px; overflow-wrap: anywhere; }
.nowrap { display: inline-block; }
main { display: grid; grid-template-columns: minmax(0, 410px) minmax(0, 1fr); gap: 20px 44px; align-items: start; }
main > .text, main > #table { grid-column: 1 / -1; }
#text, #matrix, .token, td, th { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono', monospace; }
#text { font-size: 15px; line-height: 1.3; max-height: 30vh; overflow: auto; padding: 3px; margin: -3px; }
#text span { display: inline-block; max-width: 100%; padding: 2px 2px 3px; margin: 1px 0.5px; border-radius: 3px; cursor: pointer;
  overflow-wrap: anywhere; forced-color-adjust: none; }
#text .masked { color: var(--quiet); }
#text .query { outline: 2px solid var(--focus); outline-offset: -1px; }
#text .key { box-shadow: inset 0 -2.5px 0 var(--focus); }
#grid { display: grid; gap: 5px; justify-content: start; overflow-x: auto; padding: 3px; margin: -3px; }
.axis { color: var(--quiet); font-size: 12px; align-self: center; text-align: center; padding-right: 2px; font-variant-numeric: tabular-nums; }
.thumbnail { display: block; padding: 0; border: 0; background: var(--hatch); border-radius: 3px; cursor: pointer; overflow: hidden; aspect-ratio: 1; }
.thumbnail canvas { display: block; width: 100%; height: 100%; }
.thumbnail[aria-pressed='true'] { outline: 2.5px solid var(--focus); outline-offset: 0; }
.legend { margin: 16px 0 12px; }
.bar { height: 12px; border-radius: 3px; background: var(--scale); border: 1px solid var(--line); forced-color-adjust: none; }
.ticks { position: relative; height: 20px; font-size: 12px; font-variant-numeric: tabular-nums; }
.ticks span { position: absolute; top: 2px; transform: translateX(-50%); }
.ticks span:first-child { transform: none; }
.ticks span:last-child { transform: translateX(-100%); }
.swatch { display: inline-block; width: 14px; height: 12px; vertical-align: -1px; border: 1px solid var(--line); border-radius: 2px; }
.swatch, #plot { background: repeating-linear-gradient(135deg, var(--hatch) 0 1.5px, transparent 1.5px 5px); }
kbd { display: inline-block; min-width: 20px; padding: 0 4px; margin: 0 2px 2px 0; border: 1px solid var(--line); border-radius: 4px;
  background: var(--panel); color: var(--ink); font: 12px/18px ui-monospace, Menlo, Consolas, monospace; text-align: center; }
kbd + kbd { margin-left: 0; }
.bar-of-head { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: 4px 16px; margin-bottom: 8px; }
.bar-of-head h2 { display: inline-block; margin: 0 10px 0 0; font-size: 16px; }
.steps { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.step { display: inline-flex; align-items: center; gap: 6px; color: var(--quiet); font-size: 13px; }
.steps button { font: inherit; font-size: 14px; min-width: 30px; height: 28px; padding: 0 8px; color: var(--ink); background: var(--panel);
  border: 1px solid var(--line); border-radius: 6px; cursor: pointer; }
.steps button:hover { border-color: var(--quiet); }
.steps button[aria-pressed='true'] { border-color: var(--focus); }
#readout { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); max-width: 560px; gap: 8px; padding: 8px 12px; margin-bottom: 10px;
  background: var(--panel); border: 1px solid var(--line); border-radius: 8px; font-size: 15px; font-variant-numeric: tabular-nums; }
.part { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.part:last-child { overflow: visible; }
.token { padding: 0 4px; border-radius: 3px; background: var(--hatch); }
#matrix { display: grid; grid-template-columns: max-content max-content; width: max-content; max-width: 100%; max-height: max(420px, 88vh);
  overflow: auto; padding: 0 2px 2px 0; scroll-padding: 48px 0 0 48px; margin-bottom: 8px; font-size: var(--label, 11px); line-height: 1; }
#keys, .corner { position: sticky; top: 0; z-index: 2; background: var(--page); }
#queries, .corner { position: sticky; left: 0; background: var(--page); }
#queries { z-index: 1; }
.corner { z-index: 3; }
#keys { display: flex; align-items: flex-end; padding-bottom: 4px; min-height: 1.6em; }
#queries { padding-right: 5px; }
#keys span, #queries span { display: flex; white-space: pre; color: var(--quiet); }
#keys span { width: var(--cell); flex: none; }
#queries span { height: var(--cell); align-items: center; justify-content: flex-end; padding-left: 3px; }
#keys .at bdi, #queries .at bdi { color: var(--page); background: var(--focus); outline: 1px solid var(--focus); border-radius: 1px; font-weight: 700; }
#plot { position: relative; width: var(--size); height: var(--size); cursor: crosshair; outline: 1px solid var(--line); forced-color-adjust: none; }
#cells { display: block; width: 100%; height: 100%; image-rendering: pixelated; }
#plot div { position: absolute; left: 0; top: 0; pointer-events: none; }
.lines { width: 100%; height: 100%; background: linear-gradient(to right, var(--page) 1px, transparent 1px), linear-gradient(var(--page) 1px, transparent 1px);
  background-size: var(--cell) var(--cell); opacity: 0.55; }
#row { width: 100%; height: var(--cell); box-shadow: 0 -1px 0 var(--focus), 0 1px 0 var(--focus); opacity: 0.6; }
#column { height: 100%; width: var(--cell); box-shadow: -1px 0 0 var(--focus), 1px 0 0 var(--focus); opacity: 0.6; }
#cell { width: var(--cell); height: var(--cell); outline: 2px solid var(--focus); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
#plot:focus-visible { outline: 0; }
#plot:focus-visible::after { content: ''; position: absolute; inset: 0; outline: 3px solid var(--focus); outline-offset: -3px; pointer-events: none; }
#table { overflow: auto; max-height: 80vh; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
table { min-width: 300px; border-collapse: collapse; font-size: 12px; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 6px 0; color: var(--quiet); font-size: 13px; }
td, th { padding: 2px 6px; text-align: right; border-bottom: 1px solid var(--line); white-space: pre; font-weight: 400; }
th { color: var(--quiet); background: var(--page); }
thead th { position: sticky; top: 0; }
tbody th { position: sticky; left: 0; }
@media (max-width: 900px) { main { grid-template-columns: minmax(0, 1fr); gap: 20px; } #readout { font-size: 14px; padding: 7px 9px; gap: 4px; } }
@media (max-width: 480px) { #readout { grid-template-columns: 1fr 1fr; } .part:last-child { grid-column: 1 / -1; } }`;
