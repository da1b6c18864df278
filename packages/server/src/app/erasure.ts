import type { ShownStatus } from '../domain/delivery.ts';
import type { OrganizationId } from '../domain/ids.ts';
import type { StoredEvent } from '../store/port.ts';
import { auditCommand } from './audit.ts';
import { type Caller, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { done, type Outcome, type Refusal, refused } from './outcome.ts';
import { decideAndApply } from './submit.ts';

const OWED: readonly ShownStatus[] = ['pending', 'in_flight', 'retrying', 'held'];
const OWED_RETRY_AFTER_SECONDS = 30;

/**
 * Removes the payload of an event for good, and what receivers answered to it; the history stays. Of an erasure and a
 * resend at the same time exactly one happens: the store takes neither after the other.
 */
export async function erasePayload(app: AppContext, caller: Caller, id: string): Promise<Outcome<null>> {
  const refusal = missingScope(caller, 'events:write');
  if (refusal !== null) return refusal;
  const { organizationId } = caller;
  let erased: StoredEvent | null = null;
  const outcome = await decideAndApply<null>(app, async () => {
    erased = null;
    const event = await app.store.reader.event(organizationId, id);
    if (event === null) return refused('not_found', 'no such event');
    if (event.payloadErasedAt !== null) return { ok: true, value: null, commands: [] };
    const owed = await refusalWhileOwed(app, organizationId, event);
    if (owed !== null) return owed;
    erased = event;
    const at = app.clock.now();
    return {
      ok: true,
      value: null,
      commands: [
        { kind: 'event.erase', organizationId, eventKey: event.key, at },
        auditCommand(app, caller, at, {
          action: 'event.payload_erased',
          target: event.id,
          detail: { eventKey: event.key, payloadBytes: event.payload.length },
        }),
      ],
    };
  });
  if (typeof outcome === 'symbol') throw new Error('an erasure has no idempotency row');
  if (outcome.ok && erased !== null) told(app, caller, erased);
  return outcome.ok ? done(null) : outcome;
}

/** Apart, since the compiler does not see that a callback has set the variable. */
function told(app: AppContext, caller: Caller, { key }: StoredEvent): void {
  app.telemetry.payloadErased({ eventKey: key, actor: caller.actor });
}

async function refusalWhileOwed(
  app: AppContext,
  organizationId: OrganizationId,
  { key }: StoredEvent,
): Promise<Refusal | null> {
  const filter = { organizationId, endpointId: null, eventKey: key, statuses: OWED };
  let after: string | null = null;
  do {
    const page = await app.store.reader.deliveries(filter, { after, itemsMax: 1 });
    const [found] = page.items;
    if (found !== undefined) {
      const { endpointId } = found.delivery;
      const isHeld = found.shown === 'held';
      const cure = isHeld
        ? 'resume that endpoint and wait, or archive it'
        : 'wait until it has ended, or archive that endpoint';
      return refused(
        'event_owed',
        `the event is still owed to ${endpointId}: ${cure}, which cancels what it is owed; then erase the payload again`,
        // Nobody knows when a held delivery goes on.
        isHeld ? {} : { retryAfterSeconds: OWED_RETRY_AFTER_SECONDS },
      );
    }
    after = page.nextCursor;
  } while (after !== null);
  return null;
}
