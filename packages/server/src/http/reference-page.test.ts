import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OpenApiDocument } from './openapi-document.ts';
import { REFERENCE_HEADERS, referencePage } from './reference-page.ts';
import { pageFaults } from './testing/page-faults.ts';
import { toyDocument } from './testing/toy-document.ts';

const DOCUMENT_URL = 'openapi.json';

function pageOf(document: OpenApiDocument): string {
  return referencePage(document, { serverUrl: 'https://toys.example', documentUrl: DOCUMENT_URL });
}

const page = pageOf(toyDocument());

/** What a reader sees, in one line. */
function textOf(markup: string): string {
  const text = markup.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
}

/** The part of the page with that id, up to the end of its element. */
function partOf(id: string, tag: string): string {
  const start = page.indexOf(`<${tag} class="operation" id="${id}"`);
  expect(start).toBeGreaterThan(0);
  return textOf(page.slice(start, page.indexOf(`</${tag}>`, start)));
}

describe('the reference page', () => {
  it('is right as HTML: every id, link, label, heading and table', () => {
    expect(pageFaults(page, DOCUMENT_URL)).toEqual([]);
  });

  it('says what the API is, where it is and how to get in', () => {
    const text = textOf(page);
    for (const words of [
      'Toys API reference Makes toys. Server https://toys.example Version 7 For programs OpenAPI 3.1.0',
      'Any one of these will do, unless an operation names others. key Send Authorization: Bearer <token> , where the token is a JWT. A key login An access token',
      'ask for one at /token',
      'make : Making',
      'in the header X-Key',
      'by HTTP Basic authentication',
    ]) {
      expect(text).toContain(words);
    }
  });

  it('tells all of an operation', () => {
    const text = partOf('op-makeToy', 'article');
    for (const words of [
      'Make a toy POST /{shop} /toys Takes a while. With quick , less.',
      'Scope: make',
      'shop string in path required',
      'quick boolean in query Hurry for example true',
      'Body application/json Something to play with',
      'id string required With toy_ in front',
      'parts array of object required at most 4 items',
      'parts[]. name string required The name of the part at most 9 characters like ^[a-z]+$',
      'parts[]. size integer at least 1 3 unless given',
      'colour string one of red , blue',
      'Answer 201 Created Fields application/json',
      'colour string may be absent',
      'Idempotent-Replayed : true when',
      'Answer 204 No Content',
      'Refusals 400 401 403 404',
      "curl -X POST 'https://toys.example/main/toys?quick=true' \\",
      '"name" : "wheel"',
    ]) {
      expect(text).toContain(words);
    }
    // The line of scopes says it.
    expect(text).not.toContain('Scopes:');
  });

  it('tells of an operation that anybody may call, and shows an answer that is no JSON as it is', () => {
    const text = partOf('op-listToys', 'article');
    expect(text).toContain('Anybody may call it.');
    expect(text).toContain("curl 'https://toys.example/toys'");
    expect(text).toContain('Answer 200 OK toy_1,blue');
  });

  it('shows the shape of refusals once and each status once', () => {
    expect(page.match(/<h3 id="refusal-404-title">/g)).toHaveLength(1);
    expect(partOf('refusal-404', 'article')).toContain('404 Not Found There is nothing with that id');
    expect(partOf('refusal-404', 'article')).toContain('"code" : "no_404"');
    expect(textOf(page).match(/code string Which/g)).toHaveLength(1);
  });

  it('leads to every operation, group and refusal from its contents', () => {
    const nav = page.slice(page.indexOf('<nav'), page.indexOf('</nav>'));
    expect([...nav.matchAll(/href="#([^"]+)"/g)].map(([, anchor]) => anchor)).toEqual([
      'top',
      'about-authentication',
      'tag-toys',
      'op-makeToy',
      'op-listToys',
      'about-refusals',
    ]);
  });

  it('says of an operation which credentials it takes when not all will do', () => {
    expect(textOf(page)).not.toContain('Credentials:');
    const document = toyDocument();
    const post = document.paths['/{shop}/toys']?.['post'];
    if (post === undefined) throw new Error('no such operation');
    const narrow = { ...post, security: [{ login: ['make'] }, { basic: [] }] };
    expect(textOf(pageOf({ ...document, paths: { '/{shop}/toys': { post: narrow } } }))).toContain(
      'Credentials: login or basic Scope: make',
    );
  });

  it('says whether a body may be left out', () => {
    expect(textOf(page)).not.toContain('may be left out');
    const document = toyDocument();
    const post = document.paths['/{shop}/toys']?.['post'];
    if (post?.requestBody === undefined) throw new Error('no such body');
    const open = { ...post, requestBody: { ...post.requestBody, required: false } };
    expect(textOf(pageOf({ ...document, paths: { '/{shop}/toys': { post: open } } }))).toContain(
      'Body, may be left out',
    );
  });

  it('says nothing of refusals when the document has none', () => {
    const document = toyDocument();
    const bare = { ...document, paths: {}, components: { ...document.components, responses: {} } };
    expect(pageFaults(pageOf(bare), DOCUMENT_URL)).toEqual([]);
    expect(pageOf(bare)).not.toContain('Refusals');
  });
});

describe('text of strangers in a reference page', () => {
  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" style="position:fixed',
    '</title></style></pre></code></a><h1>',
    '<!-- -->&amp;&lt;script&gt;&#x3c;',
    'javascript:alert(1)',
    '`<b>` and ``` and `',
    '\u0000\u001b[31m\u202egnp.exe\u2028\ud800',
    "$(id)`id`'; id #\n\n<p>\n\n",
    '__proto__',
    '{0} $& $1 $` \\',
  ])('stays text: %j', (hostile) => {
    let count = 0;
    const document = toyDocument((plain) => {
      count += 1;
      return `${plain}${hostile}`;
    });
    expect(count).toBeGreaterThan(30);
    const found = pageOf(document);
    expect(pageFaults(found, DOCUMENT_URL)).toEqual([]);
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(found).not.toMatch(/[\0\u001b\u202e]/);
  });

  it('stays text whatever it is', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc
        .array(fc.constantFrom('<', '>', '"', "'", '&', '`', '=', '/', '\n', ' ', '-', 'a', '$', '!'), {
          maxLength: 12,
        })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (texts) => {
        let index = 0;
        const document = toyDocument((plain) => {
          index += 1;
          // Names stay apart, as those of a document are.
          return `${plain}${texts[index % texts.length]}`;
        });
        expect(pageFaults(pageOf(document), DOCUMENT_URL)).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('can make no two operations share an address', () => {
    const document = toyDocument();
    const post = document.paths['/{shop}/toys']?.['post'];
    if (post === undefined) throw new Error('no such operation');
    const paths = {
      '/a': { get: { ...post, operationId: 'x y' }, put: { ...post, operationId: 'x-y' } },
      '/b': { get: { ...post, operationId: 'x/y' }, put: { ...post, operationId: 'x-y-2' } },
    };
    expect(pageFaults(pageOf({ ...document, paths }), DOCUMENT_URL)).toEqual([]);
  });
});

describe('the policy of a reference page', () => {
  it('lets in the style of the page, and nothing else', () => {
    const style = page.slice(page.indexOf('<style>') + 7, page.indexOf('</style>'));
    const hash = createHash('sha256').update(style).digest('base64');
    expect(REFERENCE_HEADERS['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
  });

  it('has nothing to keep out: the page names no other place', () => {
    expect(page).not.toMatch(/url\(|@import|src=|<link|https?:(?!\/\/toys\.example)/);
  });
});

describe('the check of a page', () => {
  it.each([
    ['<p>a<p>b</p></p>', '<p> within <p>'],
    ['<script></script>', '<script> has no place'],
    ['<p onclick="x">a</p>', 'onclick has no place'],
    ['<p>a & b</p>', '"&" in'],
    ['<p>a < b</p>', 'markup in'],
    ['<p', 'markup in'],
    ['</main>', 'closes another element'],
    ['<div>', 'closes another element'],
    ['<p id="top">a</p>', 'id top stands twice'],
    ['<a href="#none">a</a>', 'the link #none leads nowhere'],
    ['<a href="https://elsewhere">a</a>', 'leads nowhere'],
    ['<table><tr><th>a</th></tr></table>', 'without a scope'],
    ['<h4>a</h4><h1>b</h1>', 'not one first heading'],
    ['<h2>a</h2><h4>b</h4>', 'level 4 skips one'],
    ['<div aria-labelledby="none"></div>', 'the label none'],
  ])('finds %s', (markup, fault) => {
    const broken = page.replace('<main id="main" tabindex="-1">', `$&${markup}`);
    expect(pageFaults(broken, DOCUMENT_URL)).toContainEqual(expect.stringContaining(fault));
  });
});
