/** Everything that may stand in a page: nothing that runs, loads or sends. */
const TAGS = new Set(
  'html head meta title style body a div nav p ul li details summary main header section article h1 h2 h3 h4 dl dt dd table caption thead tbody tr th td code pre span strong em figure figcaption wbr'.split(
    ' ',
  ),
);
const ATTRIBUTES = new Set(
  'lang charset name content id class href aria-label aria-labelledby scope tabindex'.split(' '),
);
const VOID = new Set(['meta', 'wbr']);
const BLOCKS = new Set('div nav p ul li details table header section article h1 h2 h3 h4 dl pre figure'.split(' '));
/** What holds only text and its like. */
const PHRASES = new Set(['p', 'h1', 'h2', 'h3', 'h4', 'a', 'code', 'span', 'summary', 'figcaption', 'strong', 'em']);

const TAG = /<(\/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"<>]*")*)>/g;
const ATTRIBUTE = / ([a-z-]+)="([^"<>]*)"/g;
const ENTITY = /&(?!(?:amp|lt|gt|quot|#39);)/;

type Seen = {
  readonly ids: string[];
  readonly links: string[];
  readonly labels: string[];
  readonly headings: number[];
};

/**
 * What is wrong with a page as HTML, as something that people with a keyboard or a screen reader use, and as something
 * that holds text of strangers. It knows only what our pages are made of: all else is a fault.
 */
export function pageFaults(page: string, documentUrl: string): string[] {
  const DOCTYPE = '<!DOCTYPE html>\n';
  const faults = page.startsWith(DOCTYPE) ? [] : ['no doctype'];
  const [before = '', style = '', after = ''] = page.slice(DOCTYPE.length).split(/(?<=<style>)|(?=<\/style>)/, 3);
  if (style.includes('<')) faults.push('markup in the style');
  const rest = before + after;
  const seen: Seen = { ids: [], links: [], labels: [], headings: [] };
  const open: string[] = [];
  let end = 0;
  for (const match of rest.matchAll(TAG)) {
    const [whole, slash, name = '', attributes = ''] = match;
    faults.push(...textFaults(rest.slice(end, match.index)));
    end = match.index + whole.length;
    if (slash === '/') {
      if (open.pop() !== name) faults.push(`${whole} closes another element`);
      continue;
    }
    faults.push(...tagFaults(name, open), ...attributeFaults(name, attributes, seen));
    const level = /^h([1-6])$/.exec(name)?.[1];
    if (level !== undefined) seen.headings.push(Number(level));
    if (!VOID.has(name)) open.push(name);
  }
  faults.push(...textFaults(rest.slice(end)));
  if (open.length > 0) faults.push(`not closed: ${open.join()}`);
  return [...faults, ...wholeFaults(seen, documentUrl)];
}

function textFaults(text: string): string[] {
  const faults = ENTITY.test(text) ? [`"&" in ${JSON.stringify(text)}`] : [];
  return /[<>]/.test(text) ? [...faults, `markup in ${JSON.stringify(text)}`] : faults;
}

function tagFaults(name: string, open: readonly string[]): string[] {
  if (!TAGS.has(name)) return [`<${name}> has no place in a page`];
  const holder = open.find((one) => PHRASES.has(one));
  return BLOCKS.has(name) && holder !== undefined ? [`<${name}> within <${holder}>`] : [];
}

function attributeFaults(tag: string, attributes: string, seen: Seen): string[] {
  const faults: string[] = [];
  const names: string[] = [];
  for (const [, name = '', value = ''] of attributes.matchAll(ATTRIBUTE)) {
    if (!ATTRIBUTES.has(name)) faults.push(`${name} has no place in a page`);
    if (names.includes(name)) faults.push(`${name} stands twice`);
    if (ENTITY.test(value)) faults.push(`"&" in ${value}`);
    names.push(name);
    if (name === 'id') seen.ids.push(value);
    if (name === 'href') seen.links.push(value);
    if (name === 'aria-labelledby') seen.labels.push(value);
  }
  if (tag === 'th' && !names.includes('scope')) faults.push('a table header without a scope');
  return faults;
}

function wholeFaults({ ids, links, labels, headings }: Seen, documentUrl: string): string[] {
  const faults = ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `id ${id} stands twice`);
  faults.push(...ids.filter((id) => !/^[\w-]+$/.test(id)).map((id) => `id ${id} is no word`));
  for (const link of links) {
    const leads = link === documentUrl || (link.startsWith('#') && ids.includes(link.slice(1)));
    if (!leads) faults.push(`the link ${link} leads nowhere`);
  }
  faults.push(...labels.filter((label) => !ids.includes(label)).map((label) => `the label ${label} is not there`));
  if (headings.filter((level) => level === 1).length !== 1 || headings[0] !== 1) faults.push('not one first heading');
  const jumps = headings.filter((level, index) => index > 0 && level > (headings[index - 1] ?? 0) + 1);
  faults.push(...jumps.map((level) => `a heading of level ${level} skips one`));
  return faults;
}
