import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

type Json = { readonly [key: string]: unknown };

/** Fields of a manifest that mean the same to whoever installs the package. */
const FIELDS_KEPT = [
  'name',
  'version',
  'description',
  'keywords',
  'license',
  'type',
  'sideEffects',
  'engines',
  'bin',
  'files',
] as const;
const RELATIVE_IMPORT = /((?:\bfrom|\bimport)\s*\(?\s*)(['"])(\.{1,2}\/[^'"]+)\2/g;
/** A file opened beside the code, and any other mention of compiled code, such as a choice between two workers. */
const FILE_BESIDE = /new URL\(\s*(['"])(\.{1,2}\/[^'"]+)\1,\s*import\.meta\.url|(['"])(\.{1,2}\/[^'"]+\.js)\3/g;

export type Staging = {
  readonly root: string;
  /** A folder of `packages/`. */
  readonly name: string;
  /** What the compiler made of its `src`. */
  readonly compiled: string;
  readonly to: string;
};

/** Lays out a package as it is published and answers its folder. */
export function stagePackage({ root, name, compiled, to }: Staging): string {
  const from = join(root, 'packages', name);
  const source = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as Json; // The project's own file.
  mkdirSync(to, { recursive: true });
  cpSync(compiled, join(to, 'dist'), { recursive: true });
  for (const entry of publishedBeside(source)) cpSync(join(from, entry), join(to, entry), { recursive: true });
  cpSync(join(root, 'LICENSE'), join(to, 'LICENSE'));
  cpSync(join(from, 'README.md'), join(to, 'README.md'));
  const manifest = publishedManifest(source);
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  settleDeclarations(to, manifest);
  checkReferences(to);
  return to;
}

/** What `files` names beside the compiled code. */
function publishedBeside(source: Json): readonly string[] {
  const files: unknown = source['files'];
  if (!Array.isArray(files) || !files.includes('dist'))
    throw new Error(`${String(source['name'])} has no list of files`);
  return files.map(String).filter((entry) => entry !== 'dist');
}

/** The manifest of a package that ships compiled code instead of sources. */
export function publishedManifest(source: Json): Json {
  const kept = FIELDS_KEPT.filter((field) => field in source).map((field) => [field, source[field]] as const);
  return {
    ...Object.fromEntries(kept),
    exports: compiledExports(source['exports']),
    ...('dependencies' in source ? { dependencies: exactVersions(source['dependencies']) } : {}),
  };
}

/** `./src/a.ts` becomes the two files made from it; conditions stay as they are. */
function compiledExports(entry: unknown): unknown {
  if (typeof entry === 'string') {
    const path = /^\.\/src\/(.+)\.ts$/.exec(entry)?.[1];
    return path === undefined ? entry : { types: `./dist/${path}.d.ts`, default: `./dist/${path}.js` };
  }
  if (typeof entry !== 'object' || entry === null)
    throw new Error('an entry of exports is neither a path nor an object');
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, compiledExports(value)]));
}

function exactVersions(dependencies: unknown): unknown {
  for (const [name, version] of Object.entries(dependencies ?? {})) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version))) throw new Error(`${name} has no exact version: ${version}`);
  }
  return dependencies;
}

/** Declarations name compiled files, and those that no entry of the package leads to are left out. */
function settleDeclarations(to: string, manifest: Json): void {
  const wanted = new Set<string>();
  const open = declarationEntries(manifest['exports']).map((path) => join(to, path));
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (wanted.has(path)) continue;
    wanted.add(path);
    const text = readFileSync(path, 'utf8').replace(
      RELATIVE_IMPORT,
      (_all, before: string, quote: string, target: string) => {
        const compiled = target.replace(/\.ts$/, '.js');
        open.push(resolve(dirname(path), compiled.replace(/\.js$/, '.d.ts')));
        return `${before}${quote}${compiled}${quote}`;
      },
    );
    writeFileSync(path, text);
  }
  for (const path of filesUnder(join(to, 'dist'))) if (path.endsWith('.d.ts') && !wanted.has(path)) rmSync(path);
}

function declarationEntries(entry: unknown): string[] {
  if (typeof entry === 'string') return entry.endsWith('.d.ts') ? [entry] : [];
  if (typeof entry !== 'object' || entry === null) return [];
  return Object.values(entry).flatMap(declarationEntries);
}

/** Every file that the code imports or opens beside itself must be in the package: a worker, a document, a manifest. */
function checkReferences(to: string): void {
  for (const path of filesUnder(join(to, 'dist')).filter((file) => file.endsWith('.js'))) {
    const text = readFileSync(path, 'utf8');
    const targets = [
      ...[...text.matchAll(RELATIVE_IMPORT)].map((match) => match[3] ?? ''),
      ...[...text.matchAll(FILE_BESIDE)].map((match) => match[2] ?? match[4] ?? ''),
    ];
    for (const target of targets) {
      const file = resolve(dirname(path), target);
      const isInside = file.startsWith(`${resolve(to)}${sep}`) && existsSync(file) && statSync(file).isFile();
      if (!isInside) throw new Error(`${relative(to, path)} needs ${target}, which the package does not have`);
    }
  }
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
