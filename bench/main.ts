/**
 * The ceiling of this machine and Hookring's share of it, in one run and alternating, so that a machine whose speed
 * drifts does not decide the ratio.
 *
 *   npm run bench -- [--deliveries 40000] [--rounds 3] [--json]
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureCeiling } from './ceiling.ts';
import { measureDrain } from './drain.ts';
import { startSinkProcess } from './sink-process.ts';

const PAYLOAD_BYTES = 1_024;
/** As many as a lane has by default. */
const CONNECTIONS = 64;

const { values: flags } = parseArgs({
  options: {
    deliveries: { type: 'string', default: '40000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const deliveries = Number(flags.deliveries);
const rounds = Number(flags.rounds);
if (!Number.isInteger(deliveries) || deliveries < 1 || !Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write('--deliveries and --rounds take whole numbers above 0\n');
  process.exit(2);
}

const filler = 'x'.repeat(PAYLOAD_BYTES - '{"data":""}'.length);
const payload = `{"data":"${filler}"}`;
const sink = await startSinkProcess();
const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.versions.node}`;
const rows: { ceiling: number; drain: number; accept: number; ratio: number }[] = [];
try {
  if (!flags.json)
    process.stdout.write(
      `${machine}\n${deliveries} deliveries of ${PAYLOAD_BYTES} bytes a round; receiver in a process of its own\n\n`,
    );
  const body = Buffer.from(payload);
  await measureCeiling({ url: sink.url, deliveries: Math.min(deliveries, 5_000), connections: CONNECTIONS, body });
  for (let round = 1; round <= rounds; round += 1) {
    const ceiling = await measureCeiling({ url: sink.url, deliveries, connections: CONNECTIONS, body });
    const drain = await measureDrain({ sink, deliveries, payload });
    const row = {
      ceiling,
      drain: drain.deliveriesPerSecond,
      accept: drain.acceptedPerSecond,
      ratio: drain.deliveriesPerSecond / ceiling,
    };
    rows.push(row);
    if (!flags.json) {
      process.stdout.write(
        `round ${round}: ceiling ${perSecond(row.ceiling)}  drain ${perSecond(row.drain)}  ratio ${row.ratio.toFixed(2)}  (accept in batches ${perSecond(row.accept)})\n`,
      );
    }
  }
} finally {
  await sink.stop();
}
const result = {
  machine,
  payloadBytes: PAYLOAD_BYTES,
  deliveries,
  rounds: rows,
  median: {
    ceiling: median(rows.map((row) => row.ceiling)),
    drain: median(rows.map((row) => row.drain)),
    accept: median(rows.map((row) => row.accept)),
    ratio: median(rows.map((row) => row.ratio)),
  },
};
process.stdout.write(
  flags.json
    ? `${JSON.stringify(result)}\n`
    : `\nmedian:  ceiling ${perSecond(result.median.ceiling)}  drain with every attempt stored ${perSecond(result.median.drain)}  ratio ${result.median.ratio.toFixed(2)}\n`,
);

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function perSecond(value: number): string {
  return `${Math.round(value).toLocaleString('en')}/s`;
}
