/** A process of its own for world after world: see `crew.ts`. */
import { runChapter } from './chapter.ts';
import { type FromWorker, sendFailure, type ToWorker } from './worker-protocol.ts';

function tell(message: FromWorker): void {
  process.send?.(message);
}

async function runOne({ plan }: ToWorker): Promise<void> {
  const { failure, ...result } = await runChapter(plan, (deliveries, faults) =>
    tell({ kind: 'progress', deliveries, faults }),
  );
  tell({ kind: 'ended', result, failure: sendFailure(failure), bytes: process.memoryUsage.rss() });
}

// Nobody waits for the rest of a world once whoever asked for it is gone.
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToWorker) => void runOne(message));
