import { decimalNumber } from './parse.ts';
import { parseMetricsAddress, parseMetricsToken } from './parse-metrics.ts';
import { parseOtlpEndpoint, parseOtlpHeaders } from './parse-tracing.ts';
import { setting } from './setting.ts';

/** How a server shows what it does. */
export const OBSERVABILITY_SETTINGS = {
  metricsAddress: setting({
    variable: 'HOOKRING_METRICS_ADDRESS',
    flag: '--metrics-address <host:port>',
    description:
      'Serves `/metrics` on an address of its own, and nothing else there; the main port then has none. Whoever reaches ' +
      'this address may read the metrics, unless a token is set too.',
    example: '10.0.0.5:9464',
    parse: parseMetricsAddress,
  }),
  metricsToken: setting({
    variable: 'HOOKRING_METRICS_TOKEN',
    flag: null,
    description:
      'A bearer token of your own making, 16 characters or more, that `/metrics` then asks for. Without it and without an ' +
      'address of their own, metrics are shown only to requests that come straight from this machine.',
    example: '$(openssl rand -hex 16)',
    sensitive: true,
    parse: parseMetricsToken,
  }),
  otlpEndpoint: setting({
    variable: 'HOOKRING_OTLP_ENDPOINT',
    flag: '--otlp-endpoint <url>',
    description:
      'Sends OpenTelemetry traces to this collector: the base of its OTLP/HTTP address, to which `/v1/traces` is added. Off ' +
      'unless set.',
    example: 'http://127.0.0.1:4318',
    parse: parseOtlpEndpoint,
  }),
  otlpHeaders: setting({
    variable: 'HOOKRING_OTLP_HEADERS',
    flag: null,
    description:
      'Headers for that collector, such as its token: `name=value`, separated by commas, with other characters in a value ' +
      'percent-encoded.',
    example: 'authorization=Bearer%20$TOKEN',
    sensitive: true,
    parse: parseOtlpHeaders,
  }),
  traceRatio: setting({
    variable: 'HOOKRING_TRACE_RATIO',
    flag: '--trace-ratio <ratio>',
    description:
      "The share of events that are traced, from 0 to 1. It follows from an event's own id, so an event is traced from its " +
      'acceptance to its last attempt or not at all.',
    example: '1',
    defaultText: '0.1',
    parse: decimalNumber({ min: 0, max: 1 }),
  }),
} as const;
