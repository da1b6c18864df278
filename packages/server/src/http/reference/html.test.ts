import { describe, expect, it } from 'vitest';
import { escapeHtml, html } from './html.ts';
import { jsonText } from './json-text.ts';
import { prose } from './prose.ts';

describe('markup from a template', () => {
  it('escapes whatever is not markup itself', () => {
    expect(html`<p title="${`"'`}">${'<b> & </b>'}</p>`.toString()).toBe(
      '<p title="&quot;&#39;">&lt;b&gt; &amp; &lt;/b&gt;</p>',
    );
    expect(html`${html`<b>${'<'}</b>`}${['<', [html`<i>`, '>']]}${7}${null}`.toString()).toBe(
      '<b>&lt;</b>&lt;<i>&gt;7',
    );
  });

  it('leaves no control character and no direction mark', () => {
    expect(escapeHtml('a\0b\u001bc\u0085d\u202ee\u2067f\tg\nh')).toBe('a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\tg\nh');
  });
});

describe('prose', () => {
  it.each([
    ['one', '<p>one</p>'],
    ['\n\none\n \n\n two\nlines\n', '<p>one</p><p>two\nlines</p>'],
    ['with `<code>` in it', '<p>with <code>&lt;code&gt;</code> in it</p>'],
    ['an `open one', '<p>an `open one</p>'],
    ['`a` and `b`', '<p><code>a</code> and <code>b</code></p>'],
    ['**no** [more](x)', '<p>**no** [more](x)</p>'],
    ['', ''],
    [' \n\n ', ''],
  ])('is paragraphs and code: %j', (text, markup) => {
    expect(prose(text).join('')).toBe(markup);
  });
});

describe('JSON on a page', () => {
  it('tells names, strings and other values apart', () => {
    expect(jsonText({ a: '<"b": 1>', c: [-1.5e3, null] }).join('')).toBe(
      [
        '{',
        '  <span class="key">&quot;a&quot;</span>: <span class="str">&quot;&lt;\\&quot;b\\&quot;: 1&gt;&quot;</span>,',
        '  <span class="key">&quot;c&quot;</span>: [',
        '    <span class="lit">-1500</span>,',
        '    <span class="lit">null</span>',
        '  ]',
        '}',
      ].join('\n'),
    );
  });
});
