import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Environment, loadConfig } from '../../config/load.ts';
import { openOffline } from '../../service.ts';
import { examine, type Finding } from '../doctor/examine.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** A folder that doctor looks at, with a database as the first start leaves it when that is asked for. */
export class DoctorFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'hookring-doctor-'));
  readonly path: string = join(this.folder, 'h.db');
  static #template: string | null = null;

  /** Made once: it is copied from then on. */
  static async makeTemplate(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'hookring-doctor-template-'));
    const loaded = await loadConfig({ flags: {}, env: { HOOKRING_DATABASE_URL: 'sqlite:./h.db' }, cwd: folder });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const opened = await openOffline(loaded);
    if (!opened.ok) throw new Error(opened.problem);
    await opened.service.close();
    DoctorFolder.#template = folder;
  }

  static removeTemplate(): void {
    if (DoctorFolder.#template !== null) rmSync(DoctorFolder.#template, { recursive: true, force: true });
  }

  addDatabase(): void {
    const template = DoctorFolder.#template;
    if (template === null) throw new Error('makeTemplate comes first');
    for (const name of ['h.db', 'h.db.master-key']) copyFileSync(join(template, name), join(this.folder, name));
  }

  async doctor(env: Environment = {}, thorough = false): Promise<readonly Finding[]> {
    const io = {
      env: { HOOKRING_DATABASE_URL: 'sqlite:./h.db', HOOKRING_PORT: '0', ...env },
      cwd: this.folder,
      now: () => Date.now(),
    };
    return await examine(io, { flags: {}, thorough });
  }

  async status(check: string, env: Environment = {}): Promise<string | undefined> {
    return worst(await this.doctor(env), check)?.status;
  }

  /** The whole command in a process of its own, for what belongs to a process. */
  command(options: { readonly uid?: number; readonly before?: string }): readonly Finding[] {
    const given = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
    const script = `${options.before ?? ':'}; exec "$0" "$@"`;
    const { stdout, stderr } = spawnSync('sh', ['-c', script, process.execPath, MAIN, 'doctor', '--json'], {
      cwd: this.folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOOKRING_DATABASE_URL: 'sqlite:./h.db', HOOKRING_PORT: '0' },
      ...given,
    });
    if (stdout === '') throw new Error(stderr);
    return (JSON.parse(stdout) as { checks: Finding[] }).checks; // What doctor prints.
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Of several findings of one check, the one that matters. */
export function worst(findings: readonly Finding[], check: string): Finding | undefined {
  const order = { problem: 0, warning: 1, ok: 2 };
  return findings.filter((each) => each.check === check).toSorted((a, b) => order[a.status] - order[b.status])[0];
}
