import type { Config } from './settings.ts';

/** A header of the collector of traces may be short and say nothing secret; leaving out `1` would spoil every line. */
const LENGTH_MIN = 8;
/** A short password is likely a word, and the log finds it by its place in an address. */
const PASSWORD_LENGTH_MIN = 12;

/** The secrets of a configuration as texts, so that the log can leave them out wherever they turn up. */
export function secretValues(config: Config): readonly string[] {
  const { masterKeys, bootstrapKey, jwtSecret, metricsToken, otlpHeaders } = config;
  const keys = (masterKeys ?? []).flatMap(({ key }) => {
    const bytes = Buffer.from(key);
    // Without the padding, which may be left out where the key is given.
    return [bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), bytes.toString('hex')];
  });
  const headers = (otlpHeaders ?? []).map(([, value]) => value).filter((value) => value.length >= LENGTH_MIN);
  return [...keys, ...headers, ...passwords(config), bootstrapKey, jwtSecret, metricsToken].filter(
    (text) => text !== null,
  );
}

/** As it is, and as it stands in the address. */
function passwords({ database }: Config): readonly string[] {
  if (database.kind === 'sqlite') return [];
  const { password } = new URL(database.url);
  if (password.length < PASSWORD_LENGTH_MIN) return [];
  return [...new Set([password, decodeURIComponent(password)])];
}
