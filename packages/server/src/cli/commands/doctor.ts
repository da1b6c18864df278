import { styleText } from 'node:util';
import { Command } from 'commander';
import { examine, type Finding } from '../doctor/examine.ts';
import { EXIT } from '../exit.ts';
import { type Io, writeLine } from '../io.ts';
import type { Report } from '../session.ts';
import { clean } from '../table.ts';

const LABELS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;
const COLORS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

export function doctorCommand(io: Io, report: Report): Command {
  return new Command('doctor')
    .description('look for what is wrong on this machine, and say what to do')
    .option('--json', 'print exactly one JSON document')
    .option('--database-url <url>', 'the database to look at (HOOKRING_DATABASE_URL)')
    .addHelpText('after', '\nIt changes nothing. The exit code is 1 when a check failed; warnings do not count.')
    .action(async (options: { json?: boolean; databaseUrl?: string }) => {
      const findings = await examine(io, options.databaseUrl === undefined ? {} : { database: options.databaseUrl });
      const failed = findings.filter(({ status }) => status === 'fail').length;
      const warned = findings.filter(({ status }) => status === 'warn').length;
      if (failed > 0) report.exitCode = EXIT.FAILED;
      if (options.json === true) writeLine(io.stdout, JSON.stringify({ ok: failed === 0, checks: findings }, null, 2));
      else
        writeLine(
          io.stdout,
          `${findings.map((finding) => lineOf(io, finding)).join('\n')}\n\n${summary(failed, warned)}`,
        );
    });
}

function lineOf(io: Io, { check, status, detail, advice }: Finding): string {
  const label = io.color ? styleText(COLORS[status], LABELS[status], { validateStream: false }) : LABELS[status];
  const line = `${label}  ${check}: ${clean(detail)}`;
  return advice === null ? line : `${line}\n      → ${clean(advice)}`;
}

function summary(failed: number, warned: number): string {
  if (failed === 0 && warned === 0) return 'Everything is well.';
  return `${failed} failed, ${warned} to look at.`;
}
