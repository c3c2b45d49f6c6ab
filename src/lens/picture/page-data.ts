import { float32ToBase64 } from './base64.js';
import { RAMPS } from './ramp.js';
import { headCells, type Scene, strongestKey, THUMBNAIL_SIDE } from './scene.js';

/** What the page's script reads: the scene, its weights as base64 of little-endian float32, and the colours. */
export function pageData(scene: Scene) {
  const query = scene.tokens.length - 1;
  return {
    tokens: scene.tokens,
    shown: scene.shown,
    layers: scene.layers,
    heads: scene.heads,
    sites: scene.sites,
    patterns: scene.patterns.map(float32ToBase64),
    causal: scene.causal,
    top: scene.top,
    layer: scene.layer,
    head: scene.head,
    // The page opens on the last token's strongest link: it is the one that predicts what comes next.
    query,
    key: strongestKey(headCells(scene, scene.layer, scene.head), query),
    thumbnailSide: THUMBNAIL_SIDE,
    ramps: RAMPS,
  };
}
