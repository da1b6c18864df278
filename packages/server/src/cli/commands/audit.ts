import { type Command, Option } from 'commander';
import { AUDIT_ACTIONS } from '../../domain/audit-action.ts';
import { PAGE_ITEMS_DEFAULT } from '../../domain/limits.ts';
import { asRecord, type Json, records, text, textOrNull } from '../json.ts';
import { withPage } from '../lists.ts';
import { type Moment, moment, momentText, type PageOptions } from '../options.ts';
import type { Run } from '../run.ts';
import { type Session, serverCommand } from '../session.ts';
import { type Column, table } from '../table.ts';

const COLUMNS: readonly Column<Json>[] = [
  { title: 'AT', text: (row) => text(row, 'at') },
  { title: 'ACTOR', text: (row) => text(row, 'actor') },
  { title: 'FROM', text: (row) => text(row, 'address') },
  { title: 'ACTION', text: (row) => text(row, 'action') },
  { title: 'TARGET', text: (row) => text(row, 'target') },
  { title: 'REASON', text: (row) => text(row, 'reason'), shrinks: true },
  { title: 'DETAIL', text: detailText, shrinks: true },
];
const ORGANIZATION: Column<Json> = { title: 'ORGANIZATION', text: (row) => text(row, 'organizationId') };

/** Pages with filters may be short: so many are put together to fill one. */
const PAGES_MAX = 1_000;

type AuditOptions = PageOptions & {
  readonly actor?: string;
  readonly action?: string;
  readonly target?: string;
  readonly since?: Moment;
  readonly until?: Moment;
  readonly all?: boolean;
};

export function auditCommand(run: Run): Command {
  return withPage(serverCommand('audit', 'read the audit log: who changed what, why and from where'))
    .option('--actor <actor>', 'by the id of an API key, jwt:…, bootstrap, local (this command line) or system')
    .addOption(new Option('--action <action>', 'of this kind').choices(AUDIT_ACTIONS))
    .option('--target <id>', 'to the endpoint, key or organization with this id')
    .option('--since <time>', 'from then on: a time, or 2h for two hours ago', moment)
    .option('--until <time>', 'before then', moment)
    .option('--all', 'of every organization (operators)')
    .addHelpText(
      'after',
      `
Examples:
  hookring audit --since 2h                          what happened lately, newest first
  hookring audit --action secret.rotated --all
  hookring audit --target <endpoint> --json`,
    )
    .action(async (options: AuditOptions) => {
      await run(options, async (session) => await show(session, options));
    });
}

async function show(session: Session, options: AuditOptions): Promise<void> {
  const now = session.io.now();
  const { actor, action, target, all } = options;
  const filters = {
    actor,
    action,
    target,
    since: options.since === undefined ? undefined : momentText(options.since, now),
    until: options.until === undefined ? undefined : momentText(options.until, now),
    all,
  };
  const { items, nextCursor } = await readPages(session, filters, options);
  const columns = all === true ? [ORGANIZATION, ...COLUMNS] : COLUMNS;
  const isFiltered = Object.entries(filters).some(([name, value]) => name !== 'all' && value !== undefined);
  session.print({ items, nextCursor }, () =>
    items.length === 0 ? emptyText(isFiltered, all === true) : table(session.io, columns, items),
  );
  if (nextCursor === null) return;
  // A cursor belongs to its filters: "two hours ago" is another time by then.
  const times = (['since', 'until'] as const).flatMap((name) =>
    options[name]?.kind === 'ago' ? [`--${name} ${filters[name]}`] : [],
  );
  session.note(`\nThere is more: repeat with ${[...times, `--cursor ${nextCursor}`].join(' ')}`);
}

async function readPages(
  session: Session,
  filters: Readonly<Record<string, string | boolean | undefined>>,
  { limit = PAGE_ITEMS_DEFAULT, cursor }: PageOptions,
): Promise<{ readonly items: readonly Json[]; readonly nextCursor: string | null }> {
  const items: Json[] = [];
  let next: string | null = cursor ?? null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const query = { ...filters, limit: limit - items.length, cursor: next ?? undefined };
    const page = await session.call({ method: 'GET', path: '/audit', query });
    items.push(...records(page['items']));
    next = textOrNull(page, 'nextCursor');
    if (next === null || items.length >= limit) break;
  }
  return { items, nextCursor: next };
}

function emptyText(isFiltered: boolean, isAll: boolean): string {
  if (isFiltered) return 'No such line in the audit log. See all that there are: hookring audit';
  if (isAll) return 'Nothing has been changed on this server yet.';
  return 'Nothing has been changed in this organization yet. Another: --org <organization>; every one: --all';
}

function detailText(row: Json): string {
  const facts = Object.entries(asRecord(row['detail'])).map(([name, value]) => `${name}=${String(value)}`);
  return facts.length === 0 ? '-' : facts.join(' ');
}
