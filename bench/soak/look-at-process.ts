import { readdirSync, readlinkSync } from 'node:fs';
import { memoryOf } from '../process-memory.ts';
import { scrape } from '../scrape.ts';

/** One node at one moment. Null where the system does not say. */
export type NodeLook = {
  readonly rssBytes: number | null;
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly files: number | null;
  readonly sockets: number | null;
  /** What keeps an event loop alive: sockets, timers, requests. */
  readonly resources: number;
  readonly faults: number;
  readonly jobFailures: number;
  readonly attempts: number;
  readonly removedEvents: number;
};

export async function lookAtNode(url: string, pid: number): Promise<NodeLook> {
  const figures = await scrape(url);
  const links = linksOf(pid);
  const removed = figures.all('hookring_retention_removed_total').find(([[kind]]) => kind === 'events');
  return {
    rssBytes: memoryOf(pid, 'VmRSS'),
    heapBytes: figures.sum('nodejs_heap_size_used_bytes'),
    externalBytes: figures.sum('nodejs_external_memory_bytes'),
    files: links?.length ?? null,
    sockets: links?.filter((link) => link.startsWith('socket:')).length ?? null,
    resources: figures.sum('nodejs_active_resources_total'),
    faults: figures.sum('hookring_faults_total'),
    jobFailures: figures.sum('hookring_job_failures_total'),
    attempts: figures.sum('hookring_attempts_total'),
    removedEvents: removed?.[1] ?? 0,
  };
}

function linksOf(pid: number): readonly string[] | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((name) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${name}`);
      } catch {
        // Closed meanwhile.
        return '';
      }
    });
  } catch {
    return null;
  }
}
