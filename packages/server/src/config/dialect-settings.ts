import type { Dialect } from '../dialects/dialect.ts';
import { nearest } from './nearest.ts';
import { type Parsed, parsed, problem } from './setting.ts';

const NATIVE = 'native';
const NAME = /^[a-z][a-z0-9]{1,30}$/;
const DIALECTS_MAX = 64;

/** Whether a dialect of this name exists is asked later: the file may hold some. */
export function parseDialectName(text: string): Parsed<string> {
  const name = text.toLowerCase();
  return NAME.test(name) ? parsed(name) : problem('must be the name of a dialect: lower-case letters and digits');
}

type ReadDialects =
  | { readonly ok: true; readonly dialects: readonly Dialect[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The dialects of `hookring.config.ts`; each problem continues the words "dialects in hookring.config.ts". */
export async function readDialects(value: unknown): Promise<ReadDialects> {
  if (value === undefined) return { ok: true, dialects: [] };
  if (!Array.isArray(value)) return refusedAs('must be a list of what defineDialect answers: dialects: [acme]');
  if (value.length > DIALECTS_MAX) return refusedAs(`has more than ${DIALECTS_MAX} entries`);
  // Most commands need no dialect, and loading them takes longer than all else that a start reads.
  const { isDialect } = await import('../dialects/define-dialect.ts');
  const dialects: Dialect[] = [];
  const problems: string[] = [];
  for (const [index, entry] of value.entries()) {
    const fault = isDialect(entry) ? nameFault(entry, dialects) : strangerText(entry);
    if (fault !== null) problems.push(`has at [${index}] ${fault}`);
    if (isDialect(entry)) dialects.push(entry);
  }
  return problems.length === 0 ? { ok: true, dialects } : { ok: false, problems };
}

function refusedAs(text: string): ReadDialects {
  return { ok: false, problems: [text] };
}

function nameFault({ name }: Dialect, before: readonly Dialect[]): string | null {
  if (name === NATIVE) return `a dialect with the name ${NATIVE}, which is that of the server's own API`;
  const twin = before.findIndex((other) => other.name === name);
  return twin === -1 ? null : `a dialect with the name ${name}, as at [${twin}]`;
}

/** What stands where a dialect should, and how it becomes one. */
function strangerText(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
    return `${kind}, not what defineDialect answers`;
  }
  if ('then' in value) return 'a promise: await it';
  const name = 'name' in value && typeof value.name === 'string' ? ` ${JSON.stringify(value.name)}` : '';
  // A definition may leave the mount out; what defineDialect answers has one.
  if ('mount' in value && 'routes' in value && 'headers' in value) {
    return `a dialect${name} that defineDialect of this installation of hookring did not make: a copy of one, or made by another installation`;
  }
  return `an object${name} that is no dialect: wrap it in defineDialect({ … })`;
}

/** Why the dialects cannot stand together, or why the one for the root cannot stand there; null when all is well. */
export async function arrangementProblem(
  own: readonly Dialect[],
  rootDialect: string | null,
): Promise<{ readonly about: 'dialects' | 'root'; readonly message: string } | null> {
  if (own.length === 0 && rootDialect === null) return null;
  const { withOwnDialects } = await import('../dialects/built-in.ts');
  const { arrangeDialects } = await import('../dialects/mounts.ts');
  const all = withOwnDialects(own);
  const arranged = arrangeDialects(all, rootDialect);
  if (arranged.ok) return null;
  const { about, problem } = arranged;
  if (about === 'dialects' || rootDialect === null) return { about, message: problem };
  const meant = nearest(rootDialect, [NATIVE, ...all.map(({ name }) => name)]);
  return { about, message: meant === null ? problem : `${problem}. Did you mean ${meant}?` };
}
