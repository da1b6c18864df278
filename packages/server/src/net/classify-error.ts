import type { ConnectPhase } from './guarded-connector.ts';
import { NetRefusal } from './net-refusal.ts';
import type { SendFailure } from './sender.ts';

export type ClassifiedError = { readonly failure: SendFailure; readonly detail: string };

const CONNECT_DETAILS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'The connection was refused.',
  ECONNRESET: 'The connection was reset while it was being opened.',
  EHOSTUNREACH: 'The host is unreachable.',
  ENETUNREACH: 'The network is unreachable.',
  EHOSTDOWN: 'The host is down.',
  EADDRNOTAVAIL: 'The sender has no free local port for this host.',
  EMFILE: 'The sender has too many open files.',
  ENFILE: 'The sender has too many open files.',
};

/** What a request that was not answered died of. `phase` is how far its connection had come. */
export function classifyError(error: Error, phase: ConnectPhase): ClassifiedError {
  // Messages of Node and undici contain resolved addresses, so only codes are passed on.
  const code = codeOf(error);
  if (error instanceof NetRefusal) return { failure: error.failure, detail: error.detail };
  if (code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED') {
    return { failure: 'closed', detail: 'The sender was shut down.' };
  }
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
    return { failure: 'invalid_request', detail: 'The request has a header that HTTP does not allow.' };
  }
  return phase === 'connected' ? classifyAnswer(error, code) : classifyConnect(code, phase);
}

function classifyConnect(code: string, phase: ConnectPhase): ClassifiedError {
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') {
    return { failure: 'timeout', detail: 'No connection could be opened in time.' };
  }
  if (phase === 'dns') return { failure: 'dns', detail: 'The host name does not resolve.' };
  if (phase === 'tls') return { failure: 'tls', detail: `The TLS handshake failed (${code}).` };
  return { failure: 'connect', detail: CONNECT_DETAILS[code] ?? `The connection could not be opened (${code}).` };
}

function classifyAnswer(error: Error, code: string): ClassifiedError {
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HPE_HEADER_OVERFLOW') {
    return { failure: 'response_too_large', detail: 'The response has too many header bytes.' };
  }
  // A server that refuses our side of TLS 1.3 says so after the handshake.
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) {
    return { failure: 'tls', detail: `TLS failed (${code}).` };
  }
  if (code === 'UND_ERR_SOCKET' && (error.message === 'bad response' || error.message === 'bad upgrade')) {
    return { failure: 'protocol', detail: 'The receiver answered with a status that was not asked for (100 or 101).' };
  }
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED') {
    return { failure: 'reset', detail: 'The connection was closed before the response was complete.' };
  }
  if (code === 'ETIMEDOUT') return { failure: 'timeout', detail: 'The connection timed out.' };
  return { failure: 'protocol', detail: `The response is not valid HTTP/1.1 (${code}).` };
}

function codeOf(error: Error): string {
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : 'UNKNOWN';
}
