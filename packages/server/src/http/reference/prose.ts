import { type Html, html } from './html.ts';

const BLANK_LINES = /\n[ \t]*\n\s*/;
const CODE = /`([^`\n]+)`/;

/** Paragraphs, parted by blank lines; of Markdown only code between backticks is known. */
export function prose(text: string): Html[] {
  return paragraphsOf(text).map((paragraph) => html`<p>${inline(paragraph)}</p>`);
}

export function paragraphsOf(text: string): string[] {
  return text
    .split(BLANK_LINES)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '');
}

/** One line of text, with its code. */
export function inline(text: string): Html[] {
  // Every second part is what stood between two backticks.
  return text.split(CODE).map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}
