import type { StartedService } from '../config/service-shape.ts';
import type { Config } from '../config/settings.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { NATIVE_PREFIX } from '../dialects/native/prefixes.ts';

type Started = Pick<StartedService, 'url' | 'firstKey' | 'nativePrefix'>;
type Configured = {
  readonly config: Pick<Config, 'bootstrapKey' | 'rootDialect' | 'role'>;
  readonly dialects: readonly Pick<Dialect, 'name' | 'mount'>[];
};

/** What a person sees on standard output after a start: enough to send a first webhook without reading on. */
export function banner(service: Started, setup: Configured): string {
  const { url, firstKey, nativePrefix } = service;
  if (setup.config.role === 'worker') return workerBanner(url);
  const api = `${url}${nativePrefix}`;
  return [
    `Hookring is running at ${url}`,
    ...rootLines(service, setup),
    '',
    keyLine(firstKey, setup.config.bootstrapKey !== null),
    '',
    'Register an endpoint, then send it an event:',
    '',
    `  export HOOKRING_API_KEY=${firstKey ?? '<your key>'}`,
    `  curl -sS ${api}/endpoints -H "Authorization: Bearer $HOOKRING_API_KEY" \\`,
    `    -H 'Content-Type: application/json' -d '{"url":"https://example.com/hooks"}'`,
    `  curl -sS ${api}/events -H "Authorization: Bearer $HOOKRING_API_KEY" \\`,
    `    -H 'Content-Type: application/json' -d '{"type":"invoice.paid","payload":{"amount":1900}}'`,
    '',
    'Other commands work in a second terminal: npx hookring --help',
    'Stop it with Ctrl-C.',
  ].join('\n');
}

function workerBanner(url: string): string {
  return [
    `Hookring delivers from here, as a worker: ${url} has /healthz, /readyz and /metrics, and no API`,
    'Stop it with Ctrl-C.',
  ].join('\n');
}

/** Beside another dialect at the root, which of the two APIs stands where. */
function rootLines({ url, nativePrefix }: Started, { config, dialects }: Configured): readonly string[] {
  if (nativePrefix === NATIVE_PREFIX) return [];
  const root = config.rootDialect ?? dialects.find(({ mount }) => mount === 'root')?.name ?? 'another dialect';
  return ['', `At its root stands ${root}: ${url}/docs`, `The native API stands at ${url}${nativePrefix}`];
}

function keyLine(firstKey: string | null, isConfigured: boolean): string {
  if (firstKey !== null) return `Your first API key, shown only now:\n\n  ${firstKey}`;
  if (isConfigured) return 'The key in HOOKRING_BOOTSTRAP_KEY may do everything.';
  return 'Your first API key was shown at the first start. Make another: npx hookring keys create';
}
