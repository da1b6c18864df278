/** What a `hookring.config.ts` and a dialect of one's own may import. */
export { type ConfigFile, defineConfig } from './config/file.ts';
export {
  type Dialect,
  type DialectDefinition,
  defineDialect,
  keyRoute,
  publicRoute,
} from './dialects/define-dialect.ts';
