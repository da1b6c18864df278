import { STATUS_CODES } from 'node:http';
import {
  type OpenApiDocument,
  type OperationObject,
  type ResponseObject,
  scopesSentence,
} from '../openapi-document.ts';
import { curlCommand } from './curl.ts';
import { parameterTable, shapeText } from './field-table.ts';
import { type Html, html } from './html.ts';
import { jsonText } from './json-text.ts';
import { inline, paragraphsOf, prose } from './prose.ts';

/** An operation, and where it stands in the API and on the page. */
export type PlacedOperation = {
  readonly anchor: string;
  readonly method: string;
  readonly path: string;
  readonly operation: OperationObject;
};

export type PageParts = {
  readonly document: OpenApiDocument;
  readonly serverUrl: string;
  /** Where each status of a refusal is explained. */
  readonly refusalAnchors: ReadonlyMap<string, string>;
};

type RequestBody = NonNullable<OperationObject['requestBody']>;

export function operationSection(parts: PageParts, placed: PlacedOperation): Html {
  const { document } = parts;
  const { anchor, method, path, operation } = placed;
  const { parameters = [], requestBody } = operation;
  const answers = Object.entries(operation.responses).flatMap(([status, response]) =>
    '$ref' in response ? [] : [{ status, response }],
  );
  return html`<article class="operation" id="${anchor}" aria-labelledby="${anchor}-title">
<div class="words">
<h3 id="${anchor}-title"><a href="#${anchor}">${inline(operation.summary)}</a></h3>
<p class="target">${methodBadge(method)} <code>${breakable(path)}</code></p>
${description(operation)}
${credentialsLine(document, operation)}${scopesLine(operation)}
${parameters.length === 0 ? null : html`<h4>Parameters</h4>\n${parameterTable(document, parameters)}`}
${requestBody === undefined ? null : bodySection(document, requestBody)}
${answers.map(({ status, response }) => answerSection(document, status, response))}
${refusalLinks(parts, operation)}
</div>
<div class="samples">
${sample('Request', html`<code>${curlCommand({ ...parts, ...placed })}</code>`, 'curl')}
${answers.map(({ status, response }) => answerSample(status, response))}
</div>
</article>
`;
}

export function methodBadge(method: string): Html {
  return html`<span class="method ${method.toLowerCase()}">${method}</span>`;
}

/** A long path may be broken before each of its parts. */
function breakable(path: string): Html[] {
  return path.split(/(?=\/)/).map((part, index) => (index === 0 ? html`${part}` : html`<wbr>${part}`));
}

function scopesOf(operation: OperationObject): string[] {
  return [...new Set(operation.security.flatMap((requirement) => Object.values(requirement).flat()))];
}

/** Without the sentence about scopes, which have a line of their own here. */
function description(operation: OperationObject): Html[] {
  const sentence = scopesSentence(scopesOf(operation));
  return paragraphsOf(operation.description ?? '')
    .filter((paragraph) => paragraph !== sentence)
    .flatMap(prose);
}

/** Said only where it is not what the whole page says. */
function credentialsLine({ components }: OpenApiDocument, { security }: OperationObject): Html | null {
  const names = security.flatMap((requirement) => Object.keys(requirement));
  if (names.length === 0 || names.length === Object.keys(components.securitySchemes).length) return null;
  return html`<p class="scopes">Credentials: ${names.join(' or ')}</p>\n`;
}

function scopesLine(operation: OperationObject): Html {
  if (operation.security.length === 0) return html`<p class="scopes">Anybody may call it.</p>`;
  const scopes = scopesOf(operation);
  if (scopes.length === 0) return html`<p class="scopes">Any credentials will do; no scope is needed.</p>`;
  return html`<p class="scopes">${scopes.length === 1 ? 'Scope' : 'Scopes'}: ${scopes.map((scope, index) => html`${index === 0 ? null : ', '}<code>${scope}</code>`)}</p>`;
}

function bodySection(document: OpenApiDocument, { content, required }: RequestBody): Html {
  // One body that may be sent under several types is described once.
  const bodies = Map.groupBy(Object.entries(content), ([, { schema }]) => JSON.stringify(schema));
  const parts = [...bodies.values()].flatMap((same) => {
    const schema = same[0]?.[1].schema ?? {};
    const fields = shapeText(document, schema, { caption: 'Fields of the body', direction: 'request' });
    return [html`${typesLine(same.map(([type]) => type))}\n${fields}`];
  });
  return html`<h4>Body${required ? null : ', may be left out'}</h4>
${parts}`;
}

function typesLine(types: readonly string[]): Html {
  return html`<p class="types">${types.map((type, index) => html`${index === 0 ? null : ' or '}<code>${type}</code>`)}</p>`;
}

function answerSection(document: OpenApiDocument, status: string, response: ResponseObject): Html {
  const bodies = Object.entries(response.content ?? {});
  const headers = Object.entries(response.headers ?? {}).map(
    ([name, header]) => html`<li><code>${name}</code>: ${inline(header.description ?? '')}</li>`,
  );
  const title = html`<span class="status ok">${statusName(status)}</span>`;
  if (bodies.length === 0 && headers.length === 0) return html`<h4>Answer ${title}</h4>\n<p>Without a body.</p>\n`;
  const fields = bodies.map(([type, { schema }]) => {
    const table = { caption: `Fields of the answer ${status}`, direction: 'response' } as const;
    return html`${typesLine([type])}\n${shapeText(document, schema, table)}`;
  });
  return html`<h4>Answer ${title}</h4>
<details>
<summary>${bodies.length === 0 ? 'No body; headers' : 'Fields'}</summary>
${fields}${headers.length === 0 ? null : html`<p>Headers:</p>\n<ul>${headers}</ul>`}
</details>
`;
}

/** `404 Not Found`. */
export function statusName(status: string): string {
  return `${status} ${STATUS_CODES[Number(status)] ?? ''}`.trim();
}

function refusalLinks({ refusalAnchors }: PageParts, operation: OperationObject): Html | null {
  const links = Object.keys(operation.responses).flatMap((status) => {
    const anchor = refusalAnchors.get(status);
    return anchor === undefined ? [] : [html`<li><a href="#${anchor}">${status}</a></li>`];
  });
  return links.length === 0 ? null : html`<h4>Refusals</h4>\n<ul class="refusals">${links}</ul>`;
}

function answerSample(status: string, response: ResponseObject): Html | null {
  const media = Object.values(response.content ?? {}).find(({ example }) => example !== undefined);
  return media === undefined ? null : exampleSample(`Answer ${statusName(status)}`, media.example);
}

/** An example as people should see it: text as it is, anything else as JSON. */
export function exampleSample(title: string, example: unknown): Html {
  const text = typeof example === 'string' ? html`${example}` : html`${jsonText(example)}`;
  return sample(title, html`<code>${text}</code>`, null);
}

function sample(title: string, code: Html, kind: string | null): Html {
  return html`<figure>
<figcaption>${title}</figcaption>
<pre${kind === null ? null : html` class="${kind}"`}>${code}</pre>
</figure>
`;
}
