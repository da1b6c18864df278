export type ContentPart = { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'id' | 'timestamp' };

export type ContentTemplate = {
  readonly before: readonly ContentPart[];
  readonly after: readonly ContentPart[];
};

export type TemplateResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly detail: string };

const TEMPLATE_CHARS_MAX = 128;
const LITERAL = /^[ -z|~\n]*$/;
// None of these occurs in a timestamp, and an id that holds its neighbour is refused, so content has one reading.
const SEPARATOR = /^[.:|;,/~ \n]$/;
const PLACEHOLDERS = ['id', 'timestamp', 'body'] as const;
type Placeholder = (typeof PLACEHOLDERS)[number];

function isPlaceholder(name: string): name is Placeholder {
  return PLACEHOLDERS.some((known) => known === name);
}

function refuse(detail: string): { readonly ok: false; readonly detail: string } {
  return { ok: false, detail };
}

/** Splits `a{b}c` into literals (even positions) and placeholder names (odd positions). */
function pieces(template: string): string[] {
  return template.split(/\{([^{}]*)\}/);
}

/** Compiles what is signed. The body must be there; nothing may stand twice. */
export function parseContent(template: string): TemplateResult<ContentTemplate> {
  if (template.length > TEMPLATE_CHARS_MAX) return refuse(`must have at most ${TEMPLATE_CHARS_MAX} characters`);
  const split = pieces(template);
  const seen = new Set<Placeholder>();
  const before: ContentPart[] = [];
  const after: ContentPart[] = [];
  for (const [index, piece] of split.entries()) {
    const side = seen.has('body') ? after : before;
    if (index % 2 === 0) {
      const between = index > 0 && index < split.length - 1;
      if (!LITERAL.test(piece)) return refuse('holds a brace or a character that is not printable ASCII or a newline');
      if (between && !SEPARATOR.test(piece))
        return refuse('needs one separator of . : | ; , / ~ space newline between two placeholders');
      if (piece !== '') side.push({ kind: 'literal', text: piece });
      continue;
    }
    if (!isPlaceholder(piece)) return refuse('knows only the placeholders {id}, {timestamp} and {body}');
    if (seen.has(piece)) return refuse(`names {${piece}} twice`);
    seen.add(piece);
    if (piece !== 'body') side.push({ kind: piece });
  }
  if (!seen.has('body')) return refuse('must contain {body}');
  return { ok: true, value: { before, after } };
}

const ELEMENT_LITERAL = /^[!-z|~]{0,32}$/;

/** Reads `v1,{signature}` or `t={timestamp}`: a literal, then one placeholder at the end. Answers with the literal. */
export function parseElement(template: string, placeholder: 'signature' | 'timestamp'): TemplateResult<string> {
  const end = `{${placeholder}}`;
  if (!template.endsWith(end)) return refuse(`must end with ${end}`);
  const literal = template.slice(0, -end.length);
  if (!ELEMENT_LITERAL.test(literal))
    return refuse(`may hold up to 32 visible ASCII characters, and no brace, before ${end}`);
  return { ok: true, value: literal };
}

/** The characters that stand next to `{id}`: an id that holds one of them could be read in two ways. */
export function separatorsOfId(content: ContentTemplate): readonly string[] {
  const found: string[] = [];
  for (const parts of [content.before, content.after]) {
    for (const [index, part] of parts.entries()) {
      if (part.kind !== 'id') continue;
      for (const next of [parts[index - 1], parts[index + 1]]) {
        if (next?.kind === 'literal' && SEPARATOR.test(next.text)) found.push(next.text);
      }
    }
  }
  return [...new Set(found)];
}

export function renderContent(parts: readonly ContentPart[], id: string, timestamp: string): string {
  let text = '';
  for (const part of parts) text += part.kind === 'literal' ? part.text : part.kind === 'id' ? id : timestamp;
  return text;
}
