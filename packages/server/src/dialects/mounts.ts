import type { Dialect } from './dialect.ts';
import { NATIVE_PREFIX, NATIVE_PREFIX_BESIDE_ROOT } from './native/prefixes.ts';

export type MountedDialect = {
  readonly dialect: Dialect;
  /** Below which its routes stand; `''` at the root. */
  readonly prefix: string;
  /** The host name that leads there too, and nowhere else; null: none. */
  readonly host: string | null;
};

export type Arrangement = { readonly mounted: readonly MountedDialect[]; readonly nativePrefix: string };
export type Arranged =
  | { readonly ok: true; readonly value: Arrangement }
  /** `about` the dialects themselves, or the one that the operator named for the root. */
  | { readonly ok: false; readonly about: 'dialects' | 'root'; readonly problem: string };

/**
 * Finds a place for each dialect. `rootDialect` is the operator's word, null when there is none: then a dialect that
 * wants the root itself gets it. Beside another one at the root the native API moves aside.
 */
export function arrangeDialects(dialects: readonly Dialect[], rootDialect: string | null): Arranged {
  const names = ['native', ...dialects.map(({ name }) => name)];
  const namesake = names.find((name, index) => names.indexOf(name) !== index);
  if (namesake !== undefined) return misplaced(`two dialects are called "${namesake}"`);
  if (rootDialect !== null && !names.includes(rootDialect)) {
    return { ok: false, about: 'root', problem: `there is no such dialect, only ${names.join(', ')}` };
  }
  const wanting = dialects.filter(({ mount }) => mount === 'root');
  if (rootDialect === null && wanting.length > 1) {
    const both = wanting.map(({ name }) => `"${name}"`).join(' and ');
    return misplaced(`${both} both want the root; say which with HOOKRING_ROOT_DIALECT`);
  }
  const root = rootDialect ?? wanting[0]?.name ?? 'native';
  const mounted = dialects.map((dialect) => place(dialect, root));
  const nativePrefix = root === 'native' ? NATIVE_PREFIX : NATIVE_PREFIX_BESIDE_ROOT;
  const places = [nativePrefix, ...mounted.flatMap(({ prefix, host }) => (host === null ? [prefix] : [prefix, host]))];
  const twice = places.find((one, index) => places.indexOf(one) !== index);
  if (twice !== undefined) return misplaced(`two dialects want to stand at "${twice}"`);
  const problem = shadowOf(mounted, nativePrefix);
  if (problem !== null) return misplaced(problem);
  return { ok: true, value: { mounted, nativePrefix } };
}

function misplaced(problem: string): Arranged {
  return { ok: false, about: 'dialects', problem };
}

/** Why a request could reach another dialect than the one whose prefix it has, or null. */
function shadowOf(mounted: readonly MountedDialect[], nativePrefix: string): string | null {
  const prefixes = [nativePrefix, ...mounted.map(({ prefix }) => prefix)].filter((prefix) => prefix !== '');
  const root = mounted.find(({ prefix }) => prefix === '')?.dialect;
  for (const prefix of prefixes) {
    const above = prefixes.find((other) => prefix.startsWith(`${other}/`));
    if (above !== undefined) return `"${prefix}" is below "${above}", where another dialect stands`;
    const route = root?.routes.find(({ path }) => reachesBelow(path, prefix));
    if (route !== undefined) {
      return `${route.method} ${route.path} of "${root?.name}" at the root takes paths below "${prefix}", where another dialect stands`;
    }
  }
  return null;
}

/** Whether a path with `{parameters}` can be one below a prefix. */
function reachesBelow(path: string, prefix: string): boolean {
  const parts = path.split('/');
  const above = prefix.split('/');
  return parts.length > above.length && above.every((part, index) => isPart(parts[index] ?? '', part));
}

function isPart(template: string, part: string): boolean {
  return template === part || template.startsWith('{');
}

function place(dialect: Dialect, root: string): MountedDialect {
  const { name, mount } = dialect;
  if (name === root) return { dialect, prefix: '', host: null };
  if (mount === 'root') return { dialect, prefix: `/${name}`, host: null };
  return 'host' in mount
    ? { dialect, prefix: `/${name}`, host: mount.host }
    : { dialect, prefix: mount.prefix, host: null };
}
