import { ERRORS, type Problem } from '../domain/error-registry.ts';
import type { EncodedProblem, ProblemEncoder } from '../http/surface.ts';
import type { Dialect, ToldProblem } from './dialect.ts';
import { renameFields } from './field-names.ts';

/**
 * Every refusal in the words of the dialect: its names of fields, its statuses, its shape. It throws what `encode`
 * throws, which the server catches.
 */
export function problemEncoder({ problems, fieldNames }: Pick<Dialect, 'problems' | 'fieldNames'>): ProblemEncoder {
  const { contentType, statuses = {} } = problems;
  const translate = renameFields(fieldNames);
  return (problem, request): EncodedProblem => {
    const { status, title } = ERRORS[problem.code];
    const told: ToldProblem = { ...translate(problem), status: statuses[problem.code] ?? status, title };
    // `undefined` and functions are no JSON, whatever the types of JSON.stringify say.
    const body: unknown = JSON.stringify(problems.encode(told, request));
    if (typeof body !== 'string') throw new TypeError(`the words for ${problem.code} are no JSON`);
    return { status: told.status, contentType, body };
  };
}

/** The code for which the dialect has no words, and why; null: it has some for each. */
export function wordlessCode(dialect: Pick<Dialect, 'problems' | 'fieldNames'>): string | null {
  const encode = problemEncoder(dialect);
  const request = { requestId: EXAMPLE_REQUEST_ID, path: '' };
  const errors = [{ pointer: '/url', detail: 'is required', code: 'required' }];
  for (const code of Object.keys(ERRORS)) {
    for (const more of [{}, { errors }]) {
      try {
        encode({ code, detail: 'because', ...more } as Problem, request); // A key of the registry.
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return `${code} ${'errors' in more ? 'with' : 'without'} errors: ${why}`;
      }
    }
  }
  return null;
}

const EXAMPLE_REQUEST_ID = '01JTBQH2FZ8K1RXC0WJ4Z9P3VM';

/** What a refusal with this status looks like, for documents; null when the dialect never sends it. */
export function problemExample(dialect: Dialect, status: number): unknown {
  const encode = problemEncoder(dialect);
  const request = { requestId: EXAMPLE_REQUEST_ID, path: '' };
  for (const [code, { description }] of Object.entries(ERRORS)) {
    const problem = { code, detail: description } as Problem; // A key of the registry.
    const encoded = encode(problem, request);
    if (encoded.status === status) return JSON.parse(encoded.body);
  }
  return null;
}
