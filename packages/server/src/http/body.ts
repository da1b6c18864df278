import { type Refusal, refused } from '../app/outcome.ts';
import { type JsonFailure, textOf } from '../domain/json-document.ts';
import { readMembers } from '../domain/json-members.ts';
import { escapePointer } from './validation.ts';

export type BodyReading = { readonly ok: true; readonly value: unknown } | Refusal;

const EMPTY_OBJECT: BodyReading = { ok: true, value: Object.freeze({}) };

/** Reads a JSON body that a schema will check: unreadable is 400, a repeated key 422. */
export function readJsonBody(bytes: Uint8Array, isOptional: boolean): BodyReading {
  if (bytes.length === 0 && isOptional) return EMPTY_OBJECT;
  const members = readMembers(bytes);
  if (!members.ok && members.code !== 'not_an_object') {
    return members.code === 'duplicate_key' ? duplicateKey('', members.name) : unreadable(members);
  }
  const value: unknown = JSON.parse(textOf(bytes, 0, bytes.length));
  return { ok: true, value };
}

export function unreadable(failure: JsonFailure): Refusal {
  return refused('invalid_body', failure.detail);
}

/** `pointer` says in which object the key is repeated. */
export function duplicateKey(pointer: string, name: string): Refusal {
  const detail = `the key "${name}" appears twice`;
  return refused('duplicate_key', detail, {
    errors: [{ pointer: `${pointer}/${escapePointer(name)}`, detail: 'appears twice', code: 'duplicate_key' }],
  });
}
