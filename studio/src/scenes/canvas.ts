import { MONO, SANS } from './fonts.js';
import { heatPixels } from './heat-pixels.js';
import type { Heat, Label, Line, Rect, Scene } from './scene.js';
import { colour, inkOver, type ThemeName } from './theme.js';

type Context = CanvasRenderingContext2D;

/** Draws a scene, over what is there. `scale`: device pixels a CSS pixel. */
export function drawScene(context: Context, scene: Scene, theme: ThemeName, scale: number): void {
  context.save();
  context.scale(scale, scale);
  for (const mark of scene.marks) {
    if (mark.kind === 'heat') drawHeat(context, mark, theme);
    else if (mark.kind === 'rect') drawRect(context, mark, theme);
    else if (mark.kind === 'line') drawLine(context, mark, theme);
    else drawLabel(context, mark, theme);
  }
  context.restore();
}

/** A scene as a picture of its own, on the theme's ground. */
export function sceneCanvas(scene: Scene, theme: ThemeName, scale: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil(scene.width * scale);
  canvas.height = Math.ceil(scene.height * scale);
  const context = canvas.getContext('2d') as Context;
  context.fillStyle = colour(theme, 'panel');
  context.fillRect(0, 0, canvas.width, canvas.height);
  drawScene(context, scene, theme, scale);
  return canvas;
}

/** Pictures of heats by their values: a pan draws the same ones again and again. */
const pictures = new WeakMap<Float32Array, { readonly key: string; readonly canvas: HTMLCanvasElement }>();

function drawHeat(context: Context, heat: Heat, theme: ThemeName): void {
  if (heat.rows === 0 || heat.columns === 0) return;
  context.imageSmoothingEnabled = false;
  context.drawImage(heatPicture(heat, theme), heat.x, heat.y, heat.width, heat.height);
}

function heatPicture(heat: Heat, theme: ThemeName): HTMLCanvasElement {
  const key = `${theme} ${heat.top} ${heat.maskedFrom} ${heat.rows} ${heat.columns}`;
  const kept = pictures.get(heat.values);
  if (kept?.key === key) return kept.canvas;
  const canvas = document.createElement('canvas');
  canvas.width = heat.columns;
  canvas.height = heat.rows;
  const pixels = heatPixels(heat, theme);
  (canvas.getContext('2d') as Context).putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), heat.columns, heat.rows), 0, 0);
  pictures.set(heat.values, { key, canvas });
  return canvas;
}

function drawRect(context: Context, rect: Rect, theme: ThemeName): void {
  context.globalAlpha = rect.opacity ?? 1;
  context.beginPath();
  if (rect.radius) context.roundRect(rect.x, rect.y, rect.width, rect.height, rect.radius);
  else context.rect(rect.x, rect.y, rect.width, rect.height);
  if (rect.fill !== undefined) {
    context.fillStyle = colour(theme, rect.fill);
    context.fill();
  }
  if (rect.stroke !== undefined) {
    context.strokeStyle = colour(theme, rect.stroke);
    context.lineWidth = rect.strokeWidth ?? 1;
    context.stroke();
  }
  context.globalAlpha = 1;
}

function drawLine(context: Context, line: Line, theme: ThemeName): void {
  context.globalAlpha = line.opacity ?? 1;
  context.strokeStyle = colour(theme, line.stroke);
  context.lineWidth = line.width;
  context.lineJoin = 'round';
  context.setLineDash(line.dash ? [...line.dash] : []);
  context.beginPath();
  trace(context, line);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function trace(context: Context, { points, curve }: Line): void {
  const p = (index: number): number => points[index] as number;
  const end = points.length;
  if (curve === 'segments') {
    for (let i = 0; i + 3 < end; i += 4) {
      context.moveTo(p(i), p(i + 1));
      context.lineTo(p(i + 2), p(i + 3));
    }
    return;
  }
  context.moveTo(p(0), p(1));
  if (curve === 'cubic') {
    for (let i = 2; i + 5 < end; i += 6) context.bezierCurveTo(p(i), p(i + 1), p(i + 2), p(i + 3), p(i + 4), p(i + 5));
  } else if (curve === 'quadratic') {
    for (let i = 2; i + 3 < end; i += 4) context.quadraticCurveTo(p(i), p(i + 1), p(i + 2), p(i + 3));
  } else {
    for (let i = 2; i + 1 < end; i += 2) context.lineTo(p(i), p(i + 1));
  }
}

function drawLabel(context: Context, label: Label, theme: ThemeName): void {
  context.font = `${label.bold ? '650 ' : ''}${label.size}px ${label.mono ? MONO : SANS}`;
  context.fillStyle = label.fill === 'over' ? inkOver(theme, label.on ?? { weight: 0, top: 1 }) : colour(theme, label.fill);
  context.textAlign = label.anchor === 'middle' ? 'center' : (label.anchor ?? 'start');
  context.textBaseline = 'alphabetic';
  if (!label.upwards) {
    context.fillText(label.text, label.x, label.y);
    return;
  }
  context.save();
  context.translate(label.x, label.y);
  context.rotate(-Math.PI / 2);
  context.fillText(label.text, 0, 0);
  context.restore();
}
