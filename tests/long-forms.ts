import fc from 'fast-check';

/** `npm run prove` tries ten times as often every property that does not say how often itself. */
if (process.env['HOOKRING_PROVE'] === '1') fc.configureGlobal({ numRuns: 1_000 });
