/** The dashboard, the alert rules and the page of metrics, against what a server shows. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { metricsOfBusyServer } from './busy-server.ts';
import { type Family, familyOf, labelNames, readExposition } from './exposition.ts';
import { readQuery } from './promql.ts';

const DOCS = new URL('../../docs/', import.meta.url);
const page = readFileSync(new URL('metrics.md', DOCS), 'utf8');

type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly datasource: { readonly uid: string };
  }[];
};
type Dashboard = {
  readonly title: string;
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
};
type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

const dashboard = JSON.parse(readFileSync(new URL('monitoring/hookring-dashboard.json', DOCS), 'utf8')) as Dashboard;
const rules = (
  parse(readFileSync(new URL('monitoring/alerts.yml', DOCS), 'utf8')) as { groups: { rules: Rule[] }[] }
).groups.flatMap((group) => group.rules);
const plots = dashboard.panels.flatMap((panel) =>
  (panel.targets ?? []).map(({ refId, expr }) => [`${panel.title} ${refId}`, expr] as const),
);
const queries = [...plots, ...rules.map(({ alert, expr }) => [alert, expr] as const)];

/** What Prometheus itself adds to every series of a scrape. */
const ADDED = ['instance', 'job'];
const COUNTING = ['rate', 'increase', 'irate'];

let families = new Map<string, Family>();
beforeAll(async () => {
  // Nothing listens there: the figures of traces are shown all the same.
  families = readExposition(await metricsOfBusyServer({ HOOKRING_OTLP_ENDPOINT: 'http://127.0.0.1:9' }));
}, 60_000);

function found(name: string) {
  const known = familyOf(families, name);
  if (known === null) throw new Error(`no server shows ${name}`);
  return known;
}

describe.each(queries)('%s', (_name, expr) => {
  const { selectors, grouped } = readQuery(expr);

  it('asks for metrics that a server shows, with the labels and values that they have', () => {
    for (const { metric, matchers } of selectors) {
      const { family } = found(metric);
      for (const { label, operator, value } of matchers) {
        if (ADDED.includes(label)) continue;
        expect([metric, ...labelNames(family)]).toContain(label);
        const values = family.series.map(({ labels }) => labels[label]);
        const named = operator.endsWith('~') ? value.split('|') : [value];
        for (const each of named) expect([metric, values]).toEqual([metric, expect.arrayContaining([each])]);
      }
    }
    for (const { label, metrics } of grouped) {
      if (ADDED.includes(label)) continue;
      for (const metric of metrics) {
        const { family, part } = found(metric);
        expect([metric, ...labelNames(family), ...(part === 'bucket' ? ['le'] : [])]).toContain(label);
      }
    }
  });

  it('uses counters by their rate, gauges as they are, and quantiles of buckets by le', () => {
    for (const { metric, inside } of selectors) {
      const { family, part } = found(metric);
      const isCounting = inside.some((name) => COUNTING.includes(name));
      expect([metric, isCounting]).toEqual([metric, family.type === 'counter' || part !== null]);
      // The rate comes first: a sum of counters that restart at different times has none.
      if (isCounting) expect(COUNTING).toContain(inside[0]);
      expect([metric, inside.includes('histogram_quantile')]).toEqual([metric, part === 'bucket']);
    }
    if (expr.includes('histogram_quantile')) expect(grouped.map(({ label }) => label)).toContain('le');
  });
});

describe('the dashboard', () => {
  it('can be imported: the data source is a variable, ids are unique, and panels lie side by side', () => {
    expect(dashboard).toMatchObject({ title: 'Hookring', uid: 'hookring' });
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['instance', 'query'],
    ]);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { targets = [], datasource } of dashboard.panels.filter(({ type }) => type !== 'row')) {
      expect(targets.length).toBeGreaterThan(0);
      for (const uid of [datasource?.uid, ...targets.map((target) => target.datasource.uid)])
        expect(uid).toBe('${datasource}');
    }
    for (const one of dashboard.panels) {
      expect(one.gridPos.x + one.gridPos.w).toBeLessThanOrEqual(24);
      expect(
        dashboard.panels.filter((other) => one !== other && overlaps(one, other)).map(({ title }) => title),
      ).toEqual([]);
    }
  });

  it('has the rows that operators look for', () => {
    const rows = dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(rows).toEqual(['Traffic', 'Deliveries', 'Endpoints & lanes', 'Rings', 'Store', 'Process']);
  });

  it('shows every metric of the server but those that only repeat another or need another tool', () => {
    const shown = new Set(
      plots.flatMap(([, expr]) => readQuery(expr).selectors.map(({ metric }) => found(metric).family.name)),
    );
    const missing = [...families.keys()].filter((name) => name.startsWith('hookring_') && !shown.has(name));
    expect(missing).toEqual(['hookring_trace_spans_exported_total', 'hookring_trace_spans_dropped_total']);
  });
});

function overlaps({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

describe('an alert rule', () => {
  const runbook = readFileSync(new URL('operations.md', DOCS), 'utf8');
  /** The sections of the runbook, as links name them. */
  const SECTIONS = [...runbook.matchAll(/^#{2,3} (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  );

  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s says how bad it is, what it is and what to do',
    (_, rule) => {
      expect(rule.alert).toMatch(/^Hookring[A-Z][A-Za-z]+$/);
      expect(['critical', 'warning', 'info']).toContain(rule.labels['severity']);
      if (rule.labels['severity'] === 'critical') expect(rule.for).toMatch(/^\d+m$/);
      const { summary = '', description = '', runbook: link = '' } = rule.annotations;
      expect(summary).toMatch(/^[A-Z].*[^.]$/);
      expect(description).toMatch(/^\S.{60,}\.$/s);
      expect(SECTIONS.map((section) => `docs/operations.md#${section}`)).toContain(link);
      // What it says of a series must be a label that is left when the rule has aggregated.
      const { grouped } = readQuery(rule.expr);
      for (const [, label = ''] of `${summary} ${description}`.matchAll(/\$labels\.(\w+)/g)) {
        const isThere = label === 'instance' || label === 'name' || grouped.some((each) => each.label === label);
        expect([label, isThere]).toEqual([label, true]);
      }
    },
  );

  it.each(['HookringNothingDelivered', 'HookringJobStuck'])(
    '%s asks all servers of a database together: some only accept, and each job runs on one of them',
    (name) => {
      const { expr = '' } = rules.find(({ alert }) => alert === name) ?? {};
      const { selectors, grouped } = readQuery(expr);
      expect(grouped.map(({ label }) => label)).not.toContain('instance');
      for (const { metric, inside } of selectors) {
        expect([metric, inside.some((each) => each === 'sum' || each === 'max')]).toEqual([metric, true]);
      }
    },
  );
});

describe('docs/metrics.md', () => {
  const START = '| metric | type | labels | what it is |\n|---|---|---|---|\n';
  const documented = new Map(
    [...page.matchAll(/^\| `(\w+)` \| \w+ \| ([^|]*) \|/gm)].map(([, name = '', labels = '']) => [name, labels]),
  );

  function row(family: Family): string {
    const labels = labelNames(family)
      .map((label) => `\`${label}\``)
      .join(', ');
    // A family that showed no series in this test says nothing of its labels.
    const known = family.series.length === 0 ? (documented.get(family.name) ?? '').trim() : labels;
    return `| \`${family.name}\` | ${family.type} | ${known} | ${family.help.replaceAll('|', '\\|')} |`;
  }

  it('has a row for each metric of the server, and none besides', async () => {
    const rows = [...families.values()].filter(({ name }) => name.startsWith('hookring_')).map(row);
    const [before = '', after = ''] = page.split(START);
    const rest = after
      .split('\n')
      .slice(after.split('\n').findIndex((line) => !line.startsWith('|')))
      .join('\n');
    await expect(`${before}${START}${rows.join('\n')}\n${rest}`).toMatchFileSnapshot(
      fileURLToPath(new URL('metrics.md', DOCS)),
    );
  });

  it('names units at the end, and counts with _total', () => {
    for (const { name, type } of families.values()) {
      if (!name.startsWith('hookring_')) continue;
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|mb)(_|$)/);
    }
  });

  it('has few series: no label holds an id', () => {
    for (const { name, series } of families.values()) {
      for (const { labels } of series) {
        expect([name, JSON.stringify(labels)]).toEqual([
          name,
          expect.not.stringMatching(/(org|ep|evt|dlv|att|sec|key)_\w{26}/),
        ]);
      }
    }
  });
});
