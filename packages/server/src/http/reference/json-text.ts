import { type Html, html } from './html.ts';

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** A value as indented JSON, its names and strings told apart by colour. */
export function jsonText(value: unknown): Html[] {
  const text = JSON.stringify(value, null, 2) ?? '';
  const parts: Html[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon] = match;
    parts.push(html`${text.slice(end, match.index)}`);
    if (string === undefined) parts.push(html`<span class="lit">${whole}</span>`);
    else if (colon === undefined) parts.push(html`<span class="str">${whole}</span>`);
    else parts.push(html`<span class="key">${string}</span>${colon}`);
    end = match.index + whole.length;
  }
  parts.push(html`${text.slice(end)}`);
  return parts;
}
