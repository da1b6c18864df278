import { describe } from 'vitest';
import { acceptContract } from './accept.ts';
import { attemptContract } from './attempts.ts';
import { auditContract } from './audit.ts';
import { controlContract } from './control.ts';
import { erasureContract } from './erasure.ts';
import { figuresContract } from './figures.ts';
import type { OpenStore, WithStore } from './fixtures.ts';
import { housekeepingContract } from './housekeeping.ts';
import { keyringContract } from './keyrings.ts';
import { listContract } from './lists.ts';
import { queueContract } from './queue.ts';
import { recordContract } from './record.ts';
import { retentionContract } from './retention.ts';

/** What every adapter of the store port must do. */
export function storeContract(name: string, open: OpenStore): void {
  const withStore: WithStore = async (test) => {
    const opened = await open();
    try {
      await test(opened);
    } finally {
      await opened.close();
    }
  };
  describe(name, () => {
    controlContract(withStore);
    keyringContract(withStore);
    acceptContract(withStore);
    recordContract(withStore);
    attemptContract(withStore);
    queueContract(withStore);
    listContract(withStore);
    auditContract(withStore);
    figuresContract(withStore);
    housekeepingContract(withStore);
    erasureContract(withStore);
    retentionContract(withStore);
  });
}
