import { base64 } from '#dist/lens/picture/base64.js';
import { escapeXml, jsonForScript } from '#dist/lens/picture/escape.js';
import { sha256 } from '#dist/lens/picture/sha256.js';
import type { Provenance } from '#dist/server/protocol/index.js';
import type { Words } from '../../i18n/en.js';

export interface CardData {
  readonly title: string;
  /** Pictures as SVG, under each other. */
  readonly pictures: readonly string[];
  readonly provenance: Provenance;
  readonly description: readonly string[];
  readonly view: string;
  /** What goes into the file as JSON. */
  readonly numbers: object;
  readonly language: string;
}

const STYLE = `:root{color-scheme:light}*{box-sizing:border-box}body{margin:0 auto;padding:28px 24px 48px;max-width:900px;background:#fff;color:#1a2029;font:15px/1.55 system-ui,-apple-system,'Segoe UI',sans-serif}
h1{margin:0 0 4px;font-size:22px;letter-spacing:-.01em;overflow-wrap:anywhere}figure{margin:20px 0;overflow:auto}svg{max-width:100%;height:auto}ul{padding-left:20px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:5px 20px;margin:20px 0;padding:16px 0;border-top:1px solid #dfe2e6}dt{color:#596270}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
code{font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}.quiet{color:#596270}@media(max-width:560px){dl{grid-template-columns:1fr}dd{margin-bottom:8px}}`;

/**
 * A view as one HTML file that asks nothing of any network and runs nothing: its security policy allows its own style, by
 * hash. Texts of the prompt and the tokenizer are escaped.
 */
export function cardHtml({ title, pictures, provenance, description, view, numbers, language }: CardData, words: Words['card']): string {
  const rows: [string, string][] = [
    [words.model, `${provenance.model} (${provenance.type})`],
    ...(provenance.step === undefined ? [] : [[words.step, String(provenance.step)] as [string, string]]),
    [words.parameters, provenance.parameters.toLocaleString('en')],
    [words.hash, provenance.hash],
    [words.prompt, provenance.prompt],
    [words.view, view],
    [words.changes, provenance.changes.join('\n') || words.none],
    [
      words.versions,
      Object.entries(provenance.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
  ];
  return `<!doctype html>
<html lang="${escapeXml(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${base64(sha256(STYLE))}'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeXml(title)}</h1>
<ul>
${description.map((line) => `<li>${escapeXml(line)}</li>`).join('\n')}
</ul>
${pictures.map((svg) => `<figure>${svg}</figure>`).join('\n')}
<dl>
${rows.map(([name, text]) => `<dt>${escapeXml(name)}</dt><dd>${escapeXml(text)}</dd>`).join('\n')}
</dl>
<p class="quiet">${escapeXml(words.data)}</p>
<script type="application/json" id="data">${jsonForScript(numbers)}</script>
</body>
</html>
`;
}
