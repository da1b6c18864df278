import { createHash } from 'node:crypto';
import type { OpenApiDocument } from './openapi-document.ts';
import { createAnchors } from './reference/anchors.ts';
import { authenticationSection } from './reference/authentication-section.ts';
import { Html, html } from './reference/html.ts';
import { operationSection, type PageParts } from './reference/operation-section.ts';
import { prose } from './reference/prose.ts';
import { refusalsSection } from './reference/refusals-section.ts';
import { type Group, sidebar } from './reference/sidebar.ts';
import { STYLE } from './reference/style.ts';

export type ReferenceOptions = {
  /** Where the examples send their requests: `https://api.example.com`. */
  readonly serverUrl: string;
  /** Where programs read the same, seen from the page. */
  readonly documentUrl: string;
};

export const REFERENCE_CONTENT_TYPE = 'text/html; charset=utf-8';

/** The page needs its own style and nothing else, so nothing else is let in, whatever a description holds. */
export const REFERENCE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
};

/** A document for people, as one page without a script. It is slow to make and always the same: make it once. */
export function referencePage(document: OpenApiDocument, options: ReferenceOptions): string {
  const anchorOf = createAnchors();
  const { info } = document;
  const groups = groupsOf(document, anchorOf);
  const statuses = Object.keys(document.components.responses);
  const refusalAnchors = new Map(statuses.map((status) => [status, anchorOf('refusal', status)]));
  const parts: PageParts = { document, serverUrl: options.serverUrl, refusalAnchors };
  const authentication = anchorOf('about', 'authentication');
  const refusals = anchorOf('about', 'refusals');
  const before = [{ anchor: authentication, title: 'How to authenticate' }];
  const after = statuses.length === 0 ? [] : [{ anchor: refusals, title: 'Refusals' }];
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${info.title} API reference</title>
<style>${new Html(STYLE)}</style>
</head>
<body id="top">
<a class="skip" href="#main">Skip to the reference</a>
<div class="page">
${sidebar(info.title, before, groups, after)}<main id="main" tabindex="-1">
<header>
<h1>${info.title} API reference</h1>
${prose(info.description)}
<dl class="facts">
<div><dt>Server</dt><dd><code>${options.serverUrl}</code></dd></div>
<div><dt>Version</dt><dd>${info.version}</dd></div>
<div><dt>For programs</dt><dd><a href="${options.documentUrl}">OpenAPI ${document.openapi}</a></dd></div>
</dl>
</header>
${authenticationSection(document, authentication)}${groups.map((group) => groupSection(parts, group))}${refusalsSection(document, refusals, refusalAnchors)}</main>
</div>
</body>
</html>
`.toString();
}

/** Operations by their first tag, in the order of the document. */
function groupsOf(document: OpenApiDocument, anchorOf: (kind: string, name: string) => string): Group[] {
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const byTag = Map.groupBy(all, ({ operation }) => operation.tags[0] ?? 'other');
  return [...byTag].map(([tag, operations]) => ({
    tag,
    anchor: anchorOf('tag', tag),
    operations: operations.map((placed) => ({ ...placed, anchor: anchorOf('op', placed.operation.operationId) })),
  }));
}

function groupSection(parts: PageParts, { tag, anchor, operations }: Group): Html {
  return html`<section id="${anchor}" aria-labelledby="${anchor}-title">
<h2 id="${anchor}-title">${tag}</h2>
${operations.map((placed) => operationSection(parts, placed))}</section>
`;
}
