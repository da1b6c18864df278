import type { OpenApiDocument, SecurityScheme } from '../openapi-document.ts';
import { type Html, html } from './html.ts';
import { prose } from './prose.ts';

/** How a caller says who they are; one part for each way that the document names. */
export function authenticationSection(document: OpenApiDocument, anchor: string): Html {
  const schemes = Object.entries(document.components.securitySchemes);
  const isOneOfSeveral = schemes.length > 1;
  const parts = schemes.map(([name, scheme]) => {
    const title = isOneOfSeveral ? html`<h3>${name}</h3>\n` : null;
    return html`<div class="scheme">${title}${schemeText(scheme)}</div>\n`;
  });
  return html`<section id="${anchor}" aria-labelledby="${anchor}-title">
<h2 id="${anchor}-title">How to authenticate</h2>
${isOneOfSeveral ? html`<p>Any one of these will do, unless an operation names others.</p>\n` : null}${parts}</section>
`;
}

function schemeText(scheme: SecurityScheme): Html {
  const words = prose(scheme.description ?? '');
  switch (scheme.type) {
    case 'apiKey':
      return html`<p>An API key, in the ${PLACES[scheme.in]} <code>${scheme.name}</code>.</p>${words}`;
    case 'oauth2':
      return html`<p>An access token by OAuth 2.0 client credentials: ask for one at <code>${scheme.flows.clientCredentials.tokenUrl}</code> and send it as <code>Authorization: Bearer &lt;token&gt;</code>.</p>${words}${scopeList(scheme.flows.clientCredentials.scopes)}`;
    case 'http':
      return scheme.scheme === 'basic'
        ? html`<p>A name and a password, by HTTP Basic authentication.</p>${words}`
        : html`<p>Send <code>Authorization: Bearer &lt;token&gt;</code>${scheme.bearerFormat === undefined ? null : html`, where the token is a ${scheme.bearerFormat}`}.</p>${words}`;
  }
}

const PLACES = { header: 'header', query: 'query parameter', cookie: 'cookie' } as const;

function scopeList(scopes: Readonly<Record<string, string>>): Html | null {
  const items = Object.entries(scopes).map(([name, meaning]) => html`<li><code>${name}</code>: ${meaning}</li>`);
  return items.length === 0 ? null : html`<ul>${items}</ul>`;
}
