import type { Reader } from '../port.ts';
import type { Answer, Batch } from './wire/batch.ts';

export type WorkerSetup = {
  readonly role: 'write' | 'read' | 'checkpoint';
  readonly path: string;
  readonly now: number;
};

export type ToWorker =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'ask'; readonly id: number; readonly method: keyof Reader; readonly args: readonly unknown[] }
  | { readonly kind: 'close' };

/** What says which error it was; the class of an error does not travel. */
export type ErrorCodes = { readonly code?: unknown; readonly errcode?: unknown };

export type FromWorker =
  | { readonly kind: 'ready'; readonly incarnation: number }
  | { readonly kind: 'broken'; readonly name: string; readonly message: string; readonly codes: ErrorCodes }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'checkpointed' }
  | { readonly kind: 'told'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
