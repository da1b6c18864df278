import { fileURLToPath } from 'node:url';
import { Bed } from './bed.ts';
import { median } from './figures.ts';
import { startSinkProcess } from './sink-process.ts';
import { measureDrain } from './throughput.ts';

export const COMMIT_MS = 10;
const PRELOAD = fileURLToPath(new URL('./slow-disk.ts', import.meta.url));

export type SlowDisk = { readonly normal: number; readonly slow: number; readonly ratio: number };

/** The same drain on two servers, alternating: one of them commits to a disk that takes 10 ms longer. */
export async function measureSlowDisk(options: {
  readonly events: number;
  readonly rounds: number;
}): Promise<SlowDisk> {
  const { events, rounds } = options;
  const sink = await startSinkProcess();
  const environment = { BENCH_COMMIT_MS: String(COMMIT_MS) };
  const beds = [await Bed.start(), await Bed.start({ environment, nodeFlags: ['--import', PRELOAD] })] as const;
  try {
    const endpoints: string[] = [];
    for (const bed of beds) endpoints.push(await bed.createEndpoint(sink.url, ['drain']));
    const drain = async (index: 0 | 1, count: number): Promise<number> =>
      await measureDrain(beds[index], sink, { endpoint: endpoints[index] ?? '', type: 'drain', events: count });
    for (const index of [0, 1] as const) await drain(index, events / 2);
    const rows: { normal: number; slow: number }[] = [];
    for (let round = 0; round < rounds; round += 1)
      rows.push({ normal: await drain(0, events), slow: await drain(1, events) });
    return {
      normal: median(rows.map(({ normal }) => normal)),
      slow: median(rows.map(({ slow }) => slow)),
      ratio: median(rows.map(({ normal, slow }) => slow / normal)),
    };
  } finally {
    for (const bed of beds) await bed.stop();
    await sink.stop();
  }
}
