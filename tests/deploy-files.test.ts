/** What can be known of the files for containers without an engine or a cluster to run them. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../packages/server/src/config/load.ts';
import { SETTING_KEYS, SETTINGS } from '../packages/server/src/config/settings.ts';
import { ROOT } from '../testbed/published.ts';

/** What the server still waits for after HOOKRING_SHUTDOWN_SECONDS, before it ends itself. */
const BACKSTOP_SECONDS = 15;
const SENSITIVE = SETTING_KEYS.map((key) => SETTINGS[key]).flatMap(({ sensitive, variable }) =>
  sensitive ? [variable] : [],
);
const VARIABLES = SETTING_KEYS.map((key): string => SETTINGS[key].variable);

type Yaml = { [name: string]: Yaml } & Yaml[] & string;

/** Every document of a file, read strictly: no key twice, no unknown alias. */
function read(file: string): Yaml[] {
  const documents = parseAllDocuments(readFileSync(path.join(ROOT, file), 'utf8'), {
    merge: true,
    strict: true,
    uniqueKeys: true,
  });
  if (!Array.isArray(documents)) throw new Error(`${file} is empty`);
  return documents.map((document) => {
    expect([file, ...document.errors, ...document.warnings]).toEqual([file]);
    return document.toJS() as Yaml; // Tests assert the shape that they read.
  });
}

function secondsOf(text: string): number {
  return Number(/^(\d+)s$/.exec(text)?.[1]);
}

/** The settings that a server would be started with are understood. */
async function expectUsable(env: Readonly<Record<string, string>>): Promise<void> {
  const loaded = await loadConfig({ env, flags: {}, cwd: '/nowhere' });
  expect([loaded.ok ? [] : loaded.problems, loaded.warnings]).toEqual([[], []]);
}

describe('docker-compose.yml', () => {
  const [compose] = read('docker-compose.yml');
  const { services, volumes } = compose!;
  const servers = ['hookring', 'worker'].map((name) => services![name]!);

  it('has a database and servers that wait until it is well', () => {
    expect(Object.keys(services!)).toEqual(['postgres', 'hookring', 'worker']);
    expect(String(services!['postgres']!['image'])).toMatch(/^postgres:(?:1[5-8])\.\d+-/);
    for (const server of servers) expect(server['depends_on']).toEqual({ postgres: { condition: 'service_healthy' } });
    for (const name of Object.keys(services!)) {
      const { healthcheck, restart } = services![name]!;
      expect(restart).toBe('unless-stopped');
      expect(healthcheck!['test']![0]).toBe('CMD');
      for (const time of ['interval', 'timeout', 'start_period'])
        expect(secondsOf(healthcheck![time]!)).toBeGreaterThan(0);
    }
    expect(servers.map((server) => server['healthcheck']!['test']!.at(-1))).toEqual(
      Array.from({ length: 2 }, () => expect.stringContaining('8484/readyz')),
    );
  });

  it('has connections for more servers than PostgreSQL has by itself', () => {
    expect(services!['postgres']!['command']).toEqual(['postgres', '-c', 'max_connections=300']);
  });

  it('gives servers settings that they understand, and time to drain', async () => {
    for (const server of servers) {
      await expectUsable(server['environment'] as unknown as Record<string, string>);
      expect(secondsOf(server['stop_grace_period']!)).toBeGreaterThan(
        Number(SETTINGS.shutdownSeconds.defaultText) + BACKSTOP_SECONDS,
      );
    }
    expect(servers.map((server) => server['environment']!['HOOKRING_ROLE'])).toEqual(['all', 'worker']);
    expect(servers.map((server) => server['scale'])).toEqual([undefined, 0]);
  });

  it('holds no secret, and keeps the database in a volume', () => {
    const text = readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8');
    const { username, password } = new URL(servers[0]!['environment']!['HOOKRING_DATABASE_URL']!);
    expect([username, password]).toEqual(['hookring', '']);
    expect(text).not.toMatch(/(?:KEY|PASSWORD|SECRET|TOKEN):\s*\S/);
    expect(services!['postgres']!['env_file']).toBe('database.env');
    for (const server of servers) expect(server['env_file']).toBe('hookring.env');
    const ignored = readFileSync(path.join(ROOT, '.gitignore'), 'utf8').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['hookring.env', 'database.env']));
    const [mounted] = services!['postgres']!['volumes']!;
    expect(Object.keys(volumes!)).toContain(String(mounted).split(':')[0]);
  });

  it('opens no port to other machines, and gives servers nothing that they do not need', () => {
    for (const name of Object.keys(services!)) {
      for (const port of services![name]!['ports'] ?? []) expect(String(port)).toMatch(/^127\.0\.0\.1:/);
    }
    for (const server of servers) {
      expect([server['read_only'], server['cap_drop']]).toEqual([true, ['ALL']]);
      expect(server['security_opt']).toEqual(['no-new-privileges:true']);
    }
  });
});

describe('examples/kubernetes', () => {
  const files = globSync('examples/kubernetes/*.yaml', { cwd: ROOT }).toSorted();
  const all = files.flatMap(read);
  const of = (kind: string): Yaml[] => all.filter((each) => each['kind'] === kind);
  const data = of('ConfigMap')[0]!['data'] as unknown as Record<string, string>;
  const secret = of('Secret')[0]!['stringData'] as unknown as Record<string, string>;
  const deployments = of('Deployment');
  const containerOf = (deployment: Yaml): Yaml => deployment['spec']!['template']!['spec']!['containers']![0]!;

  it('has what a cluster needs, each of its kind and version', () => {
    expect(all.map((each) => `${each['apiVersion']} ${each['kind']} ${each['metadata']!['name']}`).toSorted()).toEqual([
      'apps/v1 Deployment hookring-api',
      'apps/v1 Deployment hookring-worker',
      'policy/v1 PodDisruptionBudget hookring-api',
      'policy/v1 PodDisruptionBudget hookring-worker',
      'v1 ConfigMap hookring',
      'v1 Secret hookring',
      'v1 Service hookring',
    ]);
  });

  it('points each thing at the pods that it is for', () => {
    const labels = (deployment: Yaml): Yaml => deployment['spec']!['template']!['metadata']!['labels']!;
    for (const deployment of deployments) {
      expect(deployment['spec']!['selector']!['matchLabels']).toEqual(labels(deployment));
      const { name } = deployment['metadata']!;
      const budget = of('PodDisruptionBudget').find((each) => each['metadata']!['name'] === name);
      expect(budget?.['spec']!['selector']!['matchLabels']).toEqual(labels(deployment));
      expect(Number(deployment['spec']!['replicas'])).toBeGreaterThan(Number(budget!['spec']!['maxUnavailable']));
      const [spread] = deployment['spec']!['template']!['spec']!['topologySpreadConstraints']!;
      expect(spread!['labelSelector']!['matchLabels']).toEqual(labels(deployment));
    }
    const [service] = of('Service');
    expect(service!['spec']!['selector']).toEqual(labels(deployments[0]!));
    const named = containerOf(deployments[0]!)['ports']!.map((port) => port['name']);
    for (const { targetPort } of service!['spec']!['ports']!) expect(named).toContain(targetPort);
  });

  it('starts servers with settings that they understand, in the roles that they are called by', async () => {
    expect(Object.keys(data).filter((name) => name !== 'NODE_ENV' && !VARIABLES.includes(name))).toEqual([]);
    const url = 'postgres://hookring:p@db/hookring?sslmode=verify-full';
    for (const deployment of deployments) {
      const container = containerOf(deployment);
      const own = Object.fromEntries(container['env']!.map(({ name, value }) => [String(name), String(value)]));
      await expectUsable({ ...data, ...own, HOOKRING_DATABASE_URL: url });
      expect(deployment['metadata']!['name']).toBe(`hookring-${own['HOOKRING_ROLE']}`);
      const from = container['envFrom']!.map((each) =>
        Object.entries(each).map(([kind, ref]) => `${kind} ${ref['name']}`),
      );
      expect(from.flat()).toEqual(['configMapRef hookring', 'secretRef hookring']);
      const ports = container['ports']!.map(({ containerPort }) => String(containerPort));
      expect(ports).toEqual([data['HOOKRING_PORT'], data['HOOKRING_METRICS_ADDRESS']!.split(':')[1]]);
    }
  });

  it('is told nothing by the Service that has its name', () => {
    expect(of('Service')[0]!['metadata']!['name']).toBe('hookring');
    for (const deployment of deployments)
      expect(deployment['spec']!['template']!['spec']!['enableServiceLinks']).toBe(false);
  });

  it('mounts the CA of the database where there is one', () => {
    for (const deployment of deployments) {
      const mounts = containerOf(deployment)['volumeMounts']!;
      const volumes = deployment['spec']!['template']!['spec']!['volumes']!;
      expect(mounts.map(({ name }) => name)).toEqual(volumes.map(({ name }) => name));
      expect(mounts).toContainEqual({ name: 'database-ca', mountPath: '/etc/hookring/ca', readOnly: true });
      const { configMap } = volumes.find(({ name }) => String(name) === 'database-ca')!;
      expect(configMap).toEqual({ name: 'hookring-database-ca', optional: true });
    }
  });

  it('keeps secrets out of everything but the Secret, which must be filled in first', () => {
    expect(Object.keys(secret)).toEqual(expect.arrayContaining(['HOOKRING_MASTER_KEY', 'HOOKRING_DATABASE_URL']));
    for (const name of Object.keys(secret))
      expect([name, SENSITIVE.includes(name as never), secret[name]]).toEqual([name, true, '']);
    for (const name of Object.keys(data)) expect(SENSITIVE).not.toContain(name);
  });

  it('asks each server how it is, and lets it drain', () => {
    for (const deployment of deployments) {
      const container = containerOf(deployment);
      const path = (probe: string): Yaml => container[probe]!['httpGet']!['path']!;
      expect(['startupProbe', 'livenessProbe', 'readinessProbe'].map(path)).toEqual([
        '/healthz',
        '/healthz',
        '/readyz',
      ]);
      const waits =
        Number(/(\d+)\)$/.exec(String(container['lifecycle']!['preStop']!['exec']!['command']!.at(-1)))?.[1]) / 1_000;
      const needed = waits + Number(data['HOOKRING_SHUTDOWN_SECONDS']) + BACKSTOP_SECONDS;
      expect(deployment['spec']!['template']!['spec']!['terminationGracePeriodSeconds']).toBeGreaterThan(needed);
    }
  });

  it('runs them without rights, on a file system that cannot be written', () => {
    for (const deployment of deployments) {
      const pod = deployment['spec']!['template']!['spec']!;
      const { securityContext, image } = containerOf(deployment);
      expect(pod['securityContext']).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
      expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
      expect(pod['automountServiceAccountToken']).toBe(false);
      expect(image).toMatch(/:\d+\.\d+\.\d+$/);
    }
  });
});
