import { type Static, Type } from 'typebox';
import { type ProblemWords, STRICT, type ToldProblem } from '../public.ts';

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

function encode(problem: ToldProblem, request: { readonly requestId: string }): Static<typeof ProblemSchema> {
  return {
    ...problem.extra,
    // A name and not an address: nothing is served there, and it never changes.
    type: `urn:hookring:error:${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    requestId: request.requestId,
    errors: problem.errors?.map(({ pointer, detail, code }) => ({ pointer, detail, code })) ?? [],
  };
}

export const problems: ProblemWords = { contentType: 'application/problem+json', schema: ProblemSchema, encode };
