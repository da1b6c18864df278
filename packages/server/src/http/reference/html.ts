/** Text that is safe to stand in a page. Made by `html`, which escapes, and from the page's own style. */
export class Html {
  readonly #text: string;

  constructor(trusted: string) {
    this.#text = trusted;
  }

  toString(): string {
    return this.#text;
  }
}

export type HtmlPart = Html | string | number | null | readonly HtmlPart[];

/** Markup from a template. What is put into it is escaped unless it is markup itself; null is nothing. */
export function html(markup: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let text = markup[0] ?? '';
  for (const [index, part] of parts.entries()) text += written(part) + (markup[index + 1] ?? '');
  return new Html(text);
}

function written(part: HtmlPart): string {
  if (part === null) return '';
  if (part instanceof Html) return part.toString();
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return part.map(written).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters may not stand in a page in any form. Direction marks could show text as other than it is. */
// oxlint-disable-next-line no-control-regex
const UNFIT = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** For text between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(UNFIT, '\ufffd').replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
