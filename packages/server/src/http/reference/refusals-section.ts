import type { OpenApiDocument, ResponseObject } from '../openapi-document.ts';
import { shapeText } from './field-table.ts';
import { type Html, html } from './html.ts';
import { exampleSample, statusName } from './operation-section.ts';
import { prose } from './prose.ts';

/** Every status of a refusal once: what it means and how it looks. */
export function refusalsSection(
  document: OpenApiDocument,
  anchor: string,
  refusalAnchors: ReadonlyMap<string, string>,
): Html | null {
  const refusals = Object.entries(document.components.responses);
  if (refusals.length === 0) return null;
  return html`<section id="${anchor}" aria-labelledby="${anchor}-title">
<h2 id="${anchor}-title">Refusals</h2>
${shapes(document, refusals)}
${refusals.map(([status, response]) => refusal(status, response, refusalAnchors.get(status) ?? status))}</section>
`;
}

/** Refusals mostly share one shape, which is then described once. */
function shapes(document: OpenApiDocument, refusals: readonly (readonly [string, ResponseObject])[]): Html[] {
  const bodies = refusals.flatMap(([, response]) => Object.entries(response.content ?? {}));
  const different = new Map(
    bodies.map(([type, { schema }]) => [`${type} ${JSON.stringify(schema)}`, { type, schema }]),
  );
  return [...different.values()].map(({ type, schema }) => {
    const fields = shapeText(document, schema, { caption: 'Fields of a refusal', direction: 'response' });
    return html`<p class="types"><code>${type}</code></p>\n${fields}`;
  });
}

function refusal(status: string, response: ResponseObject, anchor: string): Html {
  const media = Object.values(response.content ?? {}).find(({ example }) => example !== undefined);
  const example = media === undefined ? null : exampleSample(`Answer ${statusName(status)}`, media.example);
  return html`<article class="operation" id="${anchor}" aria-labelledby="${anchor}-title">
<div class="words">
<h3 id="${anchor}-title"><a href="#${anchor}">${statusName(status)}</a></h3>
${prose(response.description)}
</div>
<div class="samples">
${example}</div>
</article>
`;
}
