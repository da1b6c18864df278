import { ERRORS, type Problem } from '../domain/error-registry.ts';
import type { EncodedProblem, ProblemEncoder } from '../http/surface.ts';
import type { Dialect, ToldProblem } from './dialect.ts';
import { renameFields } from './field-names.ts';

/** Every refusal in the words of the dialect: its names of fields, its statuses, its shape. */
export function problemEncoder({ problems, fieldNames }: Pick<Dialect, 'problems' | 'fieldNames'>): ProblemEncoder {
  const { contentType, statuses = {} } = problems;
  const translate = renameFields(fieldNames);
  return (problem, request): EncodedProblem => {
    const { status, title } = ERRORS[problem.code];
    const told: ToldProblem = { ...translate(problem), status: statuses[problem.code] ?? status, title };
    return { status: told.status, contentType, body: JSON.stringify(problems.encode(told, request)) };
  };
}

/** What a refusal with this status looks like, for documents; null when the dialect never sends it. */
export function problemExample(dialect: Dialect, status: number): unknown {
  const encode = problemEncoder(dialect);
  const request = { requestId: '01JTBQH2FZ8K1RXC0WJ4Z9P3VM', path: '' };
  for (const [code, { description }] of Object.entries(ERRORS)) {
    const problem = { code, detail: description } as Problem; // A key of the registry.
    const encoded = encode(problem, request);
    if (encoded.status === status) return JSON.parse(encoded.body);
  }
  return null;
}
