import fc from 'fast-check';

/** `npm run prove` tries each property ten times as often. */
if (process.env['HOOKRING_PROVE'] === '1') fc.configureGlobal({ numRuns: 1_000 });
