import { DatabaseError } from 'pg';

/** The database cannot be had. Its message says why, and what an operator can do about it. */
export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable';
}

/** A statement was prepared in one session and used in another. */
const OTHER_SESSION =
  'something between gives each statement another session, as poolers do: set HOOKRING_DATABASE_POOLER=transaction';

/** What PostgreSQL itself says, by its code. */
const STATES: Readonly<Record<string, string>> = {
  '28P01': 'the password is wrong, or the user does not exist: see HOOKRING_DATABASE_URL and PGPASSWORD',
  '3D000': 'there is no database of that name: make one with CREATE DATABASE … ENCODING UTF8',
  '42501': 'its user may not do that: give the database or its schema to it (docs/postgresql.md)',
  '53100': 'its disk is full: make room',
  '53300': 'it has no connection left: raise max_connections, or put a pooler before it (docs/postgresql.md)',
  '57P01': 'it was told to end the connection: see whether it is being stopped',
  '57P03': 'it is starting, stopping or recovering: try again in a moment',
  '26000': OTHER_SESSION,
  '42P05': OTHER_SESSION,
  '25006': 'it takes no writes: name the primary, not a replica, and see default_transaction_read_only',
  '0A000': 'it lacks something that PostgreSQL 15 has',
  '08P01':
    'something between refuses the settings of a session, as poolers do: set HOOKRING_DATABASE_POOLER=transaction',
};

const FOR_TLS = 'it takes encrypted connections only: add ?sslmode=verify-full to HOOKRING_DATABASE_URL';
const FOR_CERTIFICATE =
  'its certificate cannot be trusted: name its CA with sslrootcert=<file>, or give up the check with sslmode=no-verify';

/** What the machine says on the way there. */
const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name of its host is not known',
  EAI_AGAIN: 'the name of its host cannot be looked up',
  ETIMEDOUT: 'nothing answers there',
  EHOSTUNREACH: 'there is no way to its host',
  ENETUNREACH: 'there is no way to its host',
  ECONNRESET: 'it ended the connection',
  EPIPE: 'it ended the connection',
  // Of the folder of a Unix socket, or of a file of TLS.
  ENOENT: 'a socket or a file that HOOKRING_DATABASE_URL names is not there',
  EACCES: 'this user may not use a socket or a file that HOOKRING_DATABASE_URL names',
};
const CERTIFICATES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name than that of HOOKRING_DATABASE_URL',
};
const CERTIFICATE = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_)/;
const SEVERAL = 'AggregateError';

/** Why a database cannot be used, in one sentence, when an operator can mend it; else null. */
export function explain(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  // Each address of a name was tried.
  if (error.name === SEVERAL && 'errors' in error && Array.isArray(error.errors)) return explain(error.errors[0]);
  if (error instanceof DatabaseError) return explainState(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (Object.hasOwn(CODES, code)) return `the database cannot be reached: ${CODES[code]} (${facts(error, code)})`;
  const distrust = CERTIFICATES[code] ?? (CERTIFICATE.test(code) ? FOR_CERTIFICATE : null);
  if (distrust !== null) return `the database cannot be trusted: ${distrust} (${code})`;
  // What the driver says has no codes.
  if (/timeout/i.test(error.message)) return 'the database cannot be reached: nothing answers there in time';
  if (/does not support SSL/.test(error.message)) {
    return 'the database has no encryption, and HOOKRING_DATABASE_URL asks for it: set sslmode=disable where that is right';
  }
  if (/password must be a string|no password/i.test(error.message)) {
    return 'the database wants a password, and there is none in HOOKRING_DATABASE_URL nor in PGPASSWORD';
  }
  return /terminated/i.test(error.message) ? 'the database ended the connection' : null;
}

function explainState(error: DatabaseError): string | null {
  const { code = '', message } = error;
  // One code for all that pg_hba.conf does not let in.
  if (code === '28000') {
    if (/no PostgreSQL user name/.test(message)) return 'the database wants a user: HOOKRING_DATABASE_URL names none';
    const why = /no encryption/.test(message) ? FOR_TLS : 'its pg_hba.conf lets this user in from elsewhere only';
    return `the database lets nobody in like this: ${why} (${message})`;
  }
  const why = STATES[code];
  return why === undefined ? null : `the database cannot be used: ${why} (${message})`;
}

function facts(error: Error, code: string): string {
  // Errors of sockets and of files have some of them.
  const { address, hostname, port, path } = error as Partial<Facts>;
  const host = address ?? hostname ?? path;
  const place = host === undefined ? '' : `${host}${port === undefined ? '' : `:${port}`}: `;
  return `${place}${code}`;
}

type Facts = { readonly address: string; readonly hostname: string; readonly port: number; readonly path: string };

/** Says of an error why the database cannot be used; one that nobody outside can mend stays what it is. */
export function explained(error: unknown): unknown {
  const why = explain(error);
  return why === null ? error : new DatabaseUnusable(why, { cause: error });
}
