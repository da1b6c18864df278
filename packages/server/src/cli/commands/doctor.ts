import { styleText } from 'node:util';
import { Command } from 'commander';
import { examine, type Finding } from '../doctor/examine.ts';
import { EXIT } from '../exit.ts';
import { type Io, writeLine } from '../io.ts';
import type { Report } from '../session.ts';
import { clean } from '../table.ts';

const LABELS = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const;
const COLORS = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

type DoctorOptions = { readonly json?: boolean; readonly databaseUrl?: string; readonly thorough?: boolean };

export function doctorCommand(io: Io, report: Report): Command {
  return new Command('doctor')
    .description('look for what is wrong on this machine, and say what to do')
    .option('--json', 'print exactly one JSON document')
    .option('--database-url <url>', 'the database to look at (HOOKRING_DATABASE_URL)')
    .option('--thorough', 'look through the whole database, however large it is')
    .addHelpText(
      'after',
      `
It changes nothing, and may run beside a server. Give it the settings of the server: the same variables, the same folder.
The exit code is 1 when there is a problem; warnings do not count.

Examples:
  hookring doctor
  hookring doctor --json | jq '.checks[] | select(.status != "ok")'`,
    )
    .action(async ({ json, databaseUrl, thorough = false }: DoctorOptions) => {
      const flags = databaseUrl === undefined ? {} : { database: databaseUrl };
      const findings = await examine(io, { flags, thorough });
      const problems = findings.filter(({ status }) => status === 'problem').length;
      const warnings = findings.filter(({ status }) => status === 'warning').length;
      if (problems > 0) report.exitCode = EXIT.FAILED;
      if (json === true) {
        writeLine(io.stdout, JSON.stringify({ ok: problems === 0, checks: findings }, null, 2));
      } else {
        const lines = findings.map((finding) => lineOf(io, finding)).join('\n');
        writeLine(io.stdout, `${lines}\n\n${summary(problems, warnings)}`);
      }
    });
}

function lineOf(io: Io, { check, status, detail, advice }: Finding): string {
  const label = io.color ? styleText(COLORS[status], LABELS[status], { validateStream: false }) : LABELS[status];
  const line = `${label}  ${check}: ${clean(detail)}`;
  return advice === null ? line : `${line}\n         → ${clean(advice)}`;
}

function summary(problems: number, warnings: number): string {
  if (problems === 0 && warnings === 0) return 'Everything is well.';
  const parts = [
    ...(problems === 0 ? [] : [problems === 1 ? '1 problem' : `${problems} problems`]),
    ...(warnings === 0 ? [] : [warnings === 1 ? '1 warning' : `${warnings} warnings`]),
  ];
  return `${parts.join(', ')}.`;
}
