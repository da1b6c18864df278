import type { OpenApiDocument, Parameter } from '../openapi-document.ts';
import { type Field, type Shape, shapeOf } from './fields.ts';
import { type Html, html } from './html.ts';
import { limitsOf } from './limits-text.ts';
import { inline, prose } from './prose.ts';

/** Names are indented by classes: the page's policy lets no element have a style of its own. */
const INDENT_MAX = 6;

/** Who writes the fields decides what is worth a mark: the ones that must be sent, or the ones that may be missing. */
export type Direction = 'request' | 'response';

/** The fields of a body; one line of text where it has none. */
export function shapeText(document: OpenApiDocument, schema: Parameter['schema'], table: Omit<Table, 'rows'>): Html {
  const shape = shapeOf(document, schema);
  if (shape.fields.length === 0) return html`${whole(shape)}`;
  const isPlain = shape.type === 'object';
  return html`${isPlain ? prose(shape.description ?? '') : whole(shape)}${tableOf({ ...table, rows: shape.fields.map(fieldRow) })}`;
}

function whole({ type, limits, description }: Shape): Html[] {
  const facts = [type, ...limits].join('; ');
  return [html`<p>${inline(facts)}</p>`, ...prose(description ?? '')];
}

type Row = {
  /** Names that the reader knows from the lines above. */
  readonly above: string;
  readonly name: string;
  readonly free: boolean;
  readonly depth: number;
  readonly required: boolean;
  readonly type: string;
  readonly where: string | null;
  readonly limits: readonly string[];
  readonly description: string | null;
};

type Table = { readonly caption: string; readonly direction: Direction; readonly rows: readonly Row[] };

function fieldRow({ path, ...field }: Field): Row {
  const above = path.slice(0, -1).map((name) => `${name}.`);
  return { ...field, above: above.join(''), name: path.at(-1) ?? '', where: null };
}

/** Parameters of a path, a query or in headers. */
export function parameterTable(document: OpenApiDocument, parameters: readonly Parameter[]): Html {
  const rows = parameters.map((parameter): Row => {
    const { type } = shapeOf(document, parameter.schema);
    const { name, required, description = null, example, schema } = parameter;
    const limits = limitsOf(example === undefined ? schema : { ...schema, example });
    return {
      above: '',
      name,
      free: false,
      depth: 0,
      required,
      type,
      where: `in\u00a0${parameter.in}`,
      limits,
      description,
    };
  });
  return tableOf({ caption: 'Parameters', direction: 'request', rows });
}

function tableOf({ caption, direction, rows }: Table): Html {
  return html`<table>
<caption class="unseen">${caption}</caption>
<thead class="unseen"><tr><th scope="col">Name and type</th><th scope="col">Meaning</th></tr></thead>
<tbody>
${rows.map((row) => rowHtml(row, direction))}</tbody>
</table>
`;
}

function rowHtml(row: Row, direction: Direction): Html {
  const { above, name, free, depth, required, type, where, limits, description } = row;
  const indent = depth === 0 ? null : html` class="in${Math.min(depth, INDENT_MAX)}"`;
  const shown = free ? html`<em>${name}</em>` : html`<code>${name}</code>`;
  const before = above === '' ? null : html`<span class="unseen">${above}</span>`;
  const meaning = [...prose(description ?? ''), ...limits.map((limit) => html`<p class="limit">${inline(limit)}</p>`)];
  return html`<tr${indent}><th scope="row">${before}${shown} <span class="type">${type}</span>${where === null ? null : html` <span class="type">${where}</span>`}${free ? null : mark(required, direction)}</th><td>${meaning}</td></tr>
`;
}

function mark(required: boolean, direction: Direction): Html | null {
  if (direction === 'request') return required ? html` <strong class="required">required</strong>` : null;
  return required ? null : html` <em class="optional">may be absent</em>`;
}
