/** The whole look of a reference page. Its hash stands in the page's policy, so it is written as it is, unescaped. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fdfdfc, #16181b);
  --raised: light-dark(#f3f3f0, #1f2226);
  --line: light-dark(#dcdcd6, #34383e);
  --ink: light-dark(#1c1e21, #e4e6e9);
  --soft: light-dark(#55595f, #a3a9b2);
  --link: light-dark(#0b57a4, #8cbcf5);
  --get: light-dark(#0b57a4, #8cbcf5);
  --post: light-dark(#1a6b32, #7fcf93);
  --put: light-dark(#845000, #e3b261);
  --delete: light-dark(#a8222a, #f49a97);
  --key: light-dark(#0b57a4, #8cbcf5);
  --string: light-dark(#1a6b32, #8fd3a0);
  --literal: light-dark(#8a3a00, #eab07a);
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace;
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif;
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 var(--sans); }
a { color: var(--link); text-underline-offset: 0.15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
main:focus { outline: none; }
code, pre { font-family: var(--mono); font-size: 0.875em; }
code { overflow-wrap: anywhere; }
p { margin: 0 0 0.75rem; }
ul { margin: 0 0 0.75rem; padding-left: 1.25rem; }
p code, li code, dd code, td code { background: var(--raised); border-radius: 3px; padding: 0.1em 0.3em; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem; letter-spacing: -0.015em; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 1rem; letter-spacing: -0.01em; }
h2::first-letter { text-transform: uppercase; }
h3 { font-size: 1.15rem; line-height: 1.3; margin: 0 0 0.4rem; }
h3 a { color: inherit; text-decoration: none; }
h3 a:hover { text-decoration: underline; }
h4 { font-size: 0.95rem; margin: 1.5rem 0 0.5rem; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999rem; top: 0; z-index: 2; background: var(--paper); padding: 0.5rem 1rem; }
.skip:focus { left: 0; }

nav { border-bottom: 1px solid var(--line); background: var(--raised); padding: 0.75rem 1rem; }
nav .title { margin: 0; font-weight: 650; }
nav .title a { color: inherit; text-decoration: none; }
nav summary { cursor: pointer; padding: 0.35rem 0; }
nav ul { list-style: none; margin: 0; padding: 0; font-size: 0.875rem; line-height: 1.35; }
nav li a { display: flex; gap: 0.5rem; align-items: baseline; padding: 0.3rem 0.5rem; border-radius: 4px; color: inherit; text-decoration: none; }
nav li a:hover { background: var(--line); }
nav li a.group { display: block; font-weight: 650; margin-top: 0.75rem; }
nav li a.group::first-letter { text-transform: uppercase; }
nav .method { flex: none; width: 3.4rem; border: 0; padding: 0; font-size: 0.6875rem; }

main { padding: 1.5rem 1rem 4rem; min-width: 0; }
main > header, main > section { max-width: 80rem; }
main > section { margin-top: 3rem; padding-top: 2rem; border-top: 1px solid var(--line); }
.facts { margin: 1.25rem 0 0; display: grid; gap: 0.35rem; }
.facts div { display: flex; flex-wrap: wrap; gap: 0 0.75rem; }
.facts dt { color: var(--soft); width: 8rem; }
.facts dd { margin: 0; min-width: 0; }
.scheme + .scheme { margin-top: 1rem; }

.operation { margin-top: 2.5rem; }
.operation + .operation { border-top: 1px solid var(--line); padding-top: 2rem; }
.operation:target h3 { text-decoration: underline; text-decoration-color: var(--link); text-decoration-thickness: 2px; text-underline-offset: 0.25em; }
.words { min-width: 0; }
.samples { min-width: 0; }
.target { margin-bottom: 1rem; }
.target code { background: none; padding: 0; font-size: 0.9375em; }
.method { display: inline-block; font: 650 0.75rem/1.4 var(--mono); border: 1px solid; border-radius: 3px; padding: 0 0.35rem; }
.get { color: var(--get); }
.post { color: var(--post); }
.put, .patch { color: var(--put); }
.delete { color: var(--delete); }
.scopes, .types { color: var(--soft); font-size: 0.9375rem; }
.status { font: 650 0.875em var(--mono); color: var(--post); }

table { width: 100%; border-collapse: collapse; margin: 0 0 0.75rem; font-size: 0.9375rem; }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 0; border-top: 1px solid var(--line); font-weight: 400; }
thead th { border: 0; padding: 0; }
tbody th { width: 42%; padding-right: 1rem; line-height: 1.4; }
th code { font-weight: 650; }
td p { margin: 0 0 0.2rem; }
.type, .limit { color: var(--soft); font-size: 0.875rem; }
.required { color: var(--delete); font-size: 0.8125rem; font-weight: 600; white-space: nowrap; }
.optional { color: var(--soft); font-size: 0.8125rem; white-space: nowrap; }
.in1 th { padding-left: 1rem; }
.in2 th { padding-left: 2rem; }
.in3 th { padding-left: 3rem; }
.in4 th { padding-left: 4rem; }
.in5 th { padding-left: 5rem; }
.in6 th { padding-left: 6rem; }

details > summary { cursor: pointer; color: var(--link); }
main details > summary { padding: 0.15rem 0; margin-bottom: 0.35rem; }
.refusals { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0.35rem; font: 0.875rem var(--mono); }
.refusals a { display: block; border: 1px solid var(--line); border-radius: 3px; padding: 0.15rem 0.45rem; text-decoration: none; }
.refusals a:hover { background: var(--raised); }

figure { margin: 0 0 1rem; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; background: var(--raised); }
figcaption { font-size: 0.8125rem; color: var(--soft); padding: 0.4rem 0.85rem; border-bottom: 1px solid var(--line); }
pre { margin: 0; padding: 0.75rem 0.85rem; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 2; line-height: 1.5; }
pre code { font-size: 0.8rem; }
.curl { user-select: all; -webkit-user-select: all; }
.key { color: var(--key); }
.str { color: var(--string); }
.lit { color: var(--literal); }

@media (min-width: 60rem) {
  .page { display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-bottom: 0; border-right: 1px solid var(--line); padding: 1.5rem 0.75rem 2rem; }
  nav .title { padding: 0 0.5rem; }
  main { padding: 2.5rem 2.5rem 6rem; }
  @supports selector(::details-content) {
    nav summary { display: none; }
    nav details::details-content { display: block; content-visibility: visible; }
  }
}
@media (min-width: 84rem) {
  main > header, .scheme { max-width: 46rem; }
  .operation { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 32rem); gap: 0 2.5rem; }
  .samples { position: sticky; top: 1rem; align-self: start; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  nav, .skip { display: none; }
  .page { display: block; }
  .samples { position: static; }
  main details::details-content { display: block; content-visibility: visible; }
}
`;
