import type { Command } from 'commander';
import { usage } from '../exit.ts';
import { readStdin } from '../io.ts';
import { asRecord, type Json, text } from '../json.ts';
import { printPage, withPage } from '../lists.ts';
import { duration, examples, type PageOptions, pageQuery } from '../options.ts';
import type { Run } from '../run.ts';
import { type Session, serverCommand } from '../session.ts';
import type { Column } from '../table.ts';

const SECRET_COLUMNS: readonly Column<Json>[] = [
  { title: 'ID', text: (row) => text(row, 'id') },
  { title: 'STATE', text: (row) => text(row, 'state') },
  { title: 'ENDS WITH', text: (row) => text(row, 'hint') },
  { title: 'CREATED', text: (row) => text(row, 'createdAt') },
  { title: 'EXPIRES', text: (row) => text(row, 'expiresAt') },
  { title: 'BY', text: (row) => text(row, 'actor'), shrinks: true },
  { title: 'REASON', text: (row) => text(row, 'reason'), shrinks: true },
];

type RotateOptions = {
  readonly grace?: number;
  readonly force?: boolean;
  readonly reason?: string;
  readonly secret?: string;
  readonly dryRun?: boolean;
  readonly idempotencyKey?: string;
};

export function rotateCommand(run: Run): Command {
  return serverCommand('rotate', 'give an endpoint (or an organization) a new signing secret and print it, once')
    .argument('<endpoint>', 'id of the endpoint, or of the organization whose ring it is')
    .option('--grace <time>', 'how long the old secret goes on signing beside the new one: 0, 1h, 24h', duration)
    .option('--force', 'also while an older secret is still retiring, which then ends now')
    .option('--reason <text>', 'for the audit log; "compromise" ends all older secrets now')
    .option('--secret <->', 'import a secret of your own from standard input: --secret -')
    .option('--dry-run', 'show what would sign when, and change nothing')
    .option('--idempotency-key <key>', 'the same key gets the same secret again for a few minutes')
    .addHelpText(
      'after',
      `
Standard output holds the new secret and nothing else. When this returns, nothing is signed by the old ring any more.

Examples:
  hookring rotate ep_… --grace 24h
  hookring rotate ep_… --reason compromise
  openssl rand -base64 32 | sed 's/^/whsec_/' | hookring rotate ep_… --secret -`,
    )
    .action(async (id: string, options: RotateOptions) => {
      await run(options, (session) => rotate(session, id, options));
    });
}

async function rotate(session: Session, id: string, options: RotateOptions): Promise<void> {
  const secret = options.secret === undefined ? undefined : await secretFromStdin(session, options.secret);
  const answer = await session.call({
    method: 'POST',
    path: `${ringPath(id)}/rotate`,
    ids: [id],
    query: options.dryRun === true ? { dryRun: true } : {},
    body: { graceSeconds: options.grace, force: options.force, reason: options.reason, secret },
    idempotencyKey: options.idempotencyKey,
  });
  if (options.dryRun === true) {
    const timeline = (Array.isArray(answer['timeline']) ? answer['timeline'] : []).map(asRecord);
    session.print(answer, () =>
      timeline
        .map(
          (span) =>
            `${text(span, 'secretId')}  signs from ${text(span, 'signsFrom')} until ${text(span, 'signsUntil')}`,
        )
        .join('\n'),
    );
    return;
  }
  const made = asRecord(answer['secret']);
  session.print(answer, () => text(made, 'value'));
  session.note(
    `The new secret is ${text(made, 'id')}, in force since ${text(answer, 'effectiveAt')}. It is shown only now.`,
  );
  const retired = asRecord(answer['retired']);
  if (answer['retired'] !== null) {
    const [id, until] = [text(retired, 'id'), text(retired, 'expiresAt')];
    const isOver = until === text(answer, 'effectiveAt');
    session.note(isOver ? `${id} signs nothing any more.` : `${id} goes on signing beside it until ${until}.`);
  }
}

async function secretFromStdin(session: Session, source: string): Promise<string> {
  // As an argument it would stand in the process list and in the shell's history.
  if (source !== '-') throw usage('a secret is read from standard input only', 'Pipe it in and write --secret -');
  const bytes = await readStdin(session.io);
  const secret = bytes?.toString('utf8').replace(/\r?\n$/, '') ?? '';
  if (secret === '') throw usage('standard input held no secret');
  return secret;
}

export function secretsCommands(parent: Command, run: Run): void {
  const secrets = parent.command('secrets').description('the ring of an endpoint or of an organization');
  secrets.addCommand(
    withPage(
      serverCommand('list', 'list all secrets that a ring ever held, newest first; never the secrets themselves'),
    )
      .argument('<endpoint>', 'id of the endpoint or of the organization')
      .addHelpText('after', examples('hookring secrets list ep_…', 'hookring secrets list org_…'))
      .action(async (id: string, options: PageOptions) => {
        await run(options, async (session) => {
          const path = `${ringPath(id)}/secrets`;
          const page = await session.call({ method: 'GET', path, ids: [id], query: pageQuery(options) });
          printPage(session, page, {
            columns: SECRET_COLUMNS,
            empty: "This endpoint has no ring of its own: it is signed by its organization's.",
          });
        });
      }),
  );
  secrets.addCommand(
    serverCommand('revoke', 'end a staged or retiring secret now')
      .argument('<endpoint>', 'id of the endpoint or of the organization')
      .argument('<secret>', 'id of the secret, as in "hookring secrets list"')
      .addHelpText('after', examples('hookring secrets revoke ep_… sec_…'))
      .action(async (id: string, secretId: string, options: object) => {
        await run(options, async (session) => {
          const path = `${ringPath(id)}/secrets/{}/revoke`;
          const secret = await session.call({ method: 'POST', path, ids: [id, secretId] });
          session.print(secret, () => `${text(secret, 'id')} is ${text(secret, 'state')}.`);
        });
      }),
  );
}

function ringPath(id: string): string {
  return id.startsWith('org_') ? '/organizations/{}' : '/endpoints/{}';
}
