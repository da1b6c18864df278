import type { StartedService } from '../config/service-shape.ts';
import type { Config } from '../config/settings.ts';

/** What a person sees on standard output after a start: enough to send a first webhook without reading on. */
export function banner(
  service: Pick<StartedService, 'url' | 'firstKey'>,
  config: Pick<Config, 'bootstrapKey'>,
): string {
  const { url, firstKey } = service;
  return [
    `Hookring is running at ${url}`,
    '',
    keyLine(firstKey, config.bootstrapKey !== null),
    '',
    'Register an endpoint, then send it an event:',
    '',
    `  export HOOKRING_API_KEY=${firstKey ?? '<your key>'}`,
    `  curl -sS ${url}/v1/endpoints -H "Authorization: Bearer $HOOKRING_API_KEY" \\`,
    `    -H 'Content-Type: application/json' -d '{"url":"https://example.com/hooks"}'`,
    `  curl -sS ${url}/v1/events -H "Authorization: Bearer $HOOKRING_API_KEY" \\`,
    `    -H 'Content-Type: application/json' -d '{"type":"invoice.paid","payload":{"amount":1900}}'`,
    '',
    'Other commands work in a second terminal: npx hookring --help',
    'Stop it with Ctrl-C.',
  ].join('\n');
}

function keyLine(firstKey: string | null, isConfigured: boolean): string {
  if (firstKey !== null) return `Your first API key, shown only now:\n\n  ${firstKey}`;
  if (isConfigured) return 'The key in HOOKRING_BOOTSTRAP_KEY may do everything.';
  return 'Your first API key was shown at the first start. Make another: npx hookring keys create';
}
