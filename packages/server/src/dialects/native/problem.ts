import { type Static, Type } from 'typebox';
import { ERRORS, type Problem } from '../../domain/error-registry.ts';
import type { EncodedProblem } from '../../http/surface.ts';
import { STRICT } from './schema-parts.ts';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

const FieldErrorSchema = Type.Object(
  {
    pointer: Type.String({
      description: 'A JSON Pointer into the body, `?name` of a query parameter or `#name` of a header',
    }),
    detail: Type.String(),
    code: Type.String(),
  },
  STRICT,
);

/** RFC 9457, with the members that every answer of the native API adds. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'A URN that ends with the code' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    requestId: Type.String(),
    errors: Type.Array(FieldErrorSchema),
  },
  { $id: 'Problem', additionalProperties: true },
);

export function encodeProblem(problem: Problem, request: { readonly requestId: string }): EncodedProblem {
  const { status, title } = ERRORS[problem.code];
  const document: Static<typeof ProblemSchema> = {
    ...problem.extra,
    // A name and not an address: nothing is served there, and it never changes.
    type: `urn:hookring:error:${problem.code}`,
    title,
    status,
    detail: problem.detail,
    code: problem.code,
    requestId: request.requestId,
    errors: problem.errors?.map(({ pointer, detail, code }) => ({ pointer, detail, code })) ?? [],
  };
  return { status, body: JSON.stringify(document), contentType: PROBLEM_CONTENT_TYPE };
}
