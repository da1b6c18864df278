import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/tests/**/*.test.ts',
      'tests/**/*.test.ts',
      'examples/**/*.test.ts',
      'scripts/**/*.test.ts',
      'simulation/**/*.test.ts',
    ],
    // Two cores: more workers than that only make timings noisy.
    maxWorkers: 2,
    globalSetup: ['./tests/postgres.ts'],
    setupFiles: ['./tests/long-forms.ts'],
    // Long forms of properties take longer, too.
    testTimeout: process.env['HOOKRING_PROVE'] === '1' ? 120_000 : 30_000,
    hookTimeout: 30_000,
    unstubEnvs: true,
  },
});
