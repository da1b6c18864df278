import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CONFIG_FILE_NAME } from './file.ts';

/** Reads the file as a server does: in a process of its own, since tests find packages in other ways. */
function readAlone(folder: string): unknown {
  const code = [
    `import { readConfigFile } from ${JSON.stringify(new URL('file.ts', import.meta.url).href)};`,
    `console.log(JSON.stringify(await readConfigFile(${JSON.stringify(folder)})));`,
  ].join('\n');
  const args = ['--input-type=module', '--eval', code];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }));
}

it('a configuration file in a folder without the package says where to stand, and advises no installation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-config-file-'));
  try {
    const path = join(folder, CONFIG_FILE_NAME);
    writeFileSync(path, "import { defineConfig } from 'hookring';\nexport default defineConfig({});\n");
    expect(readAlone(folder)).toEqual({
      kind: 'broken',
      path,
      problem: expect.stringMatching(/^it imports 'hookring'.*must stand in a folder that has the package/),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('a configuration file in a folder of CommonJS says what its package.json lacks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-config-file-'));
  try {
    const path = join(folder, CONFIG_FILE_NAME);
    writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}');
    writeFileSync(path, "import path from 'node:path';\nexport default { database: path.sep };\n");
    expect(readAlone(folder)).toEqual({
      kind: 'broken',
      path,
      problem: expect.stringContaining('"type": "module"'),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
