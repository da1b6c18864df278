import { measureCeiling } from './ceiling.ts';
import { measureDrain } from './drain.ts';
import { MACHINE, median, perSecond } from './figures.ts';
import { startSinkProcess } from './sink-process.ts';

const PAYLOAD_BYTES = 1_024;
/** As many as a lane has by default. */
const CONNECTIONS = 64;
const WARM_UP_MAX = 5_000;

type Row = { readonly ceiling: number; readonly drain: number; readonly accept: number; readonly ratio: number };

/**
 * The ceiling of this machine and Hookring's share of it, in one run and alternating, so that a machine whose speed
 * drifts does not decide the ratio.
 */
export async function benchDeliveries(options: {
  readonly deliveries: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}): Promise<unknown> {
  const { deliveries, rounds, say } = options;
  const payload = `{"data":"${'x'.repeat(PAYLOAD_BYTES - '{"data":""}'.length)}"}`;
  const body = Buffer.from(payload);
  const sink = await startSinkProcess();
  const rows: Row[] = [];
  say(`${MACHINE}\n${deliveries} deliveries of ${PAYLOAD_BYTES} bytes a round; receiver in a process of its own\n`);
  try {
    const load = { url: sink.url, connections: CONNECTIONS, body };
    await measureCeiling({ ...load, deliveries: Math.min(deliveries, WARM_UP_MAX) });
    for (let round = 1; round <= rounds; round += 1) {
      const ceiling = await measureCeiling({ ...load, deliveries });
      const drain = await measureDrain({ sink, deliveries, payload });
      const ratio = drain.deliveriesPerSecond / ceiling;
      rows.push({ ceiling, drain: drain.deliveriesPerSecond, accept: drain.acceptedPerSecond, ratio });
      say(
        `round ${round}: ceiling ${perSecond(ceiling)}  drain ${perSecond(drain.deliveriesPerSecond)}  ratio ${ratio.toFixed(2)}  (accept in batches ${perSecond(drain.acceptedPerSecond)})`,
      );
    }
  } finally {
    await sink.stop();
  }
  const middle = {
    ceiling: median(rows.map((row) => row.ceiling)),
    drain: median(rows.map((row) => row.drain)),
    accept: median(rows.map((row) => row.accept)),
    ratio: median(rows.map((row) => row.ratio)),
  };
  say(
    `\nmedian:  ceiling ${perSecond(middle.ceiling)}  drain with every attempt stored ${perSecond(middle.drain)}  ratio ${middle.ratio.toFixed(2)}`,
  );
  return { machine: MACHINE, payloadBytes: PAYLOAD_BYTES, deliveries, rounds: rows, median: middle };
}
