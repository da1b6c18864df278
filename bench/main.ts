/**
 *   npm run bench -- [--deliveries 40000] [--rounds 3] [--json]
 *   npm run bench -- --dialects [--requests 4000] [--rounds 5] [--json]
 */
import { parseArgs } from 'node:util';
import { benchDeliveries } from './deliveries.ts';
import { benchDialects } from './dialects.ts';

const { values: flags } = parseArgs({
  options: {
    dialects: { type: 'boolean', default: false },
    deliveries: { type: 'string', default: '40000' },
    requests: { type: 'string', default: '4000' },
    rounds: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(flags.rounds ?? (flags.dialects ? '5' : '3'));
const deliveries = Number(flags.deliveries);
const requests = Number(flags.requests);
if (![rounds, deliveries, requests].every((count) => Number.isInteger(count) && count > 0)) {
  process.stderr.write('--deliveries, --requests and --rounds take whole numbers above 0\n');
  process.exit(2);
}

const say = (line: string): void => {
  if (!flags.json) process.stdout.write(`${line}\n`);
};
const result = flags.dialects
  ? await benchDialects({ requests, rounds, say })
  : await benchDeliveries({ deliveries, rounds, say });
if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
