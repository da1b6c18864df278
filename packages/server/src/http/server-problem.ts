import { ERRORS, type Problem } from '../domain/error-registry.ts';
import type { EncodedProblem } from './surface.ts';

/** A refusal at a path of the server itself, which no dialect has words for: RFC 9457 as the native API writes it. */
export function serverProblem(problem: Problem, requestId: string): EncodedProblem {
  const { status, title } = ERRORS[problem.code];
  const { code, detail } = problem;
  const body = { type: `urn:hookring:error:${code}`, title, status, detail, code, requestId, errors: [] };
  return { status, contentType: 'application/problem+json', body: JSON.stringify(body) };
}
