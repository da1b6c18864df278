export const WATCH = process.env['WATCH'] ?? '-';
export function watch(id: string, now: number, text: string): void {
  if (id === WATCH) process.stderr.write(`${now} ${text}\n`);
}
