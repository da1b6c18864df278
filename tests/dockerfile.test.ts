/** What can be known of the image without an engine to build it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ValidationSeverity, validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { copiedSources, instructions, isKeptOut } from '../testbed/docker-context.ts';
import { ROOT } from '../testbed/published.ts';

const text = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8');
const all = instructions();
const of = (keyword: string): string[] => all.filter((each) => each.keyword === keyword).map(({ rest }) => rest);

describe('the Dockerfile', () => {
  it('has nothing that its linter objects to', () => {
    const problems = validate(text, {
      deprecatedMaintainer: ValidationSeverity.ERROR,
      directiveCasing: ValidationSeverity.ERROR,
      emptyContinuationLine: ValidationSeverity.ERROR,
      instructionCasing: ValidationSeverity.ERROR,
      instructionCmdMultiple: ValidationSeverity.ERROR,
      instructionEntrypointMultiple: ValidationSeverity.ERROR,
      instructionHealthcheckMultiple: ValidationSeverity.ERROR,
      instructionJSONInSingleQuotes: ValidationSeverity.ERROR,
      instructionWorkdirRelative: ValidationSeverity.ERROR,
    });
    expect(problems.map(({ message, range }) => `${range.start.line + 1}: ${JSON.stringify(message)}`)).toEqual([]);
  });

  it('stands on the Node that this project is tested with', () => {
    const { devDependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const stages = of('FROM').map((rest) => rest.split(' ')[0]!);
    const images = stages.filter((image) => image.includes(':'));
    expect(new Set(images)).toEqual(new Set([`node:${devDependencies['node']}-bookworm-slim`]));
    // What is not an image is a stage before it.
    const named = of('FROM').map((rest) => / AS (\w+)$/.exec(rest)?.[1]);
    for (const stage of stages.filter((image) => !image.includes(':'))) expect(named).toContain(stage);
  });

  it('copies what is there, what .dockerignore lets through, and every package', () => {
    const sources = copiedSources();
    expect(sources).toEqual(expect.arrayContaining(['package-lock.json', 'packages', 'scripts']));
    for (const source of sources) {
      expect(existsSync(path.join(ROOT, source)), source).toBe(true);
      expect(isKeptOut(source), source).toBe(false);
    }
    const { workspaces } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')).packages[''] as {
      workspaces: string[];
    };
    expect(workspaces).toEqual(['packages/*']);
    for (const name of ['receiver', 'server', 'signing'])
      expect(sources.filter((source) => source === `packages/${name}/package.json`)).toHaveLength(1);
  });

  it('never sees data, keys, settings, packages of this machine, or what is not copied', () => {
    for (const source of [
      'data/hookring.db',
      'packages/server/data/hookring.db-wal',
      'packages/server/hookring.db.master-key',
      'packages/server/.env',
      'packages/server/.env.production',
      'packages/server/node_modules/commander/package.json',
      'node_modules/fastify/package.json',
      'hookring.config.ts',
      '.git/config',
      'dist/packages/server/package.json',
      'tests/start.test.ts',
    ])
      expect(isKeptOut(source), source).toBe(true);
    for (const source of ['packages/server/src/service.ts', 'scripts/pack.ts', '.npmrc', 'package.json'])
      expect(isKeptOut(source), source).toBe(false);
  });

  it('runs as a user that is not root, as one process that gets the signals, and says when it is ill', () => {
    expect(of('USER')).toEqual([expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/)]);
    for (const keyword of ['ENTRYPOINT', 'CMD']) {
      const [form, ...others] = of(keyword);
      expect(others).toEqual([]);
      expect(JSON.parse(form!)).toEqual(expect.arrayContaining([expect.any(String)]));
    }
    expect(of('STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(of('HEALTHCHECK')[0]).toMatch(/--timeout=\d+s .*\/healthz/);
    expect(of('VOLUME')).toEqual(['["/data"]']);
    // Nothing after the change of user could be owned by root by mistake, or bring it back.
    const last = all.findLastIndex(({ keyword }) => keyword === 'USER');
    const after = all.slice(last).map(({ keyword }) => keyword);
    expect(after.filter((keyword) => ['COPY', 'ADD', 'RUN'].includes(keyword))).toEqual([]);
  });

  it('listens for other containers, keeps its data in the volume, and holds no secret', () => {
    const environment = of('ENV').join(' ');
    expect(environment).toContain('HOOKRING_HOST=0.0.0.0');
    expect(environment).toContain('HOOKRING_DATABASE_URL=sqlite:/data/');
    expect(of('ARG')).toEqual([]);
    expect(environment).not.toMatch(/KEY|SECRET|TOKEN/);
  });

  it('gives npm’s own scripts no say', () => {
    const installs = of('RUN').filter((rest) => rest.includes('npm'));
    expect(installs).toHaveLength(2);
    for (const install of installs) expect(install).toContain('"--ignore-scripts"');
    expect(installs.some((install) => install.includes('"--omit=dev"'))).toBe(true);
  });
});
