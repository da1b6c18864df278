process.env['HOOKRING_TEST_POSTGRES_URL'] = 'postgres://hookring@127.0.0.1:5599/postgres';
await import('./contract.test.ts');
await import('./nodes.test.ts');
await import('./lost-commit.test.ts');
await import('./unkept-text.test.ts');
await import('./concurrent.test.ts');
export {};
