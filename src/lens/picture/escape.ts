/** Text made safe inside elements and quoted attributes of HTML and XML. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

/**
 * A value as JSON that may stand inside `<script type="application/json">`: no `<` is left in it, so no token can close the element or open
 * a comment. `JSON.parse` gives the value back exactly, lone surrogates included.
 */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
