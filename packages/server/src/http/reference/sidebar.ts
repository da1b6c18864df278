import { type Html, html } from './html.ts';
import { methodBadge, type PlacedOperation } from './operation-section.ts';
import { inline } from './prose.ts';

export type Group = {
  readonly tag: string;
  readonly anchor: string;
  readonly operations: readonly PlacedOperation[];
};

type Link = { readonly anchor: string; readonly title: string };

/** The way to everything on the page. It is a closed list in a small window, and always open beside a wide page. */
export function sidebar(
  title: string,
  before: readonly Link[],
  groups: readonly Group[],
  after: readonly Link[],
): Html {
  return html`<nav aria-label="Contents">
<p class="title"><a href="#top">${title}</a></p>
<details>
<summary>Contents</summary>
<ul>
${before.map(plain)}${groups.map(groupItem)}${after.map(plain)}</ul>
</details>
</nav>
`;
}

function plain({ anchor, title }: Link): Html {
  return html`<li><a class="group" href="#${anchor}">${title}</a></li>\n`;
}

function groupItem({ tag, anchor, operations }: Group): Html {
  const items = operations.map(
    (placed) =>
      html`<li><a href="#${placed.anchor}">${methodBadge(placed.method)} <span>${inline(placed.operation.summary)}</span></a></li>\n`,
  );
  return html`<li><a class="group" href="#${anchor}">${tag}</a>
<ul>
${items}</ul>
</li>
`;
}
