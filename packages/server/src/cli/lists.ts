import type { Command } from 'commander';
import { PAGE_ITEMS_MAX } from '../domain/limits.ts';
import { type Json, records, textOrNull } from './json.ts';
import { wholeNumber } from './options.ts';
import type { Session } from './session.ts';
import { type Column, table } from './table.ts';

export function withPage(command: Command): Command {
  return command
    .option('--limit <number>', `items to show, ${PAGE_ITEMS_MAX} at most`, wholeNumber)
    .option('--cursor <cursor>', 'go on where the page before ended');
}

/** A page of a list: a table, what to do when it is empty, and how to see more. */
export function printPage(
  session: Session,
  page: Json,
  view: { columns: readonly Column<Json>[]; empty: string },
): void {
  const items = records(page['items']);
  const cursor = textOrNull(page, 'nextCursor');
  session.print(page, () => (items.length === 0 ? view.empty : table(session.io, view.columns, items)));
  if (cursor !== null) session.note(`\nThere is more: repeat with --cursor ${cursor}`);
}
