import { readFileSync, writeFileSync } from 'node:fs';

/** What stands between the two marks of a section of a page is this now; a page without them gets both. Answers the page. */
export function writeSection(page: string, name: string, content: string): string {
  writeFileSync(page, withSection(readFileSync(page, 'utf8'), name, content));
  return page;
}

function withSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) return `${text.trimEnd()}\n\n${begin}\n\n${content}\n\n${end}\n`;
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}
