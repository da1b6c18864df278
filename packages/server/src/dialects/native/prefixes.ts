/** Where the native API stands. */
export const NATIVE_PREFIX = '/v1';
/** Where it stands while another dialect has the root, and with it perhaps a `/v1` of its own. */
export const NATIVE_PREFIX_BESIDE_ROOT = '/hookring/v1';
