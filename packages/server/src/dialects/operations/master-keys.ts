import {
  beginMasterKeyRotation as begin,
  finishMasterKeyRotation as finish,
  type MasterKeyStatus,
  masterKeyStatus,
  type ResealStep,
  resealStep,
} from '../../app/master-keys.ts';
import { type Operation, operation } from '../operation.ts';

/** Which keys seal and open what is kept; never the keys themselves. */
export const readMasterKeys: Operation<null, MasterKeyStatus> = operation({
  name: 'readMasterKeys',
  scopes: ['operator'],
  run: async ({ app, caller }) => await masterKeyStatus(app, caller),
});

/** Puts a new key first. All old ones still open. */
export const beginMasterKeyRotation: Operation<null, MasterKeyStatus> = operation({
  name: 'beginMasterKeyRotation',
  scopes: ['operator'],
  idempotent: true,
  run: async ({ app, caller, idempotency }) => await begin(app, caller, idempotency),
});

/** Seals a bounded number of texts under the first key; to be repeated until there is no next cursor. */
export const resealUnderMasterKey: Operation<
  {
    /** That of the step before; null at the first. */
    readonly cursor: string | null;
  },
  ResealStep
> = operation({
  name: 'resealUnderMasterKey',
  scopes: ['operator'],
  idempotent: true,
  run: async ({ app, caller, idempotency }, { cursor }) => await resealStep(app, caller, cursor, idempotency),
});

/** Drops the older keys; refused while anything is sealed under one of them. */
export const finishMasterKeyRotation: Operation<null, MasterKeyStatus> = operation({
  name: 'finishMasterKeyRotation',
  scopes: ['operator'],
  idempotent: true,
  run: async ({ app, caller, idempotency }) => await finish(app, caller, idempotency),
});
